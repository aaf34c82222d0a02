//! The surface of tissue that is cut, as the dual of its samples: a facet across each link whose ends do not hang together, a vertex in each
//! dual cell for every sheet of facets that passes it.
//!
//! A dual cell lies between eight samples and bears the coordinate of the lowest. Facets meet over the faces of dual cells; which ones meet follows
//! from walking around the samples that hang together, so that each facet has one neighbour over each of its edges: surfaces
//! are closed and oriented however cuts cross, and both lips of a cut have their own. All vertices of a dual cell lie at the same
//! place, so lips coincide until tissue moves. That place is where the blade passed, as near as may be to where the surface
//! was [Ju et al. 2002].

use std::collections::BTreeMap;

use nalgebra::{Matrix3, Vector3};

use super::Incisions;
use crate::lattice::{Embedding, Lattice};

/// One structure of one body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Its number in `Scene::labels`.
    pub label: u8,
    /// Its body.
    pub body: u16,
}

/// A link seen from one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Side {
    /// Lower sample.
    pub low: [i32; 3],
    /// Axis from it to the upper one.
    pub axis: u8,
    /// Seen from the upper one?
    pub from_above: bool,
}

/// Where a surface that nothing has cut passes a dual cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// The dual cell.
    pub dual_cell: [i32; 3],
    /// Rest position [mm].
    pub position: [f32; 3],
    /// Area vector of the surface around it, outward [mm²].
    pub area: [f32; 3],
}

/// What a vertex moves with: the cell that has a sample, whichever copy that is by now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Binding {
    /// The sample.
    pub sample: [i32; 3],
    /// Local coordinate in its cell, perhaps a little outside.
    pub local: [f32; 3],
}

/// A vertex of cut tissue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vertex {
    /// The dual cell.
    pub dual_cell: [i32; 3],
    /// Rest position [mm].
    pub position: [f32; 3],
    /// What it moves with.
    pub binding: Binding,
}

/// A facet: two triangles, or more where it must not share an edge with two others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facet {
    /// The link that it lies across, seen from the sample that it encloses.
    pub side: Side,
    /// Its triangles, from and to.
    pub triangles: [u32; 2],
    /// Was it laid open by a blade? Outward unit normal of the sheet then.
    pub fresh: Option<[f32; 3]>,
    /// Was there surface before?
    pub was_surface: bool,
}

/// Part of a surface.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patch {
    /// Vertices: first one for each sheet in a dual cell, then middles of edges and facets that must be shared out.
    pub vertices: Vec<Vertex>,
    /// The first of these middles.
    pub middles: usize,
    /// Triangles, outward.
    pub triangles: Vec<[u32; 3]>,
    /// Facets, in the order of their triangles.
    pub facets: Vec<Facet>,
}

const NONE: u32 = u32::MAX;

/// Cells by their coordinate.
pub(crate) struct Finder<'a> {
    lattice: &'a Lattice,
    dims: [usize; 3],
    first: Vec<u32>,
    next: Vec<u32>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(lattice: &'a Lattice) -> Self {
        let end = |a: usize| lattice.cells.iter().map(|c| c.coord[a]).max().map_or(0, |m| m + 1);
        let dims = [0, 1, 2].map(|a| usize::from(end(a)));
        let mut this = Self {
            lattice,
            dims,
            first: vec![NONE; dims.iter().product()],
            next: vec![NONE; lattice.cells.len()],
        };
        for (c, cell) in lattice.cells.iter().enumerate() {
            let slot = this.slot(cell.coord.map(usize::from));
            this.next[c] = std::mem::replace(&mut this.first[slot], c as u32);
        }
        this
    }

    fn slot(&self, [x, y, z]: [usize; 3]) -> usize {
        x + self.dims[0] * (y + self.dims[1] * z)
    }

    /// The cell of a body that has a sample, and the sample's bit.
    fn cell(&self, body: u16, sample: [i32; 3]) -> Option<(u32, u32)> {
        self.find(sample, |own| own == body)
    }

    /// The cell that has a sample, of whatever body.
    pub(super) fn any_cell(&self, sample: [i32; 3]) -> Option<u32> {
        self.any_sample(sample).map(|(cell, _)| cell)
    }

    /// The cell that has a sample, of whatever body, and which of its samples that is.
    pub(crate) fn any_sample(&self, sample: [i32; 3]) -> Option<(u32, u32)> {
        self.find(sample, |_| true)
    }

    fn find(&self, sample: [i32; 3], wanted: impl Fn(u16) -> bool) -> Option<(u32, u32)> {
        let coord = sample.map(|c| (c >> 2) as usize);
        if (0..3).any(|a| sample[a] < 0 || coord[a] >= self.dims[a]) {
            return None;
        }
        let [x, y, z] = sample.map(|c| (c & 3) as u32);
        let bit = x + 4 * y + 16 * z;
        let mut cell = self.first[self.slot(coord)];
        while cell != NONE {
            let own = &self.lattice.cells[cell as usize];
            if wanted(own.body) && own.samples >> bit & 1 == 1 {
                return Some((cell, bit));
            }
            cell = self.next[cell as usize];
        }
        None
    }
}

