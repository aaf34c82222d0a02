//! Bleeding of what was cut, and what is done against it.

use super::{Loaded, Refusal};
use crate::{
    bleeding::{CLAMPS, Ground, LOOK_PERIOD},
    lattice::Embedding,
    message::{Blood, Sealer},
    real::{Lanes, to_f32},
    scene::embedding_is_sound,
};

/// The widest jaws, and the farthest reach of a sealer [mm].
const WIDEST: f32 = 50.0;

impl Loaded {
    fn ground(&self) -> Ground<'_> {
        Ground {
            vessels: &self.vessels,
            scene: &self.tissue.scene,
            incisions: self.tissue.incisions(),
        }
    }

    fn check_jaws(&self, point: &Embedding, radius: f32) -> Result<(), Refusal> {
        if !embedding_is_sound(point, self.tissue.scene.lattice.cells.len()) {
            return Err(Refusal::Jaws("names a cell that is not there; pick the tissue again"));
        }
        if !(radius > 0.0 && radius <= WIDEST) {
            return Err(Refusal::Jaws("reaches nowhere, or over 50 mm; use a radius in between"));
        }
        Ok(())
    }

    /// Close a clamp, or open it.
    pub(super) fn clamp(
        &mut self,
        clamp: u8,
        point: Option<Embedding>,
        radius: f32,
    ) -> Result<(), Refusal> {
        if clamp >= CLAMPS {
            return Err(Refusal::Jaws("has a number beyond 15; there are 16 of them"));
        }
        match point {
            Some(point) => {
                self.check_jaws(&point, radius)?;
                self.wounds.clamp(&self.tissue.scene.lattice, clamp, &point, radius);
            }
            None => self.wounds.unclamp(clamp),
        }
        Ok(())
    }

    /// Hold a sealer to the tissue, or take it away.
    pub(super) fn seal(&mut self, sealer: Option<Sealer>) -> Result<(), Refusal> {
        if let Some(sealer) = &sealer {
            self.check_jaws(&sealer.point, sealer.reach)?;
        }
        let mut wounds = std::mem::take(&mut self.wounds);
        wounds.seal(&self.ground(), sealer.map(|s| (s.point, s.reach, s.is_bipolar)));
        self.wounds = wounds;
        Ok(())
    }

    /// Bleed for a step.
    pub(super) fn bleed(&mut self) {
        if self.tissue.scene.perfusion.is_empty() || self.tissue.is_whole() {
            return;
        }
        let is_time = self.state.step.is_multiple_of(LOOK_PERIOD);
        let mut wounds = std::mem::take(&mut self.wounds);
        // While the blade is under way every look would find a little more.
        if wounds.is_stale() && (is_time || !self.blade.is_down()) {
            wounds.look(&self.ground());
        }
        if is_time {
            self.room = self.room();
        }
        wounds.bleed(&self.vessels.supplies, f64::from(self.control.dt), self.room);
        self.wounds = wounds;
    }

    /// What the open wounds hold [mL]: across each link that is parted its share of the lips times how far they are apart. That is the
    /// volume between them as long as the tissue is not turned.
    fn room(&self) -> f64 {
        let (lattice, moved) = (self.solver.model().lattice(), &self.state.displacements);
        let face = (0.25 * f64::from(lattice.spacing)).powi(2);
        let apart = |(axis, lips): &(usize, [Embedding; 2])| {
            let [a, b]: [Lanes; 2] = lips.map(|lip| lattice.displacement(moved, &lip));
            f64::from(to_f32(b - a)[*axis])
        };
        (1e-3 * face * self.lips.iter().map(apart).sum::<f64>()).max(0.0)
    }

    /// Blood as it is, once anything bleeds or is clamped.
    pub(super) fn blood(&self) -> Option<Blood> {
        (!self.wounds.is_idle()).then(|| self.wounds.blood(&self.ground(), &self.state))
    }
}
