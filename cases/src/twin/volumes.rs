//! Give each structure back the volume of its voxels.

use nalgebra::{DMatrix, DVector};

use super::{
    complex::{Complex, OUTSIDE},
    fair::{Receivers, Umbrellas},
    measure::{Vec3, cross, dot, norm, sub},
    parallel,
};

const ROUNDS: usize = 6;

/// Move the sheets along their smoothed normals until each structure encloses `volumes[s]` [mm³] (structure number s + 1).
///
/// With J = ∂V/∂x (one row a structure) and B = smooth⁴(M⁻¹Jᵀ), M the vertices' areas: solve (J B) λ = ΔV, then x += B λ;
/// Newton's method, because V is cubic in x. No vertex moves more than `reach` a round [mm].
pub(super) fn restore(complex: &mut Complex, umbrellas: &Umbrellas, volumes: &[f64], reach: f64) {
    let receivers = umbrellas.receivers();
    for _ in 0..ROUNDS {
        let (missing, rows) = gradients(complex, volumes);
        if missing.iter().zip(volumes).all(|(m, v)| m.abs() < 1e-5 * v) {
            break;
        }
        let directions = parallel::map(&rows, |row| direction(complex, umbrellas, &receivers, row));
        let n = volumes.len();
        let system = DMatrix::from_fn(n, n, |r, c| {
            let product = product(&rows[r], &directions[c]);
            // A structure that is nowhere on this level has an empty row: leave it alone.
            if r == c && product == 0.0 { 1.0 } else { product }
        });
        let Some(lambda) = system.lu().solve(&DVector::from_column_slice(&missing)) else {
            break;
        };
        let mut shifts = vec![[0.0; 3]; complex.positions.len()];
        for (l, direction) in lambda.iter().zip(&directions) {
            for (v, d) in direction {
                for a in 0..3 {
                    shifts[*v as usize][a] += l * d[a];
                }
            }
        }
        for (v, (position, shift)) in complex.positions.iter_mut().zip(shifts).enumerate() {
            let scale = (reach / norm(shift).max(1e-12)).min(1.0);
            for a in 0..3 {
                position[a] = complex.pinned[v][a].unwrap_or(position[a] + scale * shift[a]);
            }
        }
    }
}

/// Values at some vertices, in their order; 0 at all others.
type Sparse = Vec<(u32, Vec3)>;

fn product(a: &Sparse, b: &Sparse) -> f64 {
    let (mut sum, mut rest) = (0.0, b.as_slice());
    for (v, g) in a {
        rest = &rest[rest.iter().position(|(w, _)| w >= v).unwrap_or(rest.len())..];
        if let Some((w, d)) = rest.first()
            && w == v
        {
            sum += dot(*g, *d);
        }
    }
    sum
}

/// Missing volume of each structure, and ∂V/∂x as (vertex, gradient), a vertex once.
fn gradients(complex: &Complex, volumes: &[f64]) -> (Vec<f64>, Vec<Sparse>) {
    let mut missing = volumes.to_vec();
    let mut rows: Vec<Sparse> = vec![Vec::new(); volumes.len()];
    let base = complex.positions.first().copied().unwrap_or_default();
    for (quad, triangles) in complex.quads.iter().zip(complex.triangles()) {
        for triangle in triangles {
            let [a, b, c] = triangle.map(|v| sub(complex.positions[v as usize], base));
            let volume = dot(a, cross(b, c)) / 6.0;
            let parts = [cross(b, c), cross(c, a), cross(a, b)];
            for (owner, sign) in [(quad.below, 1.0), (quad.above, -1.0)] {
                if owner == 0 || owner == OUTSIDE {
                    continue;
                }
                let s = usize::from(owner) - 1;
                missing[s] -= sign * volume;
                rows[s].extend(
                    triangle.iter().zip(parts).map(|(&v, p)| (v, p.map(|c| sign * c / 6.0))),
                );
            }
        }
    }
    for row in &mut rows {
        row.sort_unstable_by_key(|&(v, _)| v);
        row.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                for a in 0..3 {
                    kept.1[a] += next.1[a];
                }
            }
            same
        });
    }
    (missing, rows)
}

/// smooth⁴(M⁻¹ row): where the vertices go for more volume of one structure. Each smoothing reaches one ring further, so only
/// those rings are looked at.
fn direction(
    complex: &Complex,
    umbrellas: &Umbrellas,
    receivers: &Receivers,
    row: &[(u32, Vec3)],
) -> Sparse {
    let mut field = vec![[0.0; 3]; complex.positions.len()];
    let mut active: Vec<u32> = Vec::with_capacity(2 * row.len());
    for &(v, gradient) in row {
        // |∂V/∂x| is about the vertex's area: the direction becomes the unit normal.
        let length = norm(gradient);
        if length > 0.0 {
            field[v as usize] = gradient.map(|g| g / length);
            active.push(v);
        }
    }
    for _ in 0..4 {
        let rings = active.iter().flat_map(|&v| receivers.of(v)).copied();
        let mut next: Vec<u32> = active.iter().copied().chain(rings).collect();
        next.sort_unstable();
        next.dedup();
        active = next;
        let smoothed: Vec<Vec3> = active
            .iter()
            .map(|&v| {
                let v = v as usize;
                let mean = umbrellas.mean(v, &field);
                std::array::from_fn(|a| {
                    let free = complex.pinned[v][a].is_none();
                    if free { 0.5 * (field[v][a] + mean[a]) } else { 0.0 }
                })
            })
            .collect();
        for (&v, to) in active.iter().zip(smoothed) {
            field[v as usize] = to;
        }
    }
    active.into_iter().map(|v| (v, field[v as usize])).collect()
}

impl Complex {
    /// Each quad as two triangles along its shorter diagonal, so that both sides of a wall get the same.
    pub(super) fn triangles(&self) -> impl Iterator<Item = [[u32; 3]; 2]> + '_ {
        self.quads.iter().map(|q| {
            let [a, b, c, d] = q.corners;
            let p = |v: u32| self.positions[v as usize];
            let ac = norm(sub(p(a), p(c)));
            let bd = norm(sub(p(b), p(d)));
            if ac <= bd { [[a, b, c], [a, c, d]] } else { [[a, b, d], [b, c, d]] }
        })
    }
}