/// The eight samples around a dual cell, as one structure sees them. A side of a link is a bit 3 × sample + axis.
struct Star {
    /// Samples of the structure.
    inside: u8,
    /// Links over which they hang together, by axis and lower sample.
    joined: [u8; 3],
}

impl Star {
    fn is_joined(&self, sample: usize, axis: usize) -> bool {
        self.joined[axis] >> (sample & !(1 << axis)) & 1 == 1
    }

    fn is_open(&self, sample: usize, axis: usize) -> bool {
        self.inside >> sample & 1 == 1 && !self.is_joined(sample, axis)
    }

    /// The side that one comes to by walking from a side, away from its link, around the samples of a face of the dual cell (that
    /// across `face`).
    fn partner(&self, sample: usize, axis: usize, face: usize) -> (usize, usize) {
        let other = 3 - axis - face;
        if !self.is_joined(sample, other) {
            return (sample, other);
        }
        let second = sample ^ 1 << other;
        if !self.is_joined(second, axis) {
            return (second, axis);
        }
        let third = second ^ 1 << axis;
        if !self.is_joined(third, other) {
            return (third, other);
        }
        (sample ^ 1 << axis, axis)
    }

    /// All sides of the sheet that a side belongs to.
    fn sheet(&self, sample: usize, axis: usize) -> u32 {
        let start = (sample, axis, (axis + 1) % 3);
        let (mut s, mut a, mut face) = start;
        let mut sheet = 0;
        loop {
            sheet |= 1 << (3 * s + a);
            (s, a) = self.partner(s, a, face);
            face = 3 - a - face;
            if (s, a, face) == start {
                return sheet;
            }
        }
    }

    /// The sheets.
    fn sheets(&self) -> impl Iterator<Item = u32> {
        let mut seen = 0;
        (0..24).filter_map(move |side| {
            let (s, a) = (side / 3, side % 3);
            if seen >> side & 1 == 1 || !self.is_open(s, a) {
                return None;
            }
            let sheet = self.sheet(s, a);
            seen |= sheet;
            Some(sheet)
        })
    }
}

/// Key of a dual cell, in the order z, y, x.
fn key([x, y, z]: [i32; 3]) -> u64 {
    // From −1 on.
    let part = |c: i32| (c + 1) as u64 & 0xf_ffff;
    part(z) << 40 | part(y) << 20 | part(x)
}

fn unkey(key: u64) -> [i32; 3] {
    [0, 20, 40].map(|shift| (key >> shift & 0xf_ffff) as i32 - 1)
}

/// A dual cell with the first vertex of its sheets.
struct Entry {
    key: u64,
    sheets: Vec<u32>,
    first: u32,
    position: [f32; 3],
}

/// The lattice as it is cut, for those who want its surface.
pub struct Surfaces<'a> {
    finder: Finder<'a>,
    labels: &'a [u8],
    incisions: &'a Incisions,
}

impl<'a> Surfaces<'a> {
    /// Of a cut lattice with its samples' labels, shape [cell_count, 64].
    pub fn new(lattice: &'a Lattice, labels: &'a [u8], incisions: &'a Incisions) -> Self {
        Self { finder: Finder::new(lattice), labels, incisions }
    }

    fn lattice(&self) -> &Lattice {
        self.finder.lattice
    }

    /// The cell of a structure that has a sample, and the sample's bit.
    fn own(&self, part: Part, sample: [i32; 3]) -> Option<(u32, u32)> {
        let found = self.finder.cell(part.body, sample)?;
        let label = self.labels.get(64 * found.0 as usize + found.1 as usize);
        (label == Some(&part.label)).then_some(found)
    }

