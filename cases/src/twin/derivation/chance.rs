//! Chance that is the same everywhere: SplitMix64 from the seed in the case [Steele, Lea and Flood 2014].

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// A stream that `seed` alone decides.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `0..count`; `count` is at least 1.
    pub(super) fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count - 1)
    }

    /// A direction, all equally likely (rejection from the cube, so without trigonometry).
    pub(super) fn direction(&mut self) -> [f64; 3] {
        loop {
            let p: [f64; 3] = std::array::from_fn(|_| 2.0 * self.unit() - 1.0);
            let square: f64 = p.iter().map(|c| c * c).sum();
            if (0.01..=1.0).contains(&square) {
                return p.map(|c| c / square.sqrt());
            }
        }
    }

    /// About normal with mean 0 and variance 1: the sum of twelve even numbers.
    pub(super) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_even_and_the_same_each_time() {
        let draw = |seed| {
            let mut chance = Chance::new(seed);
            (0..4000).map(|_| chance.unit()).collect::<Vec<_>>()
        };
        let drawn = draw(7);
        assert_eq!(drawn, draw(7));
        assert_ne!(drawn, draw(8));
        let mean = drawn.iter().sum::<f64>() / 4000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        let mut chance = Chance::new(1);
        let square = (0..4000).map(|_| chance.normal().powi(2)).sum::<f64>() / 4000.0;
        assert!((square - 1.0).abs() < 0.1, "{square}");
        assert!((0..100).all(|_| chance.below(3) < 3));
        let length: f64 = chance.direction().iter().map(|c| c * c).sum();
        assert!((length - 1.0).abs() < 1e-12, "{length}");
    }
}
