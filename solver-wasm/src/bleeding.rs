//! Blood from vessels and tissue that a blade has opened, what stops it, and how much is lost.
//!
//! An opening is where links inside a vessel are severed ([`openings`]). Its flow Q [m³/s] is what the pressure Δp drives through the
//! way to it and the opening itself, ρ Q² / (2 C² A²) + 128 μ ℓ Q / (π d⁴) = Δp: an orifice of area A behind a tube of the calibre
//! d = √(4 A/π) and the length ℓ = 100 d. The tube stands for the conduit from the great vessel, whose length to calibre is of that order. All
//! openings of a structure together get no more than its supply, all of the body no more than the heart's output. The pressure does not fall
//! with what is lost, so no shock is modelled.
//!
//! Each vessel was one or several trees. Of what a cut leaves of a tree the largest part is fed; the others bleed back through
//! collaterals with a share of the pressure. What hangs on a piece of tissue that is cut off gives only what it holds.
//!
//! Tissue without vessels of its own oozes: a rate for each area of either lip, which dies down as it clots. So do small openings; larger ones
//! are clamped or sealed, or bleed on. Blood stays in the wound as far as that gapes; the rest is spilled. Constants without a source
//! are modelling choices.

mod openings;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub(crate) use self::openings::Vessels;
use self::openings::{Openings, Site};
use crate::{
    incision::Incisions,
    lattice::Embedding,
    message::{Bleeder, Bleeding, Blood},
    real::to_f32,
    scene::{Scene, Supply},
    state::State,
};

/// Density of blood [kg/m³].
pub const DENSITY: f64 = 1060.0;
/// Viscosity of blood where vessels are larger than half a millimetre [Pa s].
pub const VISCOSITY: f64 = 3.5e-3;
/// Discharge coefficient of a sharp-edged orifice.
pub const DISCHARGE: f64 = 0.6;
/// Length of the way to an opening, in calibres.
pub const CONDUIT: f64 = 100.0;
/// What the heart gives [mL/min].
pub const CARDIAC_OUTPUT: f64 = 5_000.0;
/// Openings up to this calibre close by themselves [mm].
pub const CLOTTING_CALIBRE: f64 = 1.5;
/// In this time [s]; skin bleeds for two to seven minutes from a standard cut.
pub const CLOTTING_TIME: f64 = 240.0;
/// Time in which oozing falls to 1/e [s].
pub const OOZING_TIME: f64 = 180.0;
/// The largest calibre that a monopolar tip seals, and a bipolar vessel sealer [mm; Kennedy et al. 1998].
pub const SEALED_CALIBRES: [f64; 2] = [2.0, 7.0];
/// How long either must be held to it [s].
pub const SEALING_TIMES: [f64; 2] = [1.0, 2.0];
/// Time in which oozing under a tip falls to 1/e [s].
const DRYING_TIME: f64 = 0.3;
/// A sealed opening that is cut so much larger bleeds anew.
const REOPENED: f64 = 1.2;
/// An opening of whose area less than this share is outside of clamps is clamped.
const CLAMPED: f64 = 0.05;
/// Steps between two looks at what a blade under way has opened.
pub(crate) const LOOK_PERIOD: u64 = 6;
/// Most clamps.
pub const CLAMPS: u8 = 16;

const PASCAL: f64 = 133.322;
/// mL/min in m³/s.
const ML_MIN: f64 = 6e7;

/// Flow out of an opening [mL/min]: area [mm²], pressure [mmHg].
pub fn flow(area: f64, pressure: f64) -> f64 {
    if area <= 0.0 || pressure <= 0.0 {
        return 0.0;
    }
    let a = area * 1e-6;
    let d = calibre(area) * 1e-3;
    let orifice = DENSITY / (2.0 * DISCHARGE * DISCHARGE * a * a);
    let tube = 128.0 * VISCOSITY * CONDUIT / (std::f64::consts::PI * d * d * d);
    // The positive root, without a difference of like numbers.
    let p = PASCAL * pressure;
    ML_MIN * 2.0 * p / (tube + (tube * tube + 4.0 * orifice * p).sqrt())
}

/// Calibre of a round opening [mm] of an area [mm²].
pub fn calibre(area: f64) -> f64 {
    (4.0 * area / std::f64::consts::PI).sqrt()
}

/// What has become of an opening.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    /// How long a sealer was held to it [s].
    held_to: f64,
    /// Its area when it was sealed [mm²].
    sealed: Option<f64>,
    /// How far it has clotted, 0 to 1.
    clot: f64,
    /// What it lost [mL].
    lost: f64,
    /// What it has left to lose, once it is cut off [mL].
    left: Option<f64>,
    /// What it loses [mL/min].
    flow: f64,
}

/// Tissue that oozes, in one place of the lattice.
#[derive(Clone, Copy, Debug, Default)]
struct Patch {
    /// What it could lose when it was fresh, and loses now [mL/min].
    fresh: f64,
    now: f64,
}