    fn star(&self, part: Part, dual: [i32; 3]) -> Star {
        let samples: [_; 8] = std::array::from_fn(|s| self.own(part, sample_of(dual, s)));
        let mut star = Star { inside: 0, joined: [0; 3] };
        for (s, found) in samples.iter().enumerate() {
            let Some((cell, bit)) = *found else { continue };
            star.inside |= 1 << s;
            for axis in 0..3 {
                let is_lower = s >> axis & 1 == 0;
                if is_lower
                    && samples[s | 1 << axis].is_some()
                    && self.incisions.severed[cell as usize][axis] >> bit & 1 == 0
                {
                    star.joined[axis] |= 1 << s;
                }
            }
        }
        star
    }

    /// Where the vertices of a dual cell lie, in sample coordinates; `anchor` in the same.
    fn place(&self, dual: [i32; 3], anchor: Option<(Vector3<f64>, Vector3<f64>)>) -> Vector3<f64> {
        let mut planes: Vec<(Vector3<f64>, Vector3<f64>)> = Vec::new();
        for s in 0..8 {
            for axis in (0..3).filter(|a| s >> a & 1 == 0) {
                let low = sample_of(dual, s);
                if let Some(crossing) = self.incisions.crossing(low, axis) {
                    let mut at = Vector3::from(low.map(|c| f64::from(c) + 0.5));
                    at[axis] += f64::from(crossing.at);
                    planes.push((at, Vector3::from(crossing.normal.map(f64::from))));
                }
            }
        }
        let middle = Vector3::from(dual.map(|c| f64::from(c) + 1.0));
        let start = anchor.map_or(middle, |(position, _)| position);
        if planes.is_empty() {
            return start;
        }
        let begin = match anchor {
            Some(_) => start,
            None => planes.iter().map(|(at, _)| at).sum::<Vector3<f64>>() / planes.len() as f64,
        };
        planes.extend(anchor);
        // The point nearest to all planes; where they leave a direction open it stays where it is. A few rounds, so that staying
        // does not keep it off the planes.
        let mut normals = Matrix3::identity() * STAYING;
        for (_, n) in &planes {
            normals += n * n.transpose();
        }
        let Some(inverse) = normals.try_inverse() else { return begin };
        let mut x = begin;
        for _ in 0..4 {
            let pull: Vector3<f64> = planes.iter().map(|(at, n)| n * n.dot(&(at - x))).sum();
            x += inverse * pull;
        }
        let moved = x - begin;
        begin + moved * (FARTHEST / moved.norm().max(FARTHEST))
    }

    /// What a vertex at `x` (sample coordinates) of a sheet moves with: of the cells that have its samples the one it lies in, or
    /// else lies nearest to.
    fn binding(&self, dual: [i32; 3], sheet: u32, x: Vector3<f64>) -> Binding {
        let outside = |coord: [i32; 3]| -> f64 {
            (0..3)
                .map(|a| {
                    let t = x[a] - 4.0 * f64::from(coord[a]);
                    (-t).max(t - 4.0).max(0.0).powi(2)
                })
                .sum()
        };
        let samples = (0..8).filter(|s| sheet >> (3 * s) & 7 != 0).map(|s| sample_of(dual, s));
        let nearest = samples
            .map(|sample| (outside(sample.map(|c| c >> 2)), sample))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let sample = nearest.map_or(dual, |(_, sample)| sample);
        let local = std::array::from_fn(|a| (0.25 * x[a] - f64::from(sample[a] >> 2)) as f32);
        Binding { sample, local }
    }

    /// Where the vertex of an uncut surface that lies in a dual cell at `position` [mm], on the facet of `side`, is bound.
    pub fn bind(
        &self,
        part: Part,
        dual: [i32; 3],
        side: Side,
        position: [f32; 3],
    ) -> Option<Binding> {
        let star = self.star(part, dual);
        let (s, axis) = local_side(dual, side)?;
        let sheet = star.is_open(s, axis).then(|| star.sheet(s, axis))?;
        Some(self.binding(dual, sheet, self.to_samples(position)))
    }

    /// The cell that a binding leads to by now.
    pub fn embedding(&self, body: u16, binding: &Binding) -> Option<Embedding> {
        let (cell, _) = self.finder.cell(body, binding.sample)?;
        Some(Embedding { cell, local: binding.local })
    }

