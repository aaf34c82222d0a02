//! From a scene's materials, fibres and membranes to points.

use std::collections::BTreeMap;

use nalgebra::{Matrix3, Vector3};

use super::{Group, StrainPoint, StrainPoints, law::StrainLaw};
use crate::{
    hierarchy::Grid,
    lattice::Lattice,
    real::{LANES, Lanes, Real, Vector},
    scene::{Law, Membrane, Scene},
};

/// Fibre and sheet direction in and around a cell: a linear fit through its own and its neighbours'. A wall of three cells may turn
/// its fibres by 180°, so within a cell they are far from parallel.
#[derive(Clone, Copy, Debug)]
struct Fibres {
    /// Fibre and sheet at the material's centroid.
    directions: [Vector3<f64>; 2],
    /// Their change over half a cell along each axis.
    gradients: [Matrix3<f64>; 2],
}

/// Keeps the fit of a cell without neighbours along an axis at no change there.
const FIT_FLOOR: f64 = 1e-3;

impl Fibres {
    /// Those of every cell; none if the scene has no fibres.
    fn of(scene: &Scene, grid: &Grid) -> Vec<Self> {
        if scene.fibres.is_empty() {
            return Vec::new();
        }
        let cells = &scene.lattice.cells;
        let mut places = BTreeMap::<[u16; 3], Vec<usize>>::new();
        for (i, cell) in cells.iter().enumerate() {
            places.entry(cell.coord).or_default().push(i);
        }
        let direction = |cell: usize, which: usize| {
            Vector3::from(scene.fibres[cell][which].map(f64::from)).normalize()
        };
        // Centroid in half cells.
        let centroid = |cell: usize| {
            let (group, lane) = grid.slot(cell);
            let c = grid.shapes[group].centroid;
            Vector3::from([c.x, c.y, c.z].map(|c| f64::from(c.to_array()[lane])))
                + Vector3::from(cells[cell].coord.map(|x| 2.0 * f64::from(x)))
        };
        let of_cell = |cell: usize| {
            let directions = [0, 1].map(|which| direction(cell, which));
            let mut normal = Matrix3::from_diagonal_element(FIT_FLOOR);
            let mut moments = [Matrix3::zeros(); 2];
            for (axis, forward) in (0..3).flat_map(|axis| [(axis, false), (axis, true)]) {
                let mut coord = cells[cell].coord;
                let Some(x) = coord[axis].checked_add_signed(if forward { 1 } else { -1 }) else {
                    continue;
                };
                coord[axis] = x;
                for other in places.get(&coord).into_iter().flatten() {
                    let (mine, theirs) = (&cells[cell].nodes, &cells[*other].nodes);
                    if mine.iter().filter(|n| theirs.contains(n)).count() < 4 {
                        continue;
                    }
                    let way = centroid(*other) - centroid(cell);
                    normal += way * way.transpose();
                    for (which, moment) in moments.iter_mut().enumerate() {
                        let there = direction(*other, which);
                        // A fibre has no head.
                        let sign = there.dot(&directions[which]).signum();
                        *moment += (there * sign - directions[which]) * way.transpose();
                    }
                }
            }
            let inverse = normal.try_inverse().unwrap_or_else(Matrix3::zeros);
            Self { directions, gradients: moments.map(|m| m * inverse) }
        };
        (0..cells.len()).map(of_cell).collect()
    }

    /// Fibre, sheet and normal at a local coordinate from the centroid: unit vectors at right angles.
    fn frame(&self, local: [Real; 3]) -> [[f64; 3]; 3] {
        let at = Vector3::from(local.map(f64::from));
        let [f, s] = [0, 1].map(|i| self.directions[i] + self.gradients[i] * at);
        let f = normalised(f.into());
        let along: f64 = (0..3).map(|i| f[i] * s[i]).sum();
        let s = normalised(std::array::from_fn(|i| s[i] - along * f[i]));
        [f, s, cross(f, s)]
    }
}

/// One point of one cell, while the points are being gathered.
#[derive(Clone, Copy, Debug)]
struct Seed {
    local: [Real; 3],
    weight: f64,
    frame: [[f64; 3]; 3],
    law: StrainLaw,
    active: Real,
}

