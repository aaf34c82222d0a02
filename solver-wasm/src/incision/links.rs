//! The links between neighbouring samples, and which of them a blade has severed.
//!
//! A cell has 4³ samples, one bit each; a link runs from a sample to the next along x, y or z, in the same cell or into the
//! one beside it. It belongs to the lower of its samples.

use std::collections::BTreeMap;

use super::exact::{Crossing, Place, centre, crosses, crossing, sample};
use crate::{hierarchy::Incidence, lattice::Cell};

/// Samples at the low end of each axis.
const LOW: [u64; 3] = [0x1111_1111_1111_1111, 0x000f_000f_000f_000f, 0x0000_0000_0000_ffff];
/// Bits from a sample to the next along each axis.
pub(super) const STRIDE: [u32; 3] = [1, 4, 16];

/// Samples at the high end of an axis.
const fn high(axis: usize) -> u64 {
    LOW[axis] << (3 * STRIDE[axis])
}

/// Severed links of a cell along x, y, z, by their lower sample.
pub(super) type Severed = [u64; 3];

/// Where a blade crossed each severed link, by [`name`].
pub(super) type Crossings = BTreeMap<u64, Crossing>;

/// Name of a link by its lower sample and its axis.
pub(super) fn name(low: [i32; 3], axis: usize) -> Option<u64> {
    let [x, y, z] = low.map(|c| u64::try_from(c).ok());
    Some(z? << 42 | y? << 22 | x? << 2 | axis as u64)
}

/// Lower sample and axis of a link.
pub(super) fn named(name: u64) -> ([i32; 3], usize) {
    ([2, 22, 42].map(|shift| (name >> shift & 0xf_ffff) as i32), (name & 3) as usize)
}

/// Place of a sample in its cell.
pub(super) fn place(sample: u32) -> [u32; 3] {
    [sample & 3, sample >> 2 & 3, sample >> 4]
}

/// The samples of `within` that hang together with `seed` by links that are not severed.
pub(super) fn flood(within: u64, severed: &Severed, seed: u64) -> u64 {
    let mut part = seed & within;
    loop {
        let mut grown = part;
        for axis in 0..3 {
            // Lower samples whose link to the next is whole. Nothing hangs together over a sample that is not there.
            let whole = !severed[axis] & !high(axis);
            grown |= ((grown & whole) << STRIDE[axis] | (grown >> STRIDE[axis]) & whole) & within;
        }
        if grown == part {
            return part;
        }
        part = grown;
    }
}

/// The parts of a cell's samples that hang together, the one with the lowest sample first.
pub(super) fn parts(samples: u64, severed: &Severed) -> impl Iterator<Item = u64> {
    let (mut rest, severed) = (samples, *severed);
    std::iter::from_fn(move || {
        let seed = rest & rest.wrapping_neg();
        let part = flood(rest, &severed, seed);
        rest &= !part;
        (part != 0).then_some(part)
    })
}

/// Lower samples of the whole links over the face between a cell and the one above it along `axis`.
pub(super) fn face(lower: &Cell, severed: &Severed, upper: &Cell, axis: usize) -> u64 {
    let facing = (upper.samples & LOW[axis]) << (3 * STRIDE[axis]);
    lower.samples & facing & !severed[axis]
}

/// Along which axis `upper` lies next above `lower`, if it does.
pub(super) fn above(lower: &Cell, upper: &Cell) -> Option<usize> {
    let axis = (0..3).find(|&a| lower.coord[a] != upper.coord[a])?;
    let next = (0..3)
        .all(|a| i32::from(upper.coord[a]) - i32::from(lower.coord[a]) == i32::from(a == axis));
    next.then_some(axis)
}

/// Sever the links that a triangle of a sheet crosses. Cells with an end of one are put into `touched`, in any order and
/// perhaps more than once. `around` are the cells around each node; `candidates` those near the triangle.
pub(super) fn sever(
    cells: &[Cell],
    (severed, crossings): (&mut [Severed], &mut Crossings),
    around: &Incidence,
    candidates: impl Iterator<Item = u32>,
    triangle: [Place; 3],
    touched: &mut Vec<u32>,
) {
    // The samples whose links may cross: a link reaches one sample further.
    let bound = |a: usize, end: fn(i64, i64) -> i64| {
        triangle.iter().map(|p| sample(p[a])).reduce(end).unwrap_or(0)
    };
    let low: [i64; 3] = std::array::from_fn(|a| bound(a, i64::min) - 1);
    let high_end: [i64; 3] = std::array::from_fn(|a| bound(a, i64::max) + 1);
    for c in candidates {
        let cell = &cells[c as usize];
        let first = cell.coord.map(|x| 4 * i64::from(x));
        let mut bits = cell.samples;
        while bits != 0 {
            let s = bits.trailing_zeros();
            bits &= bits - 1;
            let inner = place(s);
            let at: [i64; 3] = std::array::from_fn(|a| first[a] + i64::from(inner[a]));
            if (0..3).any(|a| at[a] < low[a] || at[a] > high_end[a]) {
                continue;
            }
            for axis in 0..3 {
                if severed[c as usize][axis] >> s & 1 == 1 {
                    continue;
                }
                let other = if inner[axis] < 3 {
                    (cell.samples >> (s + STRIDE[axis]) & 1 == 1).then_some(c)
                } else {
                    partner(cells, around, c, axis, s - 3 * STRIDE[axis])
                };
                let Some(other) = other else { continue };
                let mut next = at;
                next[axis] += 1;
                let ends = [centre(at), centre(next)];
                if crosses(ends[0], ends[1], triangle) {
                    severed[c as usize][axis] |= 1 << s;
                    if let Some(name) = name(at.map(|x| x as i32), axis) {
                        crossings.insert(name, crossing(ends[0], ends[1], triangle));
                    }
                    touched.push(c);
                    touched.push(other);
                }
            }
        }
    }
}

/// The cell above `cell` along `axis` that shares nodes with it and has the sample.
fn partner(cells: &[Cell], around: &Incidence, cell: u32, axis: usize, sample: u32) -> Option<u32> {
    let lower = &cells[cell as usize];
    // Every cell over that face has the face's highest corner.
    around.of(lower.nodes[7] as usize).iter().copied().find(|&other| {
        let upper = &cells[other as usize];
        upper.samples >> sample & 1 == 1 && above(lower, upper) == Some(axis)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_hang_together_by_whole_links() {
        let whole = [0; 3];
        assert_eq!(parts(u64::MAX, &whole).collect::<Vec<_>>(), [u64::MAX]);
        // Severed between x = 1 and x = 2 everywhere.
        let mut severed = whole;
        severed[0] = LOW[0] << 1;
        let halves: Vec<u64> = parts(u64::MAX, &severed).collect();
        assert_eq!(halves, [LOW[0] | LOW[0] << 1, LOW[0] << 2 | LOW[0] << 3]);
        // One link is enough to hold them.
        severed[0] &= !(1 << 1);
        assert_eq!(parts(u64::MAX, &severed).count(), 1);
        // Nor is there a way over a sample that is not there.
        assert_eq!(parts(1 | 1 << 5, &whole).count(), 2);
        // Neighbouring bits of different rows are no neighbours.
        assert_eq!(parts(1 << 3 | 1 << 4, &whole).count(), 2);
    }
}