    /// The facet's side for three of its corners' dual cells; none if they are not around one link, or it is no border of the structure.
    pub fn side_of(&self, part: Part, dual_cells: [[i32; 3]; 3]) -> Option<Side> {
        let all = |a: usize| dual_cells.iter().all(|d| d[a] == dual_cells[0][a]);
        let axis = (0..3).find(|a| all(*a))?;
        let low: [i32; 3] =
            std::array::from_fn(|a| dual_cells.iter().map(|d| d[a]).max().unwrap_or(0));
        let mut upper = low;
        upper[axis] += 1;
        match [low, upper].map(|s| self.own(part, s).is_some()) {
            [true, false] => Some(Side { low, axis: axis as u8, from_above: false }),
            [false, true] => Some(Side { low, axis: axis as u8, from_above: true }),
            _ => None,
        }
    }

    fn to_samples(&self, position: [f32; 3]) -> Vector3<f64> {
        let lattice = self.lattice();
        Vector3::from(std::array::from_fn(|a| {
            4.0 * (f64::from(position[a]) - f64::from(lattice.origin[a]))
                / f64::from(lattice.spacing)
        }))
    }

    fn to_mm(&self, x: Vector3<f64>) -> [f32; 3] {
        let lattice = self.lattice();
        std::array::from_fn(|a| {
            (f64::from(lattice.origin[a]) + 0.25 * f64::from(lattice.spacing) * x[a]) as f32
        })
    }

    /// What of a structure's surface lies in dual cells that a blade has passed, with the facets around. `anchors` are the uncut
    /// surfaces of its body, sorted by dual cell; of several in a cell the first counts, for every structure the same.
    pub fn patch(&self, part: Part, anchors: &[Anchor]) -> Patch {
        let mut cells: Vec<u64> = Vec::new();
        for (low, axis) in self.incisions.crossed() {
            cells.extend(around(low, axis).map(|(dual, _)| key(dual)));
        }
        cells.sort_unstable();
        cells.dedup();
        self.surface(part, anchors, &cells)
    }

    /// All of a structure's surface.
    pub fn whole(&self, part: Part, anchors: &[Anchor]) -> Patch {
        let mut cells: Vec<u64> = Vec::new();
        for cell in self.lattice().cells.iter().filter(|c| c.body == part.body) {
            let low = cell.coord.map(|c| 4 * i32::from(c) - 1);
            for offset in 0..125 {
                let d = [offset % 5, offset / 5 % 5, offset / 25];
                cells.push(key(std::array::from_fn(|a| low[a] + d[a])));
            }
        }
        cells.sort_unstable();
        cells.dedup();
        self.surface(part, anchors, &cells)
    }

    fn surface(&self, part: Part, anchors: &[Anchor], cells: &[u64]) -> Patch {
        let mut sides: Vec<Side> = Vec::new();
        for cell in cells {
            let dual = unkey(*cell);
            let star = self.star(part, dual);
            let open = (0..24).filter(|side| star.is_open(side / 3, side % 3));
            sides.extend(open.map(|side| global_side(dual, side / 3, side % 3)));
        }
        sides.sort_unstable();
        sides.dedup();
        let mut keys: Vec<u64> = sides
            .iter()
            .flat_map(|side| around(side.low, usize::from(side.axis)))
            .map(|(dual, _)| key(dual))
            .collect();
        keys.sort_unstable();
        keys.dedup();

        let mut patch = Patch::default();
        let mut stars: Vec<Star> = Vec::with_capacity(keys.len());
        let mut entries: Vec<Entry> = Vec::with_capacity(keys.len());
        for key in keys {
            let dual = unkey(key);
            let star = self.star(part, dual);
            let at = anchors.partition_point(|a| a.order() < key);
            let anchor = anchors.get(at).filter(|a| a.dual_cell == dual);
            let anchored = anchor.map(|a| {
                let area = Vector3::from(a.area.map(f64::from));
                (self.to_samples(a.position), area.try_normalize(0.0).unwrap_or_default())
            });
            let x = self.place(dual, anchored);
            // What did not move lies where it was, to the last bit.
            let unmoved = anchor.filter(|_| anchored.is_some_and(|(at, _)| at == x));
            let position = unmoved.map_or_else(|| self.to_mm(x), |a| a.position);
            let sheets: Vec<u32> = star.sheets().collect();
            let first = patch.vertices.len() as u32;
            patch.vertices.extend(sheets.iter().map(|sheet| {
                let binding = self.binding(dual, *sheet, x);
                Vertex { dual_cell: dual, position, binding }
            }));
            stars.push(star);
            entries.push(Entry { key, sheets, first, position });
        }
        patch.middles = patch.vertices.len();
        let mut seams = Seams { spacing: self.lattice().spacing, middles: BTreeMap::new() };
        for side in sides {
            self.facet(part, side, &stars, &entries, &mut seams, &mut patch);
        }
        patch
    }

