//! Surfaces in few bytes: quantised positions, connectivity by a walk from triangle to triangle.
//!
//! The walk goes over edges, breadth first; each triangle costs the name of its third vertex, which is mostly "a new one" or one
//! beside the edge, and a new vertex is predicted by completing the parallelogram [Touma and Gotsman 1998].

use std::collections::{HashMap, HashSet, VecDeque};

use super::{
    Surface,
    error::PackError,
    stream::{Reader, put_varint, unzigzag, zigzag},
};

/// −log₂ of the finest step [mm].
const MAX_SHIFT: i32 = 12;
/// Whole numbers up to this are exact in f32.
const EXACT: u32 = 1 << 24;

/// The grid that positions lie on: whole multiples of `step`, which is a power of two, so that every position is exact in f32.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantiser {
    /// Multiples of the step at the low corner.
    low: [i32; 3],
    /// −log₂ of the step [mm].
    shift: i32,
}

impl Quantiser {
    /// The finest grid, 1/4096 mm or coarser, that holds these positions in 16 bits. None if a position is not a number or
    /// beyond 10 m.
    pub(crate) fn new<'a>(positions: impl Iterator<Item = &'a [f32; 3]>) -> Option<Self> {
        let (mut low, mut high) = ([0.0_f32; 3], [0.0_f32; 3]);
        for (i, p) in positions.enumerate() {
            if p.iter().any(|c| c.is_nan() || c.abs() > 1e4) {
                return None;
            }
            for a in 0..3 {
                low[a] = if i == 0 { p[a] } else { low[a].min(p[a]) };
                high[a] = if i == 0 { p[a] } else { high[a].max(p[a]) };
            }
        }
        (0..=MAX_SHIFT).rev().find_map(|shift| {
            let this = Self { low: [0; 3], shift };
            let low = low.map(|c| this.multiple(c));
            let fits = (0..3).all(|a| {
                let high = this.multiple(high[a]);
                high - low[a] <= i32::from(u16::MAX)
                    && high.unsigned_abs() <= EXACT
                    && low[a].unsigned_abs() <= EXACT
            });
            fits.then_some(Self { low, shift })
        })
    }

    fn multiple(&self, coordinate: f32) -> i32 {
        (f64::from(coordinate) * f64::from(1 << self.shift)).round() as i32
    }

    fn quantise(&self, position: [f32; 3]) -> [u16; 3] {
        std::array::from_fn(|a| {
            (self.multiple(position[a]) - self.low[a]).clamp(0, i32::from(u16::MAX)) as u16
        })
    }

    fn position(&self, q: [u16; 3]) -> [f32; 3] {
        std::array::from_fn(|a| (self.low[a] + i32::from(q[a])) as f32 / (1 << self.shift) as f32)
    }

    /// The nearest position on the grid.
    pub(crate) fn round(&self, position: [f32; 3]) -> [f32; 3] {
        self.position(self.quantise(position))
    }
}

/// An edge of the walk, seen from its far side: the triangle over (from → to) is wanted, `behind` is the corner on this side.
struct Gate {
    from: u32,
    to: u32,
    behind: u32,
}

/// Gates of a triangle just passed.
fn gates([a, b, c]: [u32; 3]) -> [Gate; 3] {
    let gate = |from, to, behind| Gate { from, to, behind };
    [gate(b, a, c), gate(c, b, a), gate(a, c, b)]
}

/// Order of the walk: triangles as (corners in the surface's numbers), and each vertex once, in the order of first use.
fn walk(surface: &Surface) -> Result<Vec<Step>, PackError> {
    let unsound = |reason| PackError::Content { section: "surfaces", reason };
    let vertex_count = surface.positions.len();
    let mut over: HashMap<(u32, u32), u32> = HashMap::with_capacity(3 * surface.triangles.len());
    for (i, t) in surface.triangles.iter().enumerate() {
        for c in 0..3 {
            if t[c] as usize >= vertex_count {
                return Err(unsound("a triangle names a vertex that does not exist"));
            }
            if t[c] == t[(c + 1) % 3] || over.insert((t[c], t[(c + 1) % 3]), i as u32).is_some() {
                return Err(unsound(
                    "a surface is not oriented: an edge runs twice in one direction",
                ));
            }
        }
    }
    let mut steps = Vec::with_capacity(surface.triangles.len());
    let mut passed = vec![false; surface.triangles.len()];
    let mut queue = VecDeque::new();
    for seed in 0..surface.triangles.len() {
        if passed[seed] {
            continue;
        }
        passed[seed] = true;
        steps.push(Step::Seed(surface.triangles[seed]));
        queue.extend(gates(surface.triangles[seed]));
        while let Some(gate) = queue.pop_front() {
            let Some(&next) = over.get(&(gate.from, gate.to)) else {
                steps.push(Step::Border);
                continue;
            };
            if std::mem::replace(&mut passed[next as usize], true) {
                continue;
            }
            let third = surface.triangles[next as usize]
                .into_iter()
                .find(|&v| v != gate.from && v != gate.to)
                .unwrap_or(gate.behind);
            queue.extend(gates([gate.from, gate.to, third]).into_iter().skip(1));
            steps.push(Step::Over(gate, third));
        }
    }
    Ok(steps)
}

