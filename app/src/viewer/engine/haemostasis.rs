//! What the engine does with bleeding: where blood lies, clamps and sealers against it, and what is told of it.

use std::collections::BTreeMap;

use solver_wasm::{
    bleeding::CLAMPS,
    lattice::Embedding,
    message::{Bleeder, Bleeding, Blood, Command, Sealer},
};
use three_d::prelude::*;

use super::Engine;
use crate::{
    simulation::Simulation,
    viewer::{
        Bled, Tool, ViewerEvent,
        instrument::{Grip, Kind},
        renderer::Film,
    },
};

/// A pointer so near to an opening, or to a clamp, means it [mm].
const NEAR: f32 = 8.0;
/// Radius of a clamp's jaws [mm].
const JAWS: f32 = 5.0;
/// Reach of a sealer [mm].
const TIP: f32 = 3.0;
/// Shortest time between two `Bleeding` events [ms].
const PERIOD: f64 = 100.0;
/// How thick blood lies where it runs [mm].
const THICKNESS: f32 = 0.6;
/// And where it oozes [mm].
const OOZED: f32 = 0.15;
/// It runs no wider than this to either side [mm].
const WIDEST: f32 = 28.0;
/// Most places where it is drawn to well up: as many as the shader looks at.
const WELLS: usize = 12;

/// Clamps, sealer, and what was told last.
#[derive(Default)]
pub struct Stanching {
    is_bipolar: bool,
    seals: bool,
    /// How each clamp lies.
    lie: BTreeMap<u8, Vec3>,
    /// The clamp that was used last.
    last_clamp: u8,
    /// What each opening did.
    doing: BTreeMap<u32, Bleeding>,
    told: Option<Bled>,
    last_told: f64,
}

impl Engine {
    fn blood(&self) -> Option<&Blood> {
        self.simulation.as_ref()?.last().blood.as_ref()
    }

    /// The opening that bleeds most.
    fn worst(&self) -> Option<&Bleeder> {
        let open = self.blood()?.bleeders.iter().filter(|b| b.doing == Bleeding::Open);
        open.max_by(|a, b| a.flow.total_cmp(&b.flow))
    }

    /// The tissue that is meant by a point of the canvas, and where it is [mm]: an opening that bleeds near it, else what lies there.
    fn meant(&mut self, at: Vec2) -> Option<(Embedding, Vec3)> {
        let (hit, body) = self.pick_soft(at.x, at.y)?;
        let away = |b: &&Bleeder| (Vec3::from(b.position) - hit.world).magnitude();
        let open = self.blood().map_or(&[][..], |blood| &blood.bleeders);
        let near = open.iter().filter(|b| b.doing == Bleeding::Open && away(b) < NEAR);
        if let Some(b) = near.min_by(|a, b| away(a).total_cmp(&away(b))) {
            return Some((b.point, hit.world));
        }
        let point = self.tissue.now().index().embed(body, hit.rest.into())?;
        Some((point, hit.world))
    }

    fn stanches(&self) -> bool {
        matches!(self.tool, Tool::Cautery | Tool::Clamp)
            && self.simulation.as_ref().is_some_and(Simulation::is_ready)
    }

    /// Seal, clamp, or take a clamp off at a point of the canvas; false beside soft tissue and with another tool.
    pub fn stanch(&mut self, at: Vec2) -> bool {
        if !self.stanches() {
            return false;
        }
        if self.tool == Tool::Clamp && self.unclamp(at) {
            return true;
        }
        let Some((point, world)) = self.meant(at) else { return false };
        self.hand.hover = Some(world);
        self.apply(point);
        true
    }

    /// The sealer moves to a point of the canvas.
    pub fn stanch_at(&mut self, at: Vec2) {
        if self.tool != Tool::Cautery {
            return;
        }
        if let Some((point, world)) = self.meant(at) {
            self.hand.hover = Some(world);
            self.apply(point);
        }
    }

    /// By keys: at the opening that bleeds most.
    pub(super) fn stanch_worst(&mut self) {
        let worst = self.worst().map(|b| (b.point, Vec3::from(b.position)));
        if let Some((point, world)) = worst.filter(|_| self.stanches()) {
            self.hand.hover = Some(world);
            self.apply(point);
        }
    }

    fn apply(&mut self, point: Embedding) {
        let command = if self.tool == Tool::Clamp {
            let closed = self.blood().map_or(&[][..], |blood| &blood.clamps);
            let mut others = (1..=CLAMPS).map(|i| (self.stanching.last_clamp + i) % CLAMPS);
            let free = others.find(|clamp| closed.iter().all(|(other, _)| other != clamp));
            let clamp = free.unwrap_or(0);
            self.stanching.last_clamp = clamp;
            let [right, up, back] = self.camera.pose().axes();
            let along = (right * 0.55 - up * 0.35 + back * 0.75).normalize();
            self.stanching.lie.insert(clamp, along);
            Command::Clamp { clamp, point: Some(point), radius: JAWS }
        } else {
            self.stanching.seals = true;
            let is_bipolar = self.stanching.is_bipolar;
            Command::Coagulate(Some(Sealer { point, reach: TIP, is_bipolar }))
        };
        if let Some(simulation) = &mut self.simulation {
            simulation.command(command);
        }
        self.dirty = true;
    }