    fn facet(
        &self,
        part: Part,
        side: Side,
        stars: &[Star],
        entries: &[Entry],
        seams: &mut Seams,
        patch: &mut Patch,
    ) {
        let (low, axis) = (side.low, usize::from(side.axis));
        let mut corners = [Corner::default(); 4];
        for (corner, (dual, offset)) in corners.iter_mut().zip(around(low, axis)) {
            let key = key(dual);
            let Ok(at) = entries.binary_search_by_key(&key, |e| e.key) else { return };
            let s = offset | usize::from(side.from_above) << axis;
            let bit = 3 * s + axis;
            let Some(sheet) = entries[at].sheets.iter().position(|m| m >> bit & 1 == 1) else {
                return;
            };
            // Do both lips have one vertex here?
            let beyond = entries[at].sheets[sheet] >> (3 * (s ^ 1 << axis) + axis) & 1 == 1;
            *corner = Corner { entry: at, sample: s, sheet, is_tip: beyond };
        }
        let diagonal = diagonal(corners, entries);
        if side.from_above {
            corners.reverse();
        }
        let vertex = |c: &Corner| entries[c.entry].first + c.sheet as u32;
        let from = patch.triangles.len() as u32;
        let quad = corners.each_ref().map(vertex);
        let mut middles = [None; 4];
        for (i, middle) in middles.iter_mut().enumerate() {
            let (a, b) = (corners[i], corners[(i + 1) % 4]);
            *middle = seams.middle(axis, [a, b], stars, entries, &mut *patch);
        }
        if let (Some(first), true) = (diagonal, middles == [None; 4]) {
            let [a, b, c, d] = quad;
            // Turned round, corners have changed parity.
            if (first == 0) != side.from_above {
                patch.triangles.extend([[a, b, c], [a, c, d]]);
            } else {
                patch.triangles.extend([[b, c, d], [b, d, a]]);
            }
        } else {
            let rim: Vec<u32> =
                (0..4).flat_map(|i| [Some(quad[i]), middles[i]]).flatten().collect();
            let hub = patch.between(&quad, seams.spacing);
            for (i, a) in rim.iter().enumerate() {
                patch.triangles.push([*a, rim[(i + 1) % rim.len()], hub]);
            }
        }
        let mut beyond = low;
        if !side.from_above {
            beyond[axis] += 1;
        }
        let fresh = self.incisions.crossing(low, axis).map(|crossing| {
            // Away from the sample that it encloses.
            let away = if side.from_above { -1.0 } else { 1.0 };
            let turn = if crossing.normal[axis] * away < 0.0 { -1.0 } else { 1.0 };
            crossing.normal.map(|c| c * turn)
        });
        let was_surface = self.own(part, beyond).is_none();
        let triangles = [from, patch.triangles.len() as u32];
        patch.facets.push(Facet { side, triangles, fresh, was_surface });
    }
}

/// What of a vertex's freedom is held back against a plane's pull.
const STAYING: f64 = 0.05;
/// How far a vertex is moved to where a blade passed, in samples.
const FARTHEST: f64 = 1.2;

/// A facet's corner: the dual cell, the facet's sample in it, and the sheet.
#[derive(Clone, Copy, Default)]
struct Corner {
    entry: usize,
    sample: usize,
    sheet: usize,
    /// Is it a vertex of the facet on the other side of the link as well?
    is_tip: bool,
}

