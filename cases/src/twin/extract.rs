//! One closed surface for each structure, out of the shared sheets.

use super::complex::Complex;

/// A structure's surface before quantisation.
#[derive(Debug)]
pub(super) struct Skin {
    /// Vertex of the complex behind each vertex; a vertex that two sheets of the structure pinch appears once for each.
    pub(super) origins: Vec<u32>,
    /// Triangles, outward-oriented.
    pub(super) triangles: Vec<[u32; 3]>,
}

/// The surface of `structure`. Where its sheets touch along an edge or in a point they are taken apart so that every edge has
/// two triangles: on a grid face with the structure at two opposite corners, the sheets that hold the same corner belong together.
pub(super) fn skin(complex: &Complex, structure: u8) -> Skin {
    let halves: Vec<[[u32; 3]; 2]> = complex.triangles().collect();
    let quads: Vec<(usize, bool)> = complex
        .quads
        .iter()
        .enumerate()
        .filter_map(|(i, q)| Some((i, q.side(structure)?)))
        .collect();

    // Sides of quads by (edge, grid point inside): each meets its partner.
    let mut sides = Vec::with_capacity(4 * quads.len());
    for (k, &(i, turned)) in quads.iter().enumerate() {
        let quad = &complex.quads[i];
        let inside = quad.points[usize::from(turned)];
        for c in 0..4 {
            let (a, b) = (quad.corners[c], quad.corners[(c + 1) % 4]);
            sides.push((a.min(b), a.max(b), inside, k as u32, c as u8));
        }
    }
    sides.sort_unstable();

    let mut copies = UnionFind::new(4 * quads.len());
    let mut join = |one: (u32, u8), two: (u32, u8)| {
        let ends = |(k, c): (u32, u8)| {
            let quad = &complex.quads[quads[k as usize].0];
            let next = (c + 1) % 4;
            let slots = [4 * k + u32::from(c), 4 * k + u32::from(next)];
            if quad.corners[usize::from(c)] < quad.corners[usize::from(next)] {
                slots
            } else {
                [slots[1], slots[0]]
            }
        };
        let (one, two) = (ends(one), ends(two));
        copies.union(one[0], two[0]);
        copies.union(one[1], two[1]);
    };
    for edge in sides.chunk_by(|s, t| (s.0, s.1) == (t.0, t.1)) {
        if let [s, t] = edge {
            join((s.3, s.4), (t.3, t.4));
        } else {
            for pair in edge.chunk_by(|s, t| s.2 == t.2) {
                for w in pair.windows(2) {
                    join((w[0].3, w[0].4), (w[1].3, w[1].4));
                }
            }
        }
    }

    let mut number = vec![u32::MAX; 4 * quads.len()];
    let mut skin = Skin { origins: Vec::new(), triangles: Vec::with_capacity(2 * quads.len()) };
    for (k, &(i, turned)) in quads.iter().enumerate() {
        let quad = &complex.quads[i];
        let vertices: [u32; 4] = std::array::from_fn(|c| {
            let root = copies.find((4 * k + c) as u32) as usize;
            if number[root] == u32::MAX {
                number[root] = skin.origins.len() as u32;
                skin.origins.push(quad.corners[c]);
            }
            number[root]
        });
        for triangle in halves[i] {
            let mut t = triangle.map(|v| {
                let c = quad.corners.iter().position(|&w| w == v).unwrap_or(0);
                vertices[c]
            });
            if turned {
                t.swap(1, 2);
            }
            skin.triangles.push(t);
        }
    }
    skin
}

/// Disjoint sets.
pub(super) struct UnionFind {
    parent: Vec<u32>,
}

impl UnionFind {
    /// Every element its own set.
    pub(super) fn new(len: usize) -> Self {
        Self { parent: (0..len as u32).collect() }
    }

    /// The least element of a set.
    pub(super) fn find(&mut self, mut i: u32) -> u32 {
        while self.parent[i as usize] != i {
            self.parent[i as usize] = self.parent[self.parent[i as usize] as usize];
            i = self.parent[i as usize];
        }
        i
    }

    /// Join two sets.
    pub(super) fn union(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b) as usize] = a.min(b);
    }
}