enum Step {
    /// A triangle that the walk cannot reach.
    Seed([u32; 3]),
    /// Through a gate to a triangle with this third corner.
    Over(Gate, u32),
    /// No triangle behind the gate.
    Border,
}

/// Bring vertices and triangles into the order in which the pack keeps them, and drop vertices without a triangle.
pub(crate) fn reorder(surface: &mut Surface) -> Result<(), PackError> {
    let mut number = vec![u32::MAX; surface.positions.len()];
    let mut order = Vec::with_capacity(surface.positions.len());
    let mut triangles = Vec::with_capacity(surface.triangles.len());
    for step in walk(surface)? {
        let triangle = match step {
            Step::Seed(t) => t,
            Step::Over(gate, third) => [gate.from, gate.to, third],
            Step::Border => continue,
        };
        triangles.push(triangle.map(|v| {
            let slot = &mut number[v as usize];
            if *slot == u32::MAX {
                *slot = order.len() as u32;
                order.push(v as usize);
            }
            *slot
        }));
    }
    surface.positions = order.iter().map(|&v| surface.positions[v]).collect();
    surface.baked = order.iter().map(|&v| surface.baked[v]).collect();
    if !surface.dual_cells.is_empty() {
        surface.dual_cells = order.iter().map(|&v| surface.dual_cells[v]).collect();
    }
    surface.triangles = triangles;
    Ok(())
}

/// Write the surfaces.
pub(super) fn encode(surfaces: &[Surface]) -> Result<Vec<u8>, PackError> {
    let unsound = |reason| PackError::Content { section: "surfaces", reason };
    let quantiser = Quantiser::new(surfaces.iter().flat_map(|s| &s.positions))
        .ok_or_else(|| unsound("a position is not a number, or metres away"))?;
    let mut out = vec![quantiser.shift as u8];
    for low in quantiser.low {
        out.extend(low.to_le_bytes());
    }
    out.extend((surfaces.len() as u32).to_le_bytes());
    for surface in surfaces {
        if surface.baked.len() != surface.positions.len() {
            return Err(unsound("baked values and positions differ in number"));
        }
        if ![0, surface.positions.len()].contains(&surface.dual_cells.len()) {
            return Err(unsound("dual cells and positions differ in number"));
        }
        let mut surface = surface.clone();
        reorder(&mut surface)?;
        encode_one(&surface, &quantiser, &mut out)?;
    }
    Ok(out)
}

