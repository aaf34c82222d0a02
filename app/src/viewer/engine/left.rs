//! The left hand: forceps that hold tissue aside while the right hand works.

use solver_wasm::message::Command;
use three_d::prelude::*;

use super::Engine;
use crate::{
    simulation::Simulation,
    viewer::{
        ViewerEvent,
        embedding::displacement,
        hand::{Hold, LEFT},
        instrument::{Grip, Kind},
    },
};

impl Engine {
    /// Close the left forceps on the tissue under a point of the canvas, where the pointer is, or in the middle of the view; they
    /// follow until [`Engine::leave_left`]. Closed ones open. False beside tissue.
    pub fn take_left(&mut self, at: Option<Vec2>) -> bool {
        if self.left.hold.is_some() {
            self.open_left();
            return false;
        }
        if !self.simulation.as_ref().is_some_and(Simulation::is_ready) {
            return false;
        }
        let at = at.or(self.hover_at).unwrap_or_else(|| self.camera.free_centre());
        let Some((hit, body)) = self.pick_soft(at.x, at.y) else { return false };
        let Some(point) = self.tissue.now().index().embed(body, hit.rest.into()) else {
            return false;
        };
        let hold = Hold::new(Kind::Forceps, hit.structure, point, [hit.rest, hit.world], false);
        if let Some(simulation) = &mut self.simulation {
            hold.begin(LEFT).into_iter().for_each(|command| simulation.command(command));
        }
        self.left.kind = Some(Kind::Forceps);
        self.left.hold = Some(hold);
        self.left_follows = true;
        self.events.push(ViewerEvent::Held(Some(0.0)));
        self.dirty = true;
        true
    }

    /// The left hand stays where it is.
    pub fn leave_left(&mut self) {
        self.left_follows = false;
    }

    /// The left hand moves to a point of the canvas, if it follows.
    pub fn pull_left(&mut self, at: Vec2) {
        let Some(hold) = self.left.hold.as_mut().filter(|_| self.left_follows) else { return };
        hold.target = self.camera.on_view_plane(at.x, at.y, hold.start);
        self.move_left();
    }

    /// The left hand moves by so much in the view's plane [mm], if it follows; did it?
    pub(super) fn nudge_left(&mut self, right: f32, up: f32) -> bool {
        let [r, u, _] = self.camera.pose().axes();
        let Some(hold) = self.left.hold.as_mut().filter(|_| self.left_follows) else {
            return false;
        };
        hold.target += r * right + u * up;
        self.move_left();
        true
    }

    fn move_left(&mut self) {
        if let (Some(hold), Some(simulation)) = (&self.left.hold, &mut self.simulation) {
            simulation.command(Command::Move { tool: LEFT, position: hold.target.into() });
        }
    }

    /// Open the left forceps.
    pub fn open_left(&mut self) {
        self.left_follows = false;
        if self.left.release().is_none() {
            return;
        }
        self.left.kind = None;
        if let Some(simulation) = &mut self.simulation {
            simulation.command(Command::Release { tool: LEFT });
        }
        self.events.push(ViewerEvent::Held(None));
        self.dirty = true;
    }

    /// The left forceps as drawn, and whether they still move.
    pub(super) fn advance_left(&mut self, dt: f32) -> (Option<Grip>, bool) {
        let lattice = self.tissue.now().lattice();
        let held = self.left.hold.as_ref().map(|hold| {
            let moved = |n: &[[f32; 4]]| hold.rest + displacement(lattice, &hold.point, n);
            self.simulation.as_ref().map_or(hold.start, |s| s.with_nodal(moved))
        });
        self.left.advance(dt, held, &self.camera)
    }

    /// Measure how hard the left hand pulls.
    pub(super) fn feel_left(&mut self, now: f64) {
        let Some(simulation) = &self.simulation else { return };
        let force = simulation.last().tools.iter().find(|t| t.tool == LEFT);
        let force = force.map_or(0.0, |t| Vec3::from(t.force).magnitude() * 1e-3);
        if self.left.measure(force, 0.0, now).is_some() {
            self.events.push(ViewerEvent::Held(Some(force)));
        }
    }
}