impl StrainPoints {
    /// The points of a scene on its finest grid.
    pub fn new(scene: &Scene, grid: &Grid) -> Self {
        let mut seeds: Vec<Vec<Seed>> = vec![Vec::new(); grid.cell_count];
        let fibres = Fibres::of(scene, grid);
        for (cell, seeds) in seeds.iter_mut().enumerate() {
            tissue_points(scene, grid, cell, fibres.get(cell), seeds);
        }
        for membrane in &scene.membranes {
            membrane_points(scene, grid, membrane, &mut seeds);
        }
        let mut all = Self::default();
        for shape in 0..grid.shapes.len() {
            let lanes: [&[Seed]; LANES] = std::array::from_fn(|lane| {
                grid.cell(shape, lane).map_or(&[][..], |cell| &seeds[cell])
            });
            let most = lanes.iter().map(|l| l.len()).max().unwrap_or(0);
            if most == 0 {
                continue;
            }
            let start = all.points.len() as u32;
            for i in 0..most {
                all.points.push(StrainPoint::of(lanes.map(|l| l.get(i))));
            }
            let cells: [Option<usize>; LANES] = std::array::from_fn(|lane| grid.cell(shape, lane));
            let lateral = cells.map(|cell| {
                let Some(cell) = cell else { return 0.0 };
                let material = usize::from(scene.lattice.cells[cell].material);
                let (mu, bulk) = scene.materials[material].law.moduli();
                let lambda = bulk - 2.0 / 3.0 * mu;
                (lambda / (lambda + 2.0 * mu)) as Real
            });
            let volume = cells.map(|cell| cell.map_or(0.0, |c| grid.volumes[c] as Real));
            all.groups.push(Group {
                shape: shape as u32,
                points: start..all.points.len() as u32,
                lateral: Lanes::new(lateral),
                volume: Lanes::new(volume),
            });
        }
        all
    }
}

impl StrainPoint {
    fn of(seeds: [Option<&Seed>; LANES]) -> Self {
        let none = Seed {
            local: [0.0; 3],
            weight: 0.0,
            frame: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            law: StrainLaw::None,
            active: 0.0,
        };
        let seeds = seeds.map(|s| s.copied().unwrap_or(none));
        let lanes =
            |part: &dyn Fn(&Seed) -> Real| Lanes::new([0, 1, 2, 3].map(|i| part(&seeds[i])));
        let vector = |part: &dyn Fn(&Seed, usize) -> Real| {
            Vector::new(lanes(&|s| part(s, 0)), lanes(&|s| part(s, 1)), lanes(&|s| part(s, 2)))
        };
        Self {
            local: vector(&|s, axis| s.local[axis]),
            weight: lanes(&|s| s.weight as Real),
            frame: [0, 1, 2].map(|row| vector(&|s, axis| s.frame[row][axis] as Real)),
            laws: seeds.map(|s| s.law),
            active: lanes(&|s| s.active),
        }
    }
}

/// Six points for fibres, one for what only the mean strain feels.
fn tissue_points(
    scene: &Scene,
    grid: &Grid,
    cell: usize,
    fibres: Option<&Fibres>,
    seeds: &mut Vec<Seed>,
) {
    let material = &scene.materials[usize::from(scene.lattice.cells[cell].material)];
    #[allow(clippy::unnecessary_cast)]
    let real = |v: f32| v as Real;
    let pair = |(a, b): (f32, f32)| (real(a), real(b));
    let law = match material.law {
        Law::NeoHookean { .. } => StrainLaw::None,
        Law::MooneyRivlin { c2: 0.0, .. } => StrainLaw::None,
        Law::MooneyRivlin { c1, c2, .. } => StrainLaw::Ogden {
            terms: [(2.0 * real(c1), 2.0), (2.0 * real(c2), -2.0)],
            base: 2.0 * (real(c1) + real(c2)),
        },
        Law::Ogden { terms, .. } => {
            StrainLaw::Ogden { terms: terms.map(pair), base: terms.iter().map(|t| real(t.0)).sum() }
        }
        Law::Guccione { c, fibre, transverse, shear, .. } => StrainLaw::Guccione {
            c: real(c),
            fibre: real(fibre),
            transverse: real(transverse),
            shear: real(shear),
        },
        Law::HolzapfelOgden { matrix, fibre, sheet, shear, .. } => StrainLaw::HolzapfelOgden {
            matrix: pair(matrix),
            fibre: pair(fibre),
            sheet: pair(sheet),
            shear: pair(shear),
        },
    };
    let active = real(material.active);
    if matches!(law, StrainLaw::None) && active == 0.0 {
        return;
    }
    let frame = |local| fibres.map_or(IDENTITY, |fibres| fibres.frame(local));
    if !material.law.has_fibres() {
        let frame = frame([0.0; 3]);
        seeds.push(Seed { local: [0.0; 3], weight: 1.0, frame, law, active });
        return;
    }
    let (group, lane) = grid.slot(cell);
    let moments = grid.shapes[group].moments;
    for (axis, moment) in [moments.x, moments.y, moments.z].into_iter().enumerate() {
        let reach = (3.0 * moment.to_array()[lane]).sqrt();
        for sign in [-1.0, 1.0] {
            let mut local = [0.0; 3];
            local[axis] = sign * reach;
            let frame = frame(local);
            seeds.push(Seed { local, weight: 1.0 / 6.0, frame, law, active });
        }
    }
}