    /// Take the clamp off that lies under a point of the canvas; was there one?
    fn unclamp(&mut self, at: Vec2) -> bool {
        let Some((hit, _)) = self.pick_soft(at.x, at.y) else { return false };
        let clamps = self.blood().map_or(&[][..], |blood| &blood.clamps);
        let near = clamps.iter().find(|(_, at)| (Vec3::from(*at) - hit.world).magnitude() < NEAR);
        let Some((clamp, _)) = near.copied() else { return false };
        if let Some(simulation) = &mut self.simulation {
            simulation.command(Command::Clamp { clamp, point: None, radius: JAWS });
        }
        self.dirty = true;
        true
    }

    pub(super) fn lift_sealer(&mut self) {
        if !std::mem::take(&mut self.stanching.seals) {
            return;
        }
        if let Some(simulation) = &mut self.simulation {
            simulation.command(Command::Coagulate(None));
        }
    }

    /// Seal with bipolar jaws from now on, or with a monopolar tip.
    pub fn set_bipolar(&mut self, is_bipolar: bool) {
        self.stanching.is_bipolar = is_bipolar;
    }

    /// Blood moved on: draw it, and tell it.
    pub(super) fn follow_blood(&mut self, now: f64) {
        let blood = self.blood().cloned().unwrap_or_default();
        self.draw_blood(&blood);
        for bleeder in &blood.bleeders {
            let before = self.stanching.doing.insert(bleeder.id, bleeder.doing);
            let stops = matches!(bleeder.doing, Bleeding::Clamped | Bleeding::Sealed);
            let structures = &self.pack.manifest.structures;
            let structure = structures.iter().position(|s| s.label == bleeder.label);
            if let (true, Some(Bleeding::Open), Some(structure)) = (stops, before, structure) {
                let event = ViewerEvent::Stanched(structure, bleeder.calibre, bleeder.doing);
                self.events.push(event);
            }
        }
        self.stanching.doing.retain(|id, _| blood.bleeders.iter().any(|b| b.id == *id));
        self.tell_blood(now);
    }

    fn draw_blood(&mut self, blood: &Blood) {
        let lattice = self.tissue.now().lattice();
        let mut most: Vec<&Bleeder> = blood.bleeders.iter().filter(|b| b.lost > 0.0).collect();
        most.sort_by(|a, b| b.lost.total_cmp(&a.lost));
        // A strip with round ends, two and a half times as long as it is wide to either side.
        let radius = |lost: f32| (1e3 * lost / THICKNESS / (5.0 + std::f32::consts::PI)).sqrt();
        let well = |b: &&Bleeder| {
            let at = lattice.cells.get(b.point.cell as usize)?;
            let at = [0, 1, 2].map(|a| {
                let local = f32::from(at.coord[a]) + b.point.local[a];
                lattice.origin[a] + lattice.spacing * local
            });
            Some(Vec3::from(at).extend(radius(b.lost).clamp(0.5, WIDEST)))
        };
        let wells = most.iter().filter_map(well).take(WELLS).collect();
        let gravity = Vec3::from(self.pack.scene.gravity);
        let down = if gravity.magnitude() > 0.0 { gravity.normalize() } else { Vec3::zero() };
        let from_vessels: f32 = blood.bleeders.iter().map(|b| b.lost).sum();
        let oozed = (blood.lost - from_vessels).max(0.0);
        // Both lips.
        let area = 2.0 * self.tissue.now().areas().values().sum::<f32>();
        let cover = if area > 0.0 { (1e3 * oozed / (area * OOZED)).min(1.0) } else { 0.0 };
        self.scene.blood = Film { wells, down, cover };
        let grip = |(clamp, at): &(u8, [f32; 3])| {
            let along = self.stanching.lie.get(clamp).copied().unwrap_or(Vec3::unit_z());
            Grip { kind: Kind::Clamp, tip: Vec3::from(*at) - along * 3.0, along, closed: 1.0 }
        };
        self.scene.clamps = blood.clamps.iter().map(grip).collect();
    }

    /// Tell what is lost, if that has changed and enough time has passed.
    pub(super) fn tell_blood(&mut self, now: f64) {
        let told = self.blood().map(|blood| {
            let open = blood.bleeders.iter().filter(|b| b.doing == Bleeding::Open);
            let widest = open.clone().map(|b| b.calibre).fold(0.0, f32::max);
            let (lost, rate, clamps) = (blood.lost, blood.rate, blood.clamps.len());
            Bled { lost, rate, open: open.count(), widest, clamps }
        });
        if told != self.stanching.told && now - self.stanching.last_told >= PERIOD {
            if now.is_finite() {
                self.stanching.last_told = now;
            }
            self.stanching.told = told;
            self.events.push(ViewerEvent::Bleeding(told));
        }
    }
}
