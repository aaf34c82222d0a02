//! The hand with its instrument: where it hovers, what it holds or pushes, and how hard.

use solver_wasm::{contact::instrument::Instrument, lattice::Embedding, message::Command};
use three_d::prelude::*;

use super::{
    ViewerEvent,
    camera::Camera,
    instrument::{BALL, Grip, Kind},
};

/// Tool of the right hand.
pub const RIGHT: u8 = 0;
/// Tool of the left hand.
pub const LEFT: u8 = 1;
/// How far the probe goes in at a press [mm].
pub const FIRST_PUSH: f32 = 4.0;
/// How far it goes in at most [mm]: pushed deeper than this into cells of its own size, the ball would come out behind them.
const DEEPEST_PUSH: f32 = 12.0;
/// Radius of the tissue between the jaws [mm].
const JAW_RADIUS: f32 = 6.0;
/// Time in which the jaws close [s].
const CLOSING_TIME: f32 = 0.06;
/// Shortest time between two `Pull` events [ms].
const PULL_PERIOD: f64 = 100.0;

/// Tissue in the forceps, or under the probe.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// By which instrument.
    pub kind: Kind,
    /// Index into the manifest.
    pub structure: usize,
    /// The material point.
    pub point: Embedding,
    /// The material point at rest [mm].
    pub rest: Vec3,
    /// Where the tip was when the jaws closed, or when the probe touched [mm].
    pub start: Vec3,
    /// Where the hand is [mm].
    pub target: Vec3,
    /// How far the hand moved towards the viewer since [mm].
    pub lift: f32,
    /// Pulled by keys, not by a pointer.
    pub by_keys: bool,
    /// Force now and the largest so far [N].
    pub force: f32,
    /// Largest force [N].
    pub peak_force: f32,
    /// Largest distance of the tissue from its settled place [mm].
    pub peak_displacement: f32,
}

impl Hold {
    /// What the solver is told when it begins.
    pub fn begin(&self, tool: u8) -> [Command; 2] {
        let position = self.start.into();
        let take = match self.kind {
            Kind::Probe => Command::Wield {
                tool,
                instrument: Instrument::Ball { radius: BALL },
                position,
                orientation: [0.0, 0.0, 0.0, 1.0],
            },
            _ => Command::Grasp { tool, point: self.point, radius: JAW_RADIUS },
        };
        [take, Command::Move { tool, position }]
    }

    /// What the page is told when it begins.
    pub fn event(&self) -> ViewerEvent {
        let (structure, rest) = (self.structure, self.rest.into());
        match self.kind {
            Kind::Probe => ViewerEvent::Touched { structure, rest },
            _ => ViewerEvent::Grasped { structure, rest },
        }
    }

    /// The hand comes towards the viewer by so much more [mm]; how far it moves.
    pub fn raise(&mut self, lift: f32) -> f32 {
        let deepest = match self.kind {
            Kind::Probe => -DEEPEST_PUSH,
            _ => f32::NEG_INFINITY,
        };
        let before = self.lift;
        self.lift = (self.lift + lift).max(deepest);
        self.lift - before
    }

    /// The jaws close on a material point, or the probe touches there, with the tip at `at`.
    pub fn new(
        kind: Kind,
        structure: usize,
        point: Embedding,
        [rest, at]: [Vec3; 2],
        by_keys: bool,
    ) -> Self {
        Self {
            kind,
            structure,
            point,
            rest,
            start: at,
            target: at,
            lift: 0.0,
            by_keys,
            force: 0.0,
            peak_force: 0.0,
            peak_displacement: 0.0,
        }
    }
}

/// The hand.
#[derive(Debug, Default)]
pub struct Hand {
    /// Is it the left one?
    pub is_left: bool,
    /// Tissue that is held.
    pub hold: Option<Hold>,
    /// The instrument that hovers.
    pub kind: Option<Kind>,
    /// Place on tissue that it hovers above [mm].
    pub hover: Option<Vec3>,
    /// Tip as shown [mm].
    tip: Option<Vec3>,
    closed: f32,
    last_pull: f64,
}

impl Hand {
    /// The left hand, empty.
    pub fn left() -> Self {
        Self { is_left: true, ..Self::default() }
    }

    /// A measurement of the pull: force [N] and displacement of the tissue [mm]; an event at most ten times a second.
    pub fn measure(&mut self, force: f32, displacement: f32, now: f64) -> Option<ViewerEvent> {
        let hold = self.hold.as_mut()?;
        hold.force = force;
        hold.peak_force = hold.peak_force.max(force);
        hold.peak_displacement = hold.peak_displacement.max(displacement);
        if now - self.last_pull < PULL_PERIOD {
            return None;
        }
        self.last_pull = now;
        Some(ViewerEvent::Pull { force, displacement })
    }