/// The first corner of the diagonal that parts a facet, the shorter one. Both lips have the same, and none if they would share it:
/// a cut so short that lips are joined at opposite corners.
fn diagonal(corners: [Corner; 4], entries: &[Entry]) -> Option<usize> {
    let at = corners.map(|c| entries[c.entry].position);
    let length = |i: usize| -> f32 { (0..3).map(|a| (at[i][a] - at[i + 2][a]).powi(2)).sum() };
    let shorter = usize::from(length(1) < length(0));
    let is_free = |i: &usize| !(corners[*i].is_tip && corners[i + 2].is_tip);
    [shorter, 1 - shorter].into_iter().find(is_free)
}

/// Vertices in the middle of edges that would else join four facets: where two sheets of one dual cell go over into two sheets of the next
/// that are each one sheet there.
struct Seams {
    /// Edge of a cell [mm].
    spacing: f32,
    middles: BTreeMap<(u64, usize, usize), u32>,
}

impl Seams {
    fn middle(
        &mut self,
        axis: usize,
        [a, b]: [Corner; 2],
        stars: &[Star],
        entries: &[Entry],
        patch: &mut Patch,
    ) -> Option<u32> {
        // The two dual cells share the face across the one axis in which the samples' places differ.
        let face = (a.sample ^ b.sample).trailing_zeros() as usize;
        let sheets = [a, b].map(|c| entries[c.entry].sheets[c.sheet]);
        let high = a.sample >> face & 1;
        let shared = (0..24).filter(|side| {
            let (s, along) = (side / 3, side % 3);
            along != face
                && s >> face & 1 == high
                && sheets[0] >> side & 1 == 1
                && sheets[1] >> (3 * (s ^ 1 << face) + along) & 1 == 1
        });
        if shared.count() <= 2 {
            return None;
        }
        let partner = stars[a.entry].partner(a.sample, axis, face);
        let one = (3 * a.sample + axis).min(3 * partner.0 + partner.1);
        // Named from the lower of the two dual cells.
        let (lower, name) = match high {
            1 => (a.entry, one),
            _ => (b.entry, one + (3 << face)),
        };
        let slot = self.middles.entry((entries[lower].key, face, name)).or_insert(NONE);
        if *slot == NONE {
            let ends = [a, b].map(|c| entries[c.entry].first + c.sheet as u32);
            *slot = patch.between(&ends, self.spacing);
        }
        Some(*slot)
    }
}

impl Patch {
    /// A vertex in the middle of others, bound as the first of them, on a lattice of `spacing` mm.
    fn between(&mut self, of: &[u32], spacing: f32) -> u32 {
        let mut middle = self.vertices[of[0] as usize];
        let start = middle.position;
        for v in &of[1..] {
            let other = self.vertices[*v as usize].position;
            middle.position.iter_mut().zip(other).for_each(|(sum, c)| *sum += c);
        }
        middle.position = middle.position.map(|c| c / of.len() as f32);
        let moved = middle.position.iter().zip(start).map(|(to, from)| (to - from) / spacing);
        middle.binding.local.iter_mut().zip(moved).for_each(|(local, moved)| *local += moved);
        self.vertices.push(middle);
        self.vertices.len() as u32 - 1
    }
}

impl Anchor {
    /// Anchors are sorted by this.
    pub fn order(&self) -> u64 {
        key(self.dual_cell)
    }
}

/// A sample around a dual cell.
fn sample_of(dual: [i32; 3], s: usize) -> [i32; 3] {
    std::array::from_fn(|a| dual[a] + (s >> a & 1) as i32)
}

/// The four dual cells around a link, anticlockwise as seen from its upper end, each with the offset of the link's lower sample in it.
fn around(low: [i32; 3], axis: usize) -> [([i32; 3], usize); 4] {
    let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
    [(1, 1), (0, 1), (0, 0), (1, 0)].map(|(du, dv)| {
        let mut dual = low;
        dual[u] -= du;
        dual[v] -= dv;
        (dual, (du as usize) << u | (dv as usize) << v)
    })
}

fn global_side(dual: [i32; 3], s: usize, axis: usize) -> Side {
    let low = sample_of(dual, s & !(1 << axis));
    Side { low, axis: axis as u8, from_above: s >> axis & 1 == 1 }
}

/// Sample and axis of a side in a dual cell, if it is one of its own.
fn local_side(dual: [i32; 3], side: Side) -> Option<(usize, usize)> {
    let axis = usize::from(side.axis);
    let mut sample = side.low;
    sample[axis] += i32::from(side.from_above);
    let offset: [i32; 3] = std::array::from_fn(|a| sample[a] - dual[a]);
    if offset.iter().any(|c| !(0..=1).contains(c)) {
        return None;
    }
    Some(((offset[0] | offset[1] << 1 | offset[2] << 2) as usize, axis))
}

