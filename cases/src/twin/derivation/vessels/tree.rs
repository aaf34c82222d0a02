//! A tree of vessels with the laws that give its radii.
//!
//! Every end carries the flow 1 at the same pressure, flow is Poiseuille's. With R the resistance of a subtree whose first vessel has
//! radius 1 (in units of 8η/π), children i of a fork have radii in proportion to (Qᵢ Rᵢ)^¼ and, by Murray's law, Σ βᵢᵞ = 1 with
//! βᵢ = rᵢ / r_parent. So R = l + 1 / Σ (βᵢ⁴ / Rᵢ), and the blood of the subtree is V = l + Σ βᵢ² Vᵢ, both in steps from the ends to
//! the root [Schreiner and Buxbaum 1993].

/// A straight piece of a vessel.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Where it begins, nearer to the root, in the patient's axes [mm].
    pub from: [f64; 3],
    /// Where it ends [mm].
    pub to: [f64; 3],
    /// Radius [mm].
    pub radius: f64,
    /// Ends that it supplies.
    pub flow: u32,
    /// The branch before it; none for the first.
    pub parent: Option<usize>,
    /// Those that leave its end.
    pub children: Vec<usize>,
    /// Index of the trunk that it is a part or a descendant of.
    pub trunk: usize,
    /// Is it a piece of the trunk itself, whose place was given?
    pub given: bool,
}

/// A tree of vessels; the first branch is the root.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Its branches; a parent may stand after its children.
    pub branches: Vec<Branch>,
    /// Exponent of Murray's law that its radii obey.
    pub exponent: f64,
}

impl Tree {
    /// Indices of the branches that end in tissue.
    pub fn ends(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.branches.len()).filter(|&b| self.branches[b].children.is_empty())
    }

    /// Call `line` with the ends and the radius of every branch of at least `thinnest` mm, and of all of the trunks.
    pub(super) fn draw(&self, thinnest: f64, line: &mut dyn FnMut([[f64; 3]; 2], f64)) {
        for branch in &self.branches {
            if branch.radius >= thinnest || branch.given {
                line([branch.from, branch.to], branch.radius.max(thinnest));
            }
        }
    }
}

/// What is known of a subtree whose first vessel has radius 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Ends.
    pub(super) flow: f64,
    /// Resistance [8η/π mm⁻³].
    pub(super) resistance: f64,
    /// Volume over π [mm].
    pub(super) volume: f64,
}

impl Load {
    /// A vessel of this length that ends in tissue.
    pub(super) fn end(length: f64) -> Self {
        Self { flow: 1.0, resistance: length, volume: length }
    }

    /// A vessel of this length that leads to `children`.
    pub(super) fn leading(length: f64, children: &[Self], exponent: f64) -> Self {
        let (mut conductance, mut volume) = (0.0, 0.0);
        for (child, beta) in children.iter().zip(shares(children, exponent)) {
            conductance += beta.powi(4) / child.resistance;
            volume += beta * beta * child.volume;
        }
        Self {
            flow: children.iter().map(|c| c.flow).sum(),
            resistance: length + 1.0 / conductance,
            volume: length + volume,
        }
    }

    /// Blood in the whole tree if this is its root and the pressure is given, up to a factor: r² V with r⁴ = Q R.
    pub(super) fn cost(&self) -> f64 {
        (self.flow * self.resistance).sqrt() * self.volume
    }
}

/// Radius of each child over that of the parent.
pub(super) fn shares(children: &[Load], exponent: f64) -> Vec<f64> {
    let sizes: Vec<f64> = children.iter().map(|c| (c.flow * c.resistance).sqrt().sqrt()).collect();
    let sum: f64 = sizes.iter().map(|s| s.powf(exponent)).sum();
    sizes.iter().map(|s| s / sum.powf(1.0 / exponent)).collect()
}