fn encode_one(
    surface: &Surface,
    quantiser: &Quantiser,
    out: &mut Vec<u8>,
) -> Result<(), PackError> {
    let vertex_count = surface.positions.len();
    let quantised: Vec<[u16; 3]> =
        surface.positions.iter().map(|&p| quantiser.quantise(p)).collect();
    let mut symbols = Vec::new();
    let mut planes: [Vec<u8>; PLANES] = Default::default();
    let mut known = 0_u32;
    let vertex = |v: u32, prediction: Prediction, planes: &mut [Vec<u8>; PLANES]| {
        let position = prediction.place(|v| quantised[v as usize]);
        let baked = prediction.before().map_or([0; 4], |v| surface.baked[v as usize]);
        for a in 0..3 {
            let residual = quantised[v as usize][a].wrapping_sub(position[a]) as i16;
            let code = zigzag(i32::from(residual)) as u16;
            planes[2 * a].push(code as u8);
            planes[2 * a + 1].push((code >> 8) as u8);
        }
        for c in 0..4 {
            planes[6 + c].push(surface.baked[v as usize][c].wrapping_sub(baked[c]));
        }
        if let Some(cell) = surface.dual_cells.get(v as usize) {
            let expected = prediction.place(|v| surface.dual_cells[v as usize]);
            for a in 0..3 {
                let residual = cell[a].wrapping_sub(expected[a]) as i16;
                let code = zigzag(i32::from(residual)) as u16;
                planes[10 + 2 * a].push(code as u8);
                planes[11 + 2 * a].push((code >> 8) as u8);
            }
        }
    };
    for step in walk(surface)? {
        match step {
            Step::Border => put_varint(&mut symbols, 0),
            Step::Seed(triangle) => {
                for v in triangle {
                    if v == known {
                        put_varint(&mut symbols, 1);
                        vertex(v, Prediction::Before(known.checked_sub(1)), &mut planes);
                        known += 1;
                    } else {
                        put_varint(&mut symbols, 2 + (known - 1 - v));
                    }
                }
            }
            Step::Over(gate, third) => {
                if third == known {
                    put_varint(&mut symbols, 1);
                    vertex(
                        third,
                        Prediction::Parallelogram(gate.from, gate.to, gate.behind),
                        &mut planes,
                    );
                    known += 1;
                } else {
                    let near = |v: u32| zigzag(third as i32 - v as i32);
                    let codes = [known - 1 - third, near(gate.from), near(gate.to)];
                    let which = (0..3).min_by_key(|&w| codes[w]).unwrap_or(0);
                    let code = u64::from(codes[which]) * 3 + which as u64 + 2;
                    let code = u32::try_from(code).map_err(|_| PackError::Content {
                        section: "surfaces",
                        reason: "a surface has too many vertices",
                    })?;
                    put_varint(&mut symbols, code);
                }
            }
        }
    }
    out.extend(surface.structure.to_le_bytes());
    out.push(surface.level);
    out.push(u8::from(!surface.dual_cells.is_empty()));
    for count in [surface.triangles.len(), vertex_count, symbols.len()] {
        out.extend((count as u32).to_le_bytes());
    }
    out.extend(symbols);
    for plane in planes {
        out.extend(plane);
    }
    Ok(())
}

/// What a new vertex is expected to be.
enum Prediction {
    /// Like the one before, if there is one.
    Before(Option<u32>),
    /// The fourth corner of the parallelogram: from + to − behind; baked values as at `from`.
    Parallelogram(u32, u32, u32),
}

impl Prediction {
    /// What lies in space, by that of other vertices.
    fn place(&self, of: impl Fn(u32) -> [u16; 3]) -> [u16; 3] {
        match *self {
            Self::Before(v) => v.map_or([0; 3], of),
            Self::Parallelogram(from, to, behind) => {
                let (f, t, b) = (of(from), of(to), of(behind));
                std::array::from_fn(|a| f[a].wrapping_add(t[a]).wrapping_sub(b[a]))
            }
        }
    }

    /// The vertex whose baked values are expected, if there is one.
    fn before(&self) -> Option<u32> {
        match *self {
            Self::Before(v) => v,
            Self::Parallelogram(from, ..) => Some(from),
        }
    }
}

/// Bytes of a vertex: position, baked values, and the dual cell, if it has one.
const PLANES: usize = 16;

/// Read the surfaces; every index is in range, every edge runs at most once in each direction.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Surface>, PackError> {
    let mut reader = Reader::new("surfaces", bytes);
    let shift = i32::from(reader.byte()?);
    if shift > MAX_SHIFT {
        return Err(reader.error("has an unknown quantisation"));
    }
    let mut low = [0; 3];
    for l in &mut low {
        *l = reader.u32()? as i32;
        if l.unsigned_abs() > EXACT {
            return Err(reader.error("lies too far away"));
        }
    }
    let quantiser = Quantiser { low, shift };
    let count = reader.count(15)?;
    let surfaces =
        (0..count).map(|_| decode_one(&mut reader, &quantiser)).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(surfaces)
}

