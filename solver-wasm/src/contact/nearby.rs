//! A uniform grid of points in space, hashed: which points lie in a box?
//!
//! Rebuilt each step by a counting sort [Teschner et al. 2003], so that the order of the answers depends on the points alone.

use crate::real::{Lanes, Real};

/// Longest box, in edges of the grid, that is looked through.
const MAX_SPAN: i32 = 12;

/// Points by grid box: scratch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Nearby {
    edge: Real,
    /// Grid box of each point.
    homes: Vec<[i32; 3]>,
    /// Where the points of each hash begin in `order`; one more than there are hashes.
    starts: Vec<u32>,
    /// Numbers of the points, by hash.
    order: Vec<u32>,
}

impl Nearby {
    /// Room for `count` points, in boxes of `edge` [mm].
    pub fn new(count: usize, edge: Real) -> Self {
        let hashes = (2 * count).next_power_of_two();
        Self {
            edge,
            homes: vec![[0; 3]; count],
            starts: vec![0; hashes + 1],
            order: vec![0; count],
        }
    }

    /// Put the points into their boxes; there must be as many as there is room for.
    pub fn sort(&mut self, points: &[Lanes]) {
        self.starts.fill(0);
        let len = self.starts.len();
        for (home, point) in self.homes.iter_mut().zip(points) {
            *home = home_of(*point, self.edge);
            self.starts[hash(*home, len)] += 1;
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        for (i, home) in self.homes.iter().enumerate().rev() {
            let slot = &mut self.starts[hash(*home, len)];
            *slot -= 1;
            self.order[*slot as usize] = i as u32;
        }
    }

    /// Visit the points in the boxes that meet the box from `low` to `high` [mm].
    pub fn for_each(&self, low: Lanes, high: Lanes, mut visit: impl FnMut(u32)) {
        let (from, to) = (home_of(low, self.edge), home_of(high, self.edge));
        if (0..3).any(|axis| to[axis].saturating_sub(from[axis]) > MAX_SPAN) {
            return;
        }
        for z in from[2]..=to[2] {
            for y in from[1]..=to[1] {
                for x in from[0]..=to[0] {
                    let home = [x, y, z];
                    let h = hash(home, self.starts.len());
                    let (start, end) = (self.starts[h] as usize, self.starts[h + 1] as usize);
                    for point in &self.order[start..end] {
                        if self.homes[*point as usize] == home {
                            visit(*point);
                        }
                    }
                }
            }
        }
    }
}

fn home_of(point: Lanes, edge: Real) -> [i32; 3] {
    let [x, y, z, _] = point.to_array();
    [x, y, z].map(|x| {
        let boxes = x / edge;
        // Saturates far out; a call of `floor` would cost more than all else here.
        let whole = boxes as i32;
        whole.saturating_sub(i32::from(boxes < whole as Real))
    })
}

fn hash(home: [i32; 3], starts: usize) -> usize {
    let [x, y, z] = home;
    let mixed =
        x.wrapping_mul(73_856_093) ^ y.wrapping_mul(19_349_663) ^ z.wrapping_mul(83_492_791);
    // A power of two hashes, and one more start.
    mixed as u32 as usize & (starts - 2)
}