/// Jaws on the tissue.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grip {
    seed: [i32; 3],
    radius: f64,
}

/// Blood as it is: cheap to keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wounds {
    openings: Arc<Openings>,
    fates: BTreeMap<u32, Fate>,
    patches: Arc<BTreeMap<[u16; 3], Patch>>,
    /// What all patches lose [mL/min].
    oozing: f64,
    clamps: BTreeMap<u8, Grip>,
    sealer: Option<Sealer>,
    /// [mL]
    lost: f64,
    pooled: f64,
    /// Are the openings other than they were found?
    is_stale: bool,
}

/// A tip held to the tissue.
#[derive(Clone, Debug)]
struct Sealer {
    grip: Grip,
    is_bipolar: bool,
    /// Samples under it, and the places of their cells.
    samples: BTreeSet<u64>,
    places: BTreeSet<[u16; 3]>,
}

/// The tissue that bleeds.
pub(crate) struct Ground<'a> {
    pub vessels: &'a Vessels,
    pub scene: &'a Scene,
    pub incisions: &'a Incisions,
}

impl Wounds {
    /// Something was cut, or a clamp moved.
    pub fn touch(&mut self) {
        self.is_stale = true;
    }

    /// Are the openings to be looked for?
    pub fn is_stale(&self) -> bool {
        self.is_stale
    }

    /// Does nothing bleed, and did nothing?
    pub fn is_dry(&self) -> bool {
        self.lost == 0.0 && self.openings.list.is_empty() && self.patches.is_empty()
    }

    /// Nor is anything clamped?
    pub fn is_idle(&self) -> bool {
        self.is_dry() && self.clamps.is_empty()
    }

    /// Close a clamp on the tissue around a point.
    pub fn clamp(
        &mut self,
        lattice: &crate::lattice::Lattice,
        clamp: u8,
        point: &Embedding,
        radius: f32,
    ) {
        let grip = Grip { seed: openings::sample_of(lattice, point), radius: f64::from(radius) };
        self.clamps.insert(clamp, grip);
        self.touch();
    }

    /// Open it.
    pub fn unclamp(&mut self, clamp: u8) {
        if self.clamps.remove(&clamp).is_some() {
            self.touch();
        }
    }

    /// Hold a sealer to the tissue around a point, or take it away.
    pub fn seal(&mut self, ground: &Ground, tip: Option<(Embedding, f32, bool)>) {
        self.sealer = tip.map(|(point, reach, is_bipolar)| {
            let seed = openings::sample_of(&ground.scene.lattice, &point);
            let grip = Grip { seed, radius: f64::from(reach) };
            let mut sealer =
                Sealer { grip, is_bipolar, samples: BTreeSet::new(), places: BTreeSet::new() };
            sealer.find(ground);
            sealer
        });
    }

    /// Look for what is open.
    pub fn look(&mut self, ground: &Ground) {
        self.is_stale = false;
        let site = Site::new(ground);
        let mut clamped = BTreeSet::new();
        for grip in self.clamps.values() {
            clamped.append(&mut site.within(grip.seed, grip.radius));
        }
        let openings = site.openings(&clamped, &self.openings);
        // What closed for good is kept, for what it has lost.
        for opening in &openings.list {
            let fate = self.fates.entry(opening.id).or_default();
            if fate.sealed.is_some_and(|area| opening.area > REOPENED * area) {
                (fate.sealed, fate.held_to) = (None, 0.0);
            }
            fate.left = opening.held.map(|held| fate.left.unwrap_or(held));
        }
        self.openings = Arc::new(openings);
        let fresh = site.oozing();
        let patches = Arc::make_mut(&mut self.patches);
        for (place, fresh) in fresh {
            let patch = patches.entry(place).or_default();
            patch.now += (fresh - patch.fresh).max(0.0);
            patch.fresh = fresh;
        }
        self.oozing = patches.values().map(|p| p.now).sum();
        if let Some(sealer) = &mut self.sealer {
            sealer.find(ground);
        }
    }