fn decode_one(reader: &mut Reader, quantiser: &Quantiser) -> Result<Surface, PackError> {
    let structure = reader.u16()?;
    let level = reader.byte()?;
    let planes_used = match reader.byte()? {
        0 => 10,
        1 => PLANES,
        _ => return Err(reader.error("has vertices of an unknown kind")),
    };
    let triangle_count = reader.count(1)?;
    let vertex_count = reader.count(10)?;
    let symbol_bytes = reader.count(1)?;
    // Each triangle costs a symbol at least; with this nothing below allocates more than a few times the input.
    if triangle_count > symbol_bytes {
        return Err(reader.error("promises more triangles than it holds"));
    }
    let mut symbols = Reader::new("surfaces", reader.take(symbol_bytes)?);
    let mut planes: [&[u8]; PLANES] = [&[]; PLANES];
    for plane in &mut planes[..planes_used] {
        *plane = reader.take(vertex_count)?;
    }

    let mut quantised: Vec<[u16; 3]> = Vec::with_capacity(vertex_count);
    let mut baked: Vec<[u8; 4]> = Vec::with_capacity(vertex_count);
    let mut dual_cells: Vec<[u16; 3]> = Vec::new();
    let mut triangles: Vec<[u32; 3]> = Vec::with_capacity(triangle_count);
    let mut passed = HashSet::with_capacity_and_hasher(3 * triangle_count, EdgeHash);
    let mut queue: VecDeque<Gate> = VecDeque::new();
    let full = |symbols: &Reader| symbols.error("has more vertices than it promises");
    let unsound = |symbols: &Reader| symbols.error("has an edge that runs twice in one direction");

    let mut push = |prediction: Prediction, quantised: &mut Vec<[u16; 3]>| -> Option<u32> {
        let v = quantised.len();
        if v == vertex_count {
            return None;
        }
        let residual = |plane: usize| {
            unzigzag(u32::from(planes[plane][v]) | u32::from(planes[plane + 1][v]) << 8) as u16
        };
        let expected = prediction.place(|v| quantised[v as usize]);
        quantised.push(std::array::from_fn(|a| expected[a].wrapping_add(residual(2 * a))));
        let expected = prediction.before().map_or([0; 4], |v| baked[v as usize]);
        baked.push(std::array::from_fn(|c| planes[6 + c][v].wrapping_add(expected[c])));
        if planes_used == PLANES {
            let expected = prediction.place(|v| dual_cells[v as usize]);
            dual_cells
                .push(std::array::from_fn(|a| expected[a].wrapping_add(residual(10 + 2 * a))));
        }
        Some(v as u32)
    };
    while triangles.len() < triangle_count || !queue.is_empty() {
        let triangle = match queue.pop_front() {
            None => {
                let mut triangle = [0; 3];
                for corner in &mut triangle {
                    let known = quantised.len() as u32;
                    *corner = match symbols.varint()? {
                        0 => return Err(symbols.error("has a border where a triangle starts")),
                        1 => push(Prediction::Before(known.checked_sub(1)), &mut quantised)
                            .ok_or_else(|| full(&symbols))?,
                        code => known
                            .checked_sub(code - 1)
                            .ok_or_else(|| symbols.error("names a vertex that does not exist"))?,
                    };
                }
                queue.extend(gates(triangle));
                triangle
            }
            Some(gate) => {
                if passed.contains(&edge(gate.from, gate.to)) {
                    continue;
                }
                let known = quantised.len() as u32;
                let third = match symbols.varint()? {
                    0 => continue,
                    1 => {
                        let prediction = Prediction::Parallelogram(gate.from, gate.to, gate.behind);
                        push(prediction, &mut quantised).ok_or_else(|| full(&symbols))?
                    }
                    code => {
                        let value = (code - 2) / 3;
                        let third = match (code - 2) % 3 {
                            0 => i64::from(known) - 1 - i64::from(value),
                            1 => i64::from(gate.from) + i64::from(unzigzag(value)),
                            _ => i64::from(gate.to) + i64::from(unzigzag(value)),
                        };
                        u32::try_from(third)
                            .ok()
                            .filter(|&v| v < known)
                            .ok_or_else(|| symbols.error("names a vertex that does not exist"))?
                    }
                };
                let triangle = [gate.from, gate.to, third];
                queue.extend(gates(triangle).into_iter().skip(1));
                triangle
            }
        };
        if triangles.len() == triangle_count {
            return Err(symbols.error("has more triangles than it promises"));
        }
        for c in 0..3 {
            let (a, b) = (triangle[c], triangle[(c + 1) % 3]);
            if a == b || !passed.insert(edge(a, b)) {
                return Err(unsound(&symbols));
            }
        }
        triangles.push(triangle);
    }
    symbols.finish()?;
    if quantised.len() != vertex_count {
        return Err(reader.error("has fewer vertices than it promises"));
    }
    Ok(Surface {
        structure,
        level,
        positions: quantised.into_iter().map(|q| quantiser.position(q)).collect(),
        baked,
        dual_cells,
        triangles,
    })
}