const IDENTITY: [[f64; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

/// A membrane's triangles, gathered into one point for each cell and main direction of the surface.
fn membrane_points(scene: &Scene, grid: &Grid, membrane: &Membrane, seeds: &mut [Vec<Seed>]) {
    #[derive(Clone, Copy, Default)]
    struct Patch {
        area: f64,
        normal: [f64; 3],
        /// Σ area · local coordinate.
        moment: [f64; 3],
    }
    let lattice = &scene.lattice;
    let mut patches = BTreeMap::<(u32, usize), Patch>::new();
    let surface = &scene.surfaces[membrane.surface as usize];
    for corners in &surface.triangles {
        let corners = corners.map(|c| surface.points[c as usize]);
        let [x, y, z] = corners.map(|c| lattice.rest_position(&c).map(f64::from));
        let edge = |from: [f64; 3], to: [f64; 3]| std::array::from_fn(|i| to[i] - from[i]);
        let normal = cross(edge(x, y), edge(x, z)).map(|n| n / 2.0);
        let area = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
        if area == 0.0 {
            continue;
        }
        let centre = std::array::from_fn(|i| (x[i] + y[i] + z[i]) / 3.0);
        let (cell, local) = nearest_cell(lattice, corners.map(|c| c.cell), centre);
        let main = (0..3).max_by(|i, j| normal[*i].abs().total_cmp(&normal[*j].abs())).unwrap_or(0);
        let side = 2 * main + usize::from(normal[main] > 0.0);
        let patch = patches.entry((cell, side)).or_default();
        patch.area += area;
        for i in 0..3 {
            patch.normal[i] += normal[i];
            patch.moment[i] += area * local[i];
        }
    }
    let poisson = membrane.poisson as Real;
    #[allow(clippy::unnecessary_cast)]
    let law = StrainLaw::Sheet {
        modulus: membrane.young as Real / (1.0 - poisson * poisson),
        poisson,
        stiffening: membrane.stiffening as Real,
    };
    for ((cell, _), patch) in patches {
        let cell = cell as usize;
        let (group, lane) = grid.slot(cell);
        let centroid = grid.shapes[group].centroid;
        let centroid = [centroid.x, centroid.y, centroid.z].map(|c| c.to_array()[lane]);
        let normal = normalised(patch.normal);
        // Any direction that is not the normal's.
        let least =
            (0..3).min_by(|i, j| normal[*i].abs().total_cmp(&normal[*j].abs())).unwrap_or(0);
        let first = normalised(cross(normal, IDENTITY[least]));
        seeds[cell].push(Seed {
            local: std::array::from_fn(|i| {
                (2.0 * patch.moment[i] / patch.area - 1.0) as Real - centroid[i]
            }),
            weight: patch.area * f64::from(membrane.thickness) / grid.volumes[cell],
            frame: [first, cross(normal, first), normal],
            law,
            active: 0.0,
        });
    }
}

/// Of three cells the one that a rest position lies in or nearest to, and the local coordinate there.
fn nearest_cell(lattice: &Lattice, cells: [u32; 3], at: [f64; 3]) -> (u32, [f64; 3]) {
    let place = |cell: u32| -> [f64; 3] {
        let coord = lattice.cells[cell as usize].coord;
        std::array::from_fn(|i| {
            (at[i] - f64::from(lattice.origin[i])) / f64::from(lattice.spacing)
                - f64::from(coord[i])
        })
    };
    let outside =
        |local: [f64; 3]| -> f64 { local.iter().map(|x| (x - 0.5).abs()).fold(0.0, f64::max) };
    let [first, second, third] = cells.map(|cell| (cell, place(cell)));
    let mut best = first;
    for other in [second, third] {
        if outside(other.1) < outside(best.1) {
            best = other;
        }
    }
    best
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn normalised(v: [f64; 3]) -> [f64; 3] {
    let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length > 0.0 { v.map(|x| x / length) } else { v }
}