    /// Bleed for a step of `dt` [s]; the wound holds `room` [mL].
    pub fn bleed(&mut self, supplies: &[Supply], dt: f64, room: f64) {
        if self.is_dry() {
            return;
        }
        self.hold(dt);
        let mut by_label: BTreeMap<u8, f64> = BTreeMap::new();
        for opening in &self.openings.list {
            let Some(fate) = self.fates.get_mut(&opening.id) else { continue };
            let supply = supplies.get(usize::from(opening.label)).copied().unwrap_or_default();
            let Supply::Vessel { pressure, backflow, .. } = supply else { continue };
            let share = if opening.is_fed { 1.0 } else { f64::from(backflow) };
            let open = if fate.sealed.is_some() { 0.0 } else { opening.open };
            fate.flow = (1.0 - fate.clot) * flow(open, share * f64::from(pressure));
            if fate.left == Some(0.0) {
                fate.flow = 0.0;
            }
            if open > 0.0 && calibre(opening.area) <= CLOTTING_CALIBRE {
                fate.clot = (fate.clot + dt / CLOTTING_TIME).min(1.0);
            }
            *by_label.entry(opening.label).or_insert(0.0) += fate.flow;
        }
        let minutes = dt / 60.0;
        let capped: BTreeMap<u8, f64> = by_label
            .iter()
            .map(|(label, flow)| {
                let supply = match supplies.get(usize::from(*label)) {
                    Some(Supply::Vessel { supply, .. }) => f64::from(*supply),
                    _ => 0.0,
                };
                (*label, if *flow > supply { supply / flow } else { 1.0 })
            })
            .collect();
        let all: f64 = by_label.iter().map(|(label, flow)| flow * capped[label]).sum();
        let whole = if all > CARDIAC_OUTPUT { CARDIAC_OUTPUT / all } else { 1.0 };
        let mut lost = self.oozing * minutes;
        for opening in &self.openings.list {
            let Some(fate) = self.fates.get_mut(&opening.id) else { continue };
            fate.flow *= whole * capped.get(&opening.label).copied().unwrap_or(0.0);
            let mut volume = fate.flow * minutes;
            if let Some(left) = &mut fate.left {
                volume = volume.min(*left);
                *left -= volume;
            }
            fate.lost += volume;
            lost += volume;
        }
        self.lost += lost;
        self.pooled = (self.pooled + lost).min(room);
        self.dry(dt);
    }

    /// The sealer works.
    fn hold(&mut self, dt: f64) {
        let Some(sealer) = &self.sealer else { return };
        let kind = usize::from(sealer.is_bipolar);
        for opening in &self.openings.list {
            let Some(fate) = self.fates.get_mut(&opening.id) else { continue };
            let is_under = opening.samples.iter().any(|s| sealer.samples.contains(s));
            if !is_under || fate.sealed.is_some() || calibre(opening.area) > SEALED_CALIBRES[kind] {
                continue;
            }
            fate.held_to += dt;
            if fate.held_to >= SEALING_TIMES[kind] {
                fate.sealed = Some(opening.area);
            }
        }
    }

    /// Oozing dies down, at once under a sealer.
    fn dry(&mut self, dt: f64) {
        if self.oozing < 1e-6 {
            return;
        }
        let slow = 1.0 / (1.0 + dt / OOZING_TIME);
        let fast = 1.0 / (1.0 + dt / DRYING_TIME);
        let mut all = 0.0;
        for (place, patch) in Arc::make_mut(&mut self.patches) {
            let is_under = self.sealer.as_ref().is_some_and(|s| s.places.contains(place));
            patch.now *= if is_under { fast } else { slow };
            all += patch.now;
        }
        self.oozing = all;
    }

    /// As it is told.
    pub fn blood(&self, ground: &Ground, state: &State) -> Blood {
        let lattice = &ground.scene.lattice;
        let mut bleeders = Vec::new();
        for opening in &self.openings.list {
            let Some(fate) = self.fates.get(&opening.id) else { continue };
            let doing = if fate.sealed.is_some() {
                Bleeding::Sealed
            } else if opening.open < CLAMPED * opening.area {
                Bleeding::Clamped
            } else if fate.clot >= 1.0 {
                Bleeding::Clotted
            } else if fate.left == Some(0.0) {
                Bleeding::Empty
            } else {
                Bleeding::Open
            };
            let turned = lattice.deformation_gradient(&state.displacements, &opening.place);
            #[allow(clippy::unnecessary_cast)]
            let turned = turned.map(|x| x as f64) * opening.outward;
            let outward = turned.try_normalize(1e-9).unwrap_or_default();
            bleeders.push(Bleeder {
                id: opening.id,
                label: opening.label,
                point: opening.place,
                position: to_f32(lattice.position(&state.displacements, &opening.place)),
                outward: [0, 1, 2].map(|a| outward[a] as f32),
                calibre: calibre(opening.area) as f32,
                flow: fate.flow as f32,
                lost: fate.lost as f32,
                doing,
            });
        }
        let flow: f64 =
            self.openings.list.iter().filter_map(|o| self.fates.get(&o.id)).map(|f| f.flow).sum();
        let finder = crate::incision::facets::Finder::new(lattice);
        let clamps = self.clamps.iter().filter_map(|(clamp, grip)| {
            let place = openings::point_of(lattice, &finder, grip.seed)?;
            Some((*clamp, to_f32(lattice.position(&state.displacements, &place))))
        });
        Blood {
            lost: self.lost as f32,
            pooled: self.pooled as f32,
            rate: (flow + self.oozing) as f32,
            oozing: self.oozing as f32,
            bleeders,
            clamps: clamps.collect(),
        }
    }
}

impl Sealer {
    fn find(&mut self, ground: &Ground) {
        let site = Site::new(ground);
        self.samples = site.within(self.grip.seed, self.grip.radius);
        self.places =
            self.samples.iter().map(|s| openings::unnamed(*s).map(|c| (c >> 2) as u16)).collect();
    }
}