fn edge(from: u32, to: u32) -> u64 {
    u64::from(from) << 32 | u64::from(to)
}

/// A hash for edges: one multiplication. Hostile input can make it slow, but no slower than its own length squared allows, and
/// the content hash stops damage long before.
#[derive(Clone, Copy, Default)]
struct EdgeHash;

impl std::hash::BuildHasher for EdgeHash {
    type Hasher = EdgeHasher;

    fn build_hasher(&self) -> EdgeHasher {
        EdgeHasher(0)
    }
}

struct EdgeHasher(u64);

impl std::hash::Hasher for EdgeHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(self.0 ^ u64::from(b));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (value ^ value >> 29).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two octahedra, one beside the other, numbered at random.
    fn octahedra(order: &[u32]) -> Surface {
        let mut positions = vec![[0.0; 3]; 12];
        let mut triangles = Vec::new();
        for part in 0..2_u32 {
            for (corner, direction) in
                [(0, 1.0), (1, 1.0), (2, 1.0), (0, -1.0), (1, -1.0), (2, -1.0)]
                    .into_iter()
                    .enumerate()
            {
                let mut p = [10.0 * part as f32 - 3.5, 2.0, 1.0];
                p[direction.0] += 2.5 * direction.1;
                positions[order[6 * part as usize + corner] as usize] = p;
            }
            for octant in 0..8_u32 {
                let corner = |axis: u32| axis + 3 * (octant >> axis & 1);
                let mut t = [corner(0), corner(1), corner(2)];
                if octant.count_ones() % 2 == 1 {
                    t.swap(1, 2);
                }
                triangles.push(t.map(|c| order[(6 * part + c) as usize]));
            }
        }
        let baked = (0..12).map(|v| [v, 255 - v, 128, 7]).collect();
        let dual_cells = (0..12).map(|v| [v, 900 - 70 * v, 4]).collect();
        Surface { structure: 3, level: 1, positions, baked, dual_cells, triangles }
    }

    proptest! {
        #[test]
        fn surfaces_come_back(order in Just((0..12).collect::<Vec<u32>>()).prop_shuffle()) {
            let mut surface = octahedra(&order);
            reorder(&mut surface).unwrap();
            let once = surface.clone();
            reorder(&mut surface).unwrap();
            prop_assert_eq!(&once, &surface);
            prop_assert_eq!(decode(&encode(&[surface.clone(), surface.clone()]).unwrap()).unwrap(), [surface.clone(), surface]);
        }

        #[test]
        fn damaged_bytes_never_panic(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), keep in any::<prop::sample::Index>()) {
            let order: Vec<u32> = (0..12).collect();
            let mut bytes = encode(&[octahedra(&order), octahedra(&order)]).unwrap();
            for (at, with) in damage {
                let at = at.index(bytes.len());
                bytes[at] = with;
            }
            if let Ok(surfaces) = decode(&bytes) {
                for s in surfaces {
                    prop_assert!(s.triangles.iter().flatten().all(|&v| (v as usize) < s.positions.len()));
                }
            }
            prop_assert!(decode(&bytes[..keep.index(bytes.len())]).is_err());
        }
    }

    #[test]
    fn what_is_not_a_surface_is_refused() {
        let order: Vec<u32> = (0..12).collect();
        let refused = |change: fn(&mut Surface)| {
            let mut surface = octahedra(&order);
            change(&mut surface);
            assert!(encode(&[surface]).is_err());
        };
        refused(|s| s.triangles[0].swap(0, 1));
        refused(|s| s.triangles[0][0] = 12);
        refused(|s| s.positions[0][0] = f32::NAN);
        refused(|s| s.positions[0][0] = 1e9);
        refused(|s| s.baked.truncate(11));
    }

    #[test]
    fn an_open_surface_comes_back_too() {
        let order: Vec<u32> = (0..12).collect();
        let mut surface = octahedra(&order);
        surface.triangles.truncate(5);
        reorder(&mut surface).unwrap();
        assert_eq!(decode(&encode(&[surface.clone()]).unwrap()).unwrap(), [surface]);
    }
}
