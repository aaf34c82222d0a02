//! The colours of a picture that matter most: a palette by splitting boxes of colours [Heckbert 1982], each at its mean
//! across its axis of largest variance [Wu 1991].

use std::collections::HashMap;

/// A colour with straight alpha.
pub type Rgba = [u8; 4];

/// A group of colours: sums over its pixels.
#[derive(Clone, Debug, Default)]
struct Group {
    colours: Vec<(Rgba, f64)>,
}

impl Group {
    fn weight(&self) -> f64 {
        self.colours.iter().map(|(_, count)| count).sum()
    }

    fn mean(&self) -> [f64; 4] {
        let weight = self.weight();
        let mut mean = [0.0; 4];
        for (colour, count) in &self.colours {
            for channel in 0..4 {
                mean[channel] += f64::from(colour[channel]) * count / weight;
            }
        }
        mean
    }

    /// Channel of the largest squared deviation from the mean, and that deviation, summed over all pixels.
    fn widest(&self) -> (usize, f64) {
        let mean = self.mean();
        let mut sums = [0.0; 4];
        for (colour, count) in &self.colours {
            for channel in 0..4 {
                sums[channel] += (f64::from(colour[channel]) - mean[channel]).powi(2) * count;
            }
        }
        (0..4)
            .map(|channel| (channel, sums[channel]))
            .fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best })
    }

    fn split(self, channel: usize) -> [Self; 2] {
        let mean = self.mean()[channel];
        let (low, high) =
            self.colours.into_iter().partition(|(colour, _)| f64::from(colour[channel]) <= mean);
        [Self { colours: low }, Self { colours: high }]
    }
}

/// At most `count` colours that stand for `pixels`. Rare colours count too: a deviation weighs by the square root of how
/// many pixels share it, so that a small green gallbladder keeps its greens beside a large red liver.
pub fn palette(pixels: impl Iterator<Item = Rgba>, count: usize) -> Vec<Rgba> {
    let mut histogram: HashMap<Rgba, u32> = HashMap::new();
    for pixel in pixels {
        *histogram.entry(pixel).or_default() += 1;
    }
    let mut colours: Vec<(Rgba, f64)> =
        histogram.into_iter().map(|(colour, count)| (colour, f64::from(count))).collect();
    // The order of a hash map is not the same twice; a picture's bytes must be.
    colours.sort_unstable_by_key(|(colour, _)| *colour);
    if colours.is_empty() {
        return Vec::new();
    }
    let all = Group { colours };
    let mut groups = vec![(all.widest(), all)];
    while groups.len() < count {
        let score = |((_, deviation), group): &((usize, f64), Group)| {
            deviation / group.weight().sqrt().max(1.0)
        };
        let widest =
            (0..groups.len()).max_by(|&a, &b| score(&groups[a]).total_cmp(&score(&groups[b])));
        let Some(index) = widest.filter(|&index| groups[index].0.1 > 0.0) else { break };
        let ((channel, _), group) = groups.swap_remove(index);
        groups.extend(group.split(channel).map(|half| (half.widest(), half)));
    }
    groups.iter().map(|(_, group)| group.mean().map(|value| value.round() as u8)).collect()
}

/// Index of the colour nearest to `wanted`; 0 for an empty palette.
pub fn nearest(palette: &[Rgba], wanted: Rgba) -> usize {
    let distance = |colour: &Rgba| -> u32 {
        (0..4).map(|channel| u32::from(colour[channel].abs_diff(wanted[channel])).pow(2)).sum()
    };
    (0..palette.len()).min_by_key(|&index| distance(&palette[index])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_colours_are_kept_as_they_are() {
        let colours = [[1, 2, 3, 255], [200, 100, 50, 255], [9, 9, 9, 128]];
        let mut found = palette(colours.iter().copied().cycle().take(100), 8);
        found.sort_unstable();
        assert_eq!(found, [[1, 2, 3, 255], [9, 9, 9, 128], [200, 100, 50, 255]]);
    }

    #[test]
    fn a_rare_colour_is_not_lost_among_many() {
        let reds = (0..100_000_u32).map(|i| [(100 + i % 120) as u8, (i / 997 % 60) as u8, 40, 255]);
        let greens = (0..40_u8).map(|i| [60, 120 + i, 40, 255]);
        let found = palette(reds.chain(greens), 64);
        assert!(found.len() == 64 && found.iter().any(|c| c[1] > 110 && c[0] < 80), "{found:?}");
    }
}
