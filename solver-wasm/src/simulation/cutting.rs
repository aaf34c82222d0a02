//! Cuts: at once where nothing resists, by the blade's force where tissue is tough.

use super::{Loaded, Refusal};
use crate::{blade::Ground, incision::Edge, message::Change};

impl Loaded {
    /// The hand moves the blade's edge.
    pub(super) fn cut(&mut self, from: &Edge, to: &Edge) -> Result<(), Refusal> {
        if self.tissue.scene.materials.iter().any(|m| m.toughness > 0.0) {
            if let Some(passed) = self.blade.want(from, to) {
                self.sever_or_lift(&[passed]);
            }
            Ok(())
        } else {
            self.sever(&[[*from, *to]])
        }
    }

    /// The blade goes on for a step, before the tissue does.
    pub(super) fn press(&mut self) {
        self.control.blade.clear();
        if !self.blade.is_down() {
            return;
        }
        let dt = f64::from(self.control.dt);
        let ground = Ground::new(&self.tissue.scene, self.tissue.incisions());
        let cuts = self.blade.go_on(&ground, dt);
        if !cuts.is_empty() {
            self.sever_or_lift(&cuts);
        }
        // What is ahead may be in other cells by now.
        let ground = Ground::new(&self.tissue.scene, self.tissue.incisions());
        self.blade.push(&ground, &self.state, &mut self.control.blade);
    }

    /// Take the blade out of the tissue; the rest of its way is dropped.
    pub(super) fn lift(&mut self) {
        self.control.blade.clear();
        if let Some(passed) = self.blade.lift() {
            self.sever_or_lift(&[passed]);
        }
    }

    /// A lattice that would have too many cells is cut no further, and that is reported; a step is never refused.
    fn sever_or_lift(&mut self, cuts: &[[Edge; 2]]) {
        if self.sever(cuts).is_err() {
            self.blade.lift();
            self.tally.contained = self.tally.contained.saturating_add(1);
        }
    }

    fn sever(&mut self, cuts: &[[Edge; 2]]) -> Result<(), Refusal> {
        self.keep_uncut();
        let before = self.solver.model();
        let cut = self.tissue.cut(before, &mut self.state, cuts)?;
        if let Some(model) = cut {
            self.take_up(model);
            self.wounds.touch();
        }
        self.changes.extend(cuts.iter().map(|[from, to]| Change::Cut { from: *from, to: *to }));
        Ok(())
    }
}