    /// Open the jaws.
    pub fn release(&mut self) -> Option<ViewerEvent> {
        let hold = self.hold.take()?;
        if hold.by_keys {
            self.hover = None;
        }
        Some(ViewerEvent::Released {
            peak_force: hold.peak_force,
            peak_displacement: hold.peak_displacement,
        })
    }

    /// Follow the tissue or the pointer; the forceps as drawn (none when out of use) and whether it still moves.
    pub fn advance(
        &mut self,
        dt: f32,
        held_at: Option<Vec3>,
        camera: &Camera,
    ) -> (Option<Grip>, bool) {
        let kind = self.hold.as_ref().map(|hold| hold.kind).or(self.kind);
        let Some((kind, goal)) = kind.zip(held_at.or(self.hover)) else {
            self.tip = None;
            self.closed = 0.0;
            return (None, false);
        };
        let follow = if held_at.is_some() { 1.0 } else { 1.0 - (-dt / 0.03).exp() };
        let tip = self.tip.map_or(goal, |t| t + (goal - t) * follow);
        let wanted = if self.hold.is_some() { 1.0 } else { 0.0 };
        let share = 1.0 - (-dt / CLOSING_TIME).exp();
        self.closed += (wanted - self.closed) * share;
        let moving = (tip - goal).magnitude() > 0.05 || (self.closed - wanted).abs() > 0.01;
        self.tip = Some(tip);
        let [right, up, back] = camera.pose().axes();
        let right = if self.is_left { -right } else { right };
        // over the shoulder of the viewer, from below, as a hand holds it
        let along = match kind {
            Kind::Forceps | Kind::Clamp => right * 0.70 - up * 0.46 + back * 0.62,
            Kind::Probe => right * 0.52 - up * 0.36 + back * 0.78,
            Kind::Scalpel | Kind::Marker | Kind::Cautery => right * 0.60 - up * 0.30 + back * 0.74,
            Kind::Scissors => right * 0.62 - up * 0.50 + back * 0.60,
        }
        .normalize();
        let stand_off = match (kind, self.hold.is_some()) {
            (Kind::Forceps | Kind::Clamp, true) => -1.5,
            (Kind::Forceps | Kind::Clamp, false) => 3.0,
            (Kind::Probe, true) => 0.0,
            (Kind::Probe, false) => BALL + 4.0,
            (Kind::Scalpel | Kind::Scissors, _) if held_at.is_some() => -4.0,
            (Kind::Scalpel | Kind::Scissors, _) => 3.0,
            (Kind::Marker | Kind::Cautery, _) => 0.5,
        };
        let grip = Grip { kind, tip: tip + along * stand_off, along, closed: self.closed };
        (Some(grip), moving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn hold() -> Hold {
        let point = Embedding { cell: 0, local: [0.5; 3] };
        Hold::new(Kind::Forceps, 2, point, [Vec3::zero(); 2], false)
    }

    #[test]
    fn pulls_are_told_ten_times_a_second_and_peaks_are_kept() {
        let mut hand = Hand { hold: Some(hold()), ..Hand::default() };
        let told = (0..60)
            .filter(|i| {
                let force = if *i == 31 { 2.5 } else { 1.0 };
                hand.measure(force, 4.0, 1000.0 + f64::from(*i) * 16.7).is_some()
            })
            .count();
        assert!((9..=11).contains(&told), "{told}");
        let released = hand.release();
        assert_eq!(
            released,
            Some(ViewerEvent::Released { peak_force: 2.5, peak_displacement: 4.0 })
        );
        assert_eq!(hand.release(), None);
    }

    #[test]
    fn the_probe_stops_before_it_would_come_out_behind() {
        let mut hold = Hold { kind: Kind::Probe, ..hold() };
        assert_eq!(hold.raise(-FIRST_PUSH), -FIRST_PUSH);
        assert_eq!(hold.raise(-100.0), FIRST_PUSH - DEEPEST_PUSH);
        assert_eq!(hold.raise(5.0), 5.0);
    }

    #[test]
    fn jaws_close_and_the_tip_stays_with_the_tissue() {
        let camera = Camera::new(true);
        let hover = Some(vec3(1.0, 2.0, 3.0));
        let mut hand = Hand { kind: Some(Kind::Forceps), hover, ..Hand::default() };
        let (grip, _) = hand.advance(0.016, None, &camera);
        assert!(grip.is_some_and(|g| g.closed < 0.1));
        hand.hold = Some(hold());
        let at = vec3(9.0, 2.0, 3.0);
        let mut last = None;
        for _ in 0..40 {
            last = hand.advance(0.016, Some(at), &camera).0;
        }
        let grip = last.unwrap();
        assert!(grip.closed > 0.98 && (grip.tip - at).magnitude() < 2.0);
    }
}
