//! What is under the pointer: a ray against the deformed coarse surfaces, on the CPU.

use cases::twin::pack::Pack;
use solver_wasm::{
    embed::LatticeIndex,
    lattice::{Embedding, Lattice},
};
use three_d::prelude::*;

use super::{camera::Ray, embedding::displacement};

/// Surfaces are picked at the finest level with no more triangles than this.
const TRIANGLES_PER_STRUCTURE: usize = 9000;

/// A half-space in rest space that is not drawn: dot(normal, rest) > offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutAway {
    /// Unit normal towards what is cut away.
    pub normal: Vec3,
    /// Position of the plane along it [mm].
    pub offset: f32,
}

/// A place on a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Index into the manifest.
    pub structure: usize,
    /// Distance along the ray [mm].
    pub distance: f32,
    /// World position [mm].
    pub world: Vec3,
    /// Rest position [mm].
    pub rest: Vec3,
    /// Unit normal at rest, outward.
    pub normal: Vec3,
}

struct Target {
    structure: usize,
    rest: Vec<Vec3>,
    /// Of the vertices at rest, weighted by area; none of unit length.
    normals: Vec<Vec3>,
    carried: Vec<Embedding>,
    world: Vec<Vec3>,
    triangles: Vec<[u32; 3]>,
    low: Vec3,
    high: Vec3,
}

/// All structures, as far as pointing at them goes.
pub struct Picker {
    targets: Vec<Target>,
    stale: bool,
}

impl Picker {
    /// Make ready to pick in a pack.
    pub fn new(pack: &Pack, index: &LatticeIndex) -> Self {
        let mut targets = Vec::new();
        for (structure, entry) in pack.manifest.structures.iter().enumerate() {
            let own = pack.surfaces.iter().filter(|s| usize::from(s.structure) == structure);
            let fits = own
                .clone()
                .filter(|s| s.triangles.len() <= TRIANGLES_PER_STRUCTURE)
                .max_by_key(|s| s.triangles.len());
            let Some(surface) = fits.or_else(|| own.min_by_key(|s| s.triangles.len())) else {
                continue;
            };
            let rest: Vec<Vec3> = surface.positions.iter().map(|p| (*p).into()).collect();
            let carried = entry
                .body
                .and_then(|body| rest.iter().map(|p| index.embed(body, (*p).into())).collect());
            let count = rest.len() as u32;
            let triangles = surface.triangles.iter().filter(|t| t.iter().all(|i| *i < count));
            let triangles = triangles.copied().collect();
            targets.push(Target::new(structure, rest, carried.unwrap_or_default(), triangles));
        }
        Self { targets, stale: false }
    }

    /// The tissue hangs together in another way: find for every vertex the cell that carries it now.
    pub fn rebind(&mut self, pack: &Pack, index: &LatticeIndex) {
        for target in self.targets.iter_mut().filter(|t| !t.carried.is_empty()) {
            let Some(body) = pack.manifest.structures[target.structure].body else { continue };
            for (at, rest) in target.carried.iter_mut().zip(&target.rest) {
                *at = index.embed(body, (*rest).into()).unwrap_or(*at);
            }
        }
        self.stale = true;
    }

    /// The tissue moved.
    pub fn invalidate(&mut self) {
        self.stale = true;
    }

    /// World box of a structure's surface [mm].
    pub fn bounds(&self, structure: usize) -> Option<(Vec3, Vec3)> {
        self.targets.iter().find(|t| t.structure == structure).map(|t| (t.low, t.high))
    }

    /// Largest distance of the soft surfaces from where they were under other nodal displacements [mm].
    pub fn largest_move(&self, lattice: &Lattice, now: &[[f32; 4]], then: &[[f32; 4]]) -> f32 {
        let moved = |at: &Embedding| {
            (displacement(lattice, at, now) - displacement(lattice, at, then)).magnitude2()
        };
        let carried = self.targets.iter().flat_map(|t| &t.carried);
        carried.map(moved).fold(0.0, f32::max).sqrt()
    }

    /// First surface along a ray among those that `visible` names, not counting what is cut away.
    pub fn pick(
        &mut self,
        ray: &Ray,
        lattice: &Lattice,
        nodal: &[[f32; 4]],
        cut: Option<CutAway>,
        visible: impl Fn(usize) -> bool,
    ) -> Option<Hit> {
        if std::mem::take(&mut self.stale) {
            for target in &mut self.targets {
                target.follow(lattice, nodal);
            }
        }
        let mut best: Option<(Hit, bool)> = None;
        for target in self.targets.iter().filter(|t| visible(t.structure)) {
            if !meets_box(ray, target.low, target.high) {
                continue;
            }
            for t in &target.triangles {
                let p = t.map(|i| target.world[i as usize]);
                let Some((distance, weights)) = meet(ray, p) else { continue };
                if best.is_some_and(|(b, _)| b.distance <= distance) {
                    continue;
                }
                let r = t.map(|i| target.rest[i as usize]);
                let rest = r[0] * weights[0] + r[1] * weights[1] + r[2] * weights[2];
                if cut.is_some_and(|c| c.normal.dot(rest) > c.offset) {
                    continue;
                }
                let from_behind = (p[1] - p[0]).cross(p[2] - p[0]).dot(ray.direction) > 0.0;
                let world = ray.origin + ray.direction * distance;
                let n = t.map(|i| target.normals[i as usize]);
                let normal = n[0] * weights[0] + n[1] * weights[1] + n[2] * weights[2];
                let normal = if normal.magnitude() > 0.0 { normal.normalize() } else { normal };
                let hit = Hit { structure: target.structure, distance, world, rest, normal };
                best = Some((hit, from_behind));
            }
        }
        let (mut hit, from_behind) = best?;
        // a wall seen from its inside is seen through the section: the place meant is on the section
        if let (true, Some(cut)) = (from_behind, cut) {
            let along = cut.normal.dot(ray.direction);
            if along.abs() > 1e-6 {
                let distance = (cut.offset - cut.normal.dot(ray.origin)) / along;
                if distance > 0.0 && distance < hit.distance {
                    let world = ray.origin + ray.direction * distance;
                    hit = Hit { distance, world, rest: world, ..hit };
                }
            }
        }
        Some(hit)
    }
}

