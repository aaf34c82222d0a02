//! Vessel trees that no scan shows, grown into an organ by constrained constructive optimisation.
//!
//! Method: Schreiner and Buxbaum, IEEE Trans Biomed Eng 40 (1993) 482–491, in three dimensions as Karch et al., Comput Biol Med
//! 29 (1999) 19–38. Trunks are placed by anatomy; a branch after another is added where it costs the least blood volume, so that
//! every end delivers the same flow at the same pressure and radii follow Murray's law at each fork (`vessels/grow.rs`).

mod grow;
mod tree;

use schemars::JsonSchema;
use serde::Deserialize;

use self::grow::Growth;
pub use self::tree::{Branch, Tree};
use super::{Workpiece, depth::depth, tube::draw};

/// Grow a tree of vessels from its trunks and draw it into the labels.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vessels {
    /// Label of the vessels.
    pub label: u16,
    /// The large vessels, from the first to those that leave it.
    pub trunks: Vec<Trunk>,
    /// Labels of the tissue that is supplied; branches stay inside of it.
    pub within: Vec<u16>,
    /// Labels that the drawn vessels may replace beside that: 0 for trunks outside of the organ.
    #[serde(default)]
    pub over: Vec<u16>,
    /// Ends of the tree; each supplies the same share of the tissue.
    pub ends: u32,
    /// Radius of the first trunk [mm].
    pub radius: f64,
    /// Exponent of Murray's law at each fork: radius of the parent to this power is the sum of those of the children; 3 is Murray's own.
    #[serde(default = "murray")]
    pub exponent: f64,
    /// Vessels thinner than this are not drawn [mm]: about a voxel.
    pub thinnest: f64,
    /// Ends keep this far from the surface of the organ [mm].
    pub margin: f64,
    /// Seed of where ends are tried.
    pub seed: u64,
}

/// A large vessel, placed by anatomy.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    /// Name, for those that leave it.
    pub id: String,
    /// The trunk from whose end it leaves; the first one has none.
    pub from: Option<String>,
    /// Points of its axis in the direction away from the root, in the patient's axes [mm]; it begins at the end of `from`.
    pub path: Vec<[f64; 3]>,
    /// Labels whose tissue its branches supply; empty for one that only leads on.
    #[serde(default)]
    pub supplies: Vec<u16>,
}

fn murray() -> f64 {
    3.0
}

impl Vessels {
    pub(super) fn faults(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut faults = Vec::new();
        for (i, trunk) in self.trunks.iter().enumerate() {
            let known = |id: &String| self.trunks[..i].iter().any(|other| other.id == *id);
            let led = match &trunk.from {
                Some(from) => known(from),
                None => i == 0,
            };
            if !led {
                let reason = format!("{}: leaves no trunk that stands before it", trunk.id);
                faults.push(("trunks", reason, "name the trunk from whose end it leaves"));
            }
            if trunk.path.len() < if trunk.from.is_none() { 2 } else { 1 } {
                let reason = format!("{}: its path has no length", trunk.id);
                faults.push(("trunks", reason, "give more points"));
            }
        }
        if self.trunks.is_empty() {
            faults.push(("trunks", "is empty".to_owned(), "place at least one"));
        }
        if !(1..=20_000).contains(&self.ends) {
            faults.push(("ends", format!("is {}", self.ends), "write 1 to 20000"));
        }
        if !(2.0..=4.0).contains(&self.exponent) {
            faults.push(("exponent", format!("is {}", self.exponent), "write 2 to 4, 3 by Murray"));
        }
        if !(0.1..=30.0).contains(&self.radius) {
            faults.push(("radius", format!("is {} mm", self.radius), "write 0.1 to 30 mm"));
        }
        faults
    }

    pub(super) fn apply(&self, work: &mut Workpiece) -> Result<(), String> {
        let tree = self.grow(work)?;
        let over: Vec<u16> = self.within.iter().chain(&self.over).copied().collect();
        tree.draw(self.thinnest, &mut |ends, radius| {
            draw(&mut work.labels, ends, radius, self.label, &over);
        });
        Ok(())
    }

    /// The tree itself: axes and radii of all its branches, drawn or not.
    ///
    /// # Errors
    /// Tissue or room for the ends is missing, in words.
    pub fn grow(&self, work: &Workpiece) -> Result<Tree, String> {
        let labels = &work.labels;
        let is_within = |i: usize| self.within.contains(&labels.values[i]);
        let depths = depth(&labels.grid, is_within);
        // Ends of a trunk that supplies named labels lie in those; others anywhere in the organ.
        let supplied: Vec<u16> =
            self.trunks.iter().flat_map(|trunk| trunk.supplies.iter().copied()).collect();
        let places: Vec<u32> = (0..labels.grid.len())
            .filter(|&i| f64::from(depths[i]) >= self.margin && is_within(i))
            .filter(|&i| supplied.is_empty() || supplied.contains(&labels.values[i]))
            .map(|i| i as u32)
            .collect();
        if places.is_empty() {
            return Err(format!(
                "no tissue of the labels {:?} lies {} mm below the surface",
                self.within, self.margin
            ));
        }
        Growth::new(self, labels, &depths, &places).run()
    }
}