/// The anchors that a surface gives, sorted: place and normal of each dual cell that it passes.
pub fn anchors(
    dual_cells: impl Iterator<Item = [i32; 3]>,
    positions: &[[f32; 3]],
    triangles: &[[u32; 3]],
) -> Vec<Anchor> {
    let at = |v: u32| Vector3::from(positions[v as usize].map(f64::from));
    let mut normals = vec![Vector3::zeros(); positions.len()];
    for t in triangles {
        let [a, b, c] = t.map(at);
        let area = (b - a).cross(&(c - a));
        t.iter().for_each(|v| normals[*v as usize] += area);
    }
    let anchors = dual_cells.zip(positions).zip(normals).filter(|(_, area)| area.norm() > 0.0).map(
        |((dual_cell, position), area)| {
            let area = [0, 1, 2].map(|a| (0.5 * area[a]) as f32);
            Anchor { dual_cell, position: *position, area }
        },
    );
    gather(anchors.collect())
}

/// Anchors of all structures of a body together, sorted, one for each dual cell. The walls between structures cancel, so where one meets
/// the outside the body's own surface is what a vertex stays on: a cut along such a wall would else bevel its rim.
pub fn gather(mut anchors: Vec<Anchor>) -> Vec<Anchor> {
    anchors.sort_by_key(Anchor::order);
    let same = |a: &Anchor, b: &Anchor| a.dual_cell == b.dual_cell;
    let one = |group: &[Anchor]| {
        let area = |a: &Anchor| Vector3::from(a.area.map(f64::from));
        let sum: Vector3<f64> = group.iter().map(area).sum();
        let most = group.iter().map(|a| area(a).norm()).fold(0.0, f64::max);
        // A wall with nothing outside.
        let is_wall = sum.norm() < WALL * most;
        let area = if is_wall { group[0].area } else { [0, 1, 2].map(|a| sum[a] as f32) };
        Anchor { area, ..group[0] }
    };
    anchors.chunk_by(same).map(one).collect()
}

/// Area vectors that cancel but for this share are the two sides of a wall.
const WALL: f64 = 0.1;

impl Patch {
    /// What keeps it from being a closed, oriented surface without edges or vertices of four sheets, if anything. For tests and fuzzers.
    pub fn fault(&self) -> Option<String> {
        let mut edges = std::collections::HashMap::new();
        for t in &self.triangles {
            for c in 0..3 {
                let (a, b) = (t[c], t[(c + 1) % 3]);
                if a == b || edges.insert((a, b), t[(c + 2) % 3]).is_some() {
                    return Some(format!("the edge from {a} to {b} runs twice"));
                }
            }
        }
        if let Some(((a, b), _)) = edges.iter().find(|((a, b), _)| !edges.contains_key(&(*b, *a))) {
            return Some(format!("the edge from {a} to {b} has no other side"));
        }
        // Around each vertex one fan.
        let mut around = vec![0; self.vertices.len()];
        let mut start = vec![NONE; self.vertices.len()];
        for t in &self.triangles {
            for c in 0..3 {
                around[t[c] as usize] += 1;
                start[t[c] as usize] = t[(c + 1) % 3];
            }
        }
        for (v, (count, first)) in around.iter().zip(&start).enumerate() {
            let (mut seen, mut next) = (0, *first);
            while *count > 0 && seen <= *count {
                seen += 1;
                next = edges[&(v as u32, next)];
                if next == *first {
                    break;
                }
            }
            if seen != *count {
                return Some(format!("{count} triangles around vertex {v} are no fan"));
            }
        }
        self.vertices
            .iter()
            .position(|v| v.position.iter().chain(&v.binding.local).any(|c| !c.is_finite()))
            .map(|v| format!("vertex {v} is nowhere"))
    }

    /// What it encloses [mm³].
    pub fn volume(&self) -> f64 {
        let at = |v: u32| Vector3::from(self.vertices[v as usize].position.map(f64::from));
        self.triangles
            .iter()
            .map(|t| {
                let [a, b, c] = t.map(at);
                a.dot(&b.cross(&c)) / 6.0
            })
            .sum()
    }
}