impl Target {
    fn new(
        structure: usize,
        rest: Vec<Vec3>,
        carried: Vec<Embedding>,
        triangles: Vec<[u32; 3]>,
    ) -> Self {
        let mut normals = vec![Vec3::zero(); rest.len()];
        for t in &triangles {
            let p = t.map(|i| rest[i as usize]);
            let area = (p[1] - p[0]).cross(p[2] - p[0]);
            t.iter().for_each(|i| normals[*i as usize] += area);
        }
        let world = rest.clone();
        let (low, high) = (Vec3::zero(), Vec3::zero());
        let mut this = Self { structure, rest, normals, carried, world, triangles, low, high };
        this.measure();
        this
    }

    fn follow(&mut self, lattice: &Lattice, nodal: &[[f32; 4]]) {
        if self.carried.is_empty() {
            return;
        }
        for ((world, rest), at) in self.world.iter_mut().zip(&self.rest).zip(&self.carried) {
            *world = rest + displacement(lattice, at, nodal);
        }
        self.measure();
    }

    fn measure(&mut self) {
        let mut low = vec3(f32::MAX, f32::MAX, f32::MAX);
        let mut high = -low;
        for p in &self.world {
            for a in 0..3 {
                low[a] = low[a].min(p[a]);
                high[a] = high[a].max(p[a]);
            }
        }
        (self.low, self.high) = (low, high);
    }
}

/// Does a ray meet a box?
fn meets_box(ray: &Ray, low: Vec3, high: Vec3) -> bool {
    let (mut near, mut far) = (0.0_f32, f32::MAX);
    for a in 0..3 {
        let inverse = 1.0 / ray.direction[a];
        let t = [(low[a] - ray.origin[a]) * inverse, (high[a] - ray.origin[a]) * inverse];
        near = near.max(t[0].min(t[1]));
        far = far.min(t[0].max(t[1]));
    }
    near <= far
}

/// Distance and barycentric weights where a ray meets a triangle, from either side [Möller and Trumbore 1997].
fn meet(ray: &Ray, p: [Vec3; 3]) -> Option<(f32, [f32; 3])> {
    let (e1, e2) = (p[1] - p[0], p[2] - p[0]);
    let q = ray.direction.cross(e2);
    let determinant = e1.dot(q);
    if determinant.abs() < 1e-9 {
        return None;
    }
    let s = (ray.origin - p[0]) / determinant;
    let v = s.dot(q);
    let r = s.cross(e1);
    let w = ray.direction.dot(r);
    let distance = e2.dot(r);
    (v >= 0.0 && w >= 0.0 && v + w <= 1.0 && distance > 0.0)
        .then_some((distance, [1.0 - v - w, v, w]))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn wall(structure: usize, y: f32) -> Target {
        let rest = vec![vec3(-10.0, y, -10.0), vec3(10.0, y, -10.0), vec3(0.0, y, 10.0)];
        Target::new(structure, rest, vec![], vec![[0, 1, 2]])
    }

    fn ray(x: f32, z: f32) -> Ray {
        Ray { origin: vec3(x, -50.0, z), direction: vec3(0.0, 1.0, 0.0) }
    }

    #[test]
    fn the_nearest_visible_surface_is_hit() {
        let mut p = Picker { targets: vec![wall(0, 5.0), wall(1, 0.0)], stale: false };
        let none = Lattice::default();
        let hit = p.pick(&ray(1.0, -2.0), &none, &[], None, |_| true).unwrap();
        assert_eq!(hit.structure, 1);
        assert!((hit.world - vec3(1.0, 0.0, -2.0)).magnitude() < 1e-4);
        assert!((hit.rest - hit.world).magnitude() < 1e-4);
        let hit = p.pick(&ray(1.0, -2.0), &none, &[], None, |s| s == 0).unwrap();
        assert_eq!(hit.structure, 0);
        assert!(p.pick(&ray(9.0, 9.0), &none, &[], None, |_| true).is_none());
    }

    #[test]
    fn what_is_cut_away_is_not_hit() {
        let mut p = Picker { targets: vec![wall(0, 5.0), wall(1, 0.0)], stale: false };
        let cut = CutAway { normal: vec3(0.0, -1.0, 0.0), offset: -2.0 };
        let none = Lattice::default();
        let hit = p.pick(&ray(0.0, 0.0), &none, &[], Some(cut), |_| true).unwrap();
        assert_eq!(hit.structure, 0);
    }

    #[test]
    fn a_wall_seen_from_inside_means_the_section() {
        let mut back = wall(0, 5.0);
        back.triangles = vec![[0, 2, 1]];
        let mut p = Picker { targets: vec![back], stale: false };
        let cut = CutAway { normal: vec3(0.0, -1.0, 0.0), offset: -2.0 };
        let hit = p.pick(&ray(0.0, 0.0), &Lattice::default(), &[], Some(cut), |_| true).unwrap();
        assert!((hit.world.y - 2.0).abs() < 1e-4, "{hit:?}");
    }
}
