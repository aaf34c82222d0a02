//! The blade follows the hand: it goes on only while the hand's force exceeds what the tissue ahead of its edge resists with.
//!
//! The hand is a spring between where the edge is wanted and where it is, of a stated stiffness and no more than a stated force,
//! as the forceps' is. What resists is R = b Σ Γ w: toughness Γ [J/m² = mN/mm] times the length w of the edge in uncut tissue,
//! across its motion, times the bluntness b [Atkins et al. 2004]; an edge in air or in an open cut costs nothing, and one that is drawn along
//! itself costs less for each millimetre of its way. Friction on the blade's sides and what it takes to start a crack are left out.
//!
//! The way is in rest space, as the incision is: the hand goes with the tissue, as the eye that leads it does. The force acts on the
//! tissue just ahead of the edge, which is therefore pushed before it gives way. Soft organs could not bear all of it: Γ over Young's modulus is 30 mm
//! for a liver, and so far it would be pushed. There a surgeon's other hand steadies the tissue; what would push it by more than
//! a millimetre or two is taken to be that hand's ([`Bladework::borne`]).
//!
//! Tearing is a model, not a measurement: above a speed or a bluntness the edge strays to either side by less than a third of a cell, by a
//! hash of where it is, and the longer way costs more. The speed is the hand's by the clock on the wall, where that is told: on a machine
//! that shows slow motion the blade hurries after the hand, which is no fault of the hand.

mod front;

use std::collections::VecDeque;

use nalgebra::Vector3;

pub(crate) use self::front::{Front, Ground};
use crate::{control::Load, incision::Edge, message::Bladework, state::State};

/// Stiffness of the hand behind the blade [mN/mm]: a modelling choice, so stiff that the blade lags by millimetres.
pub const HAND_STIFFNESS: f64 = 4_000.0;
/// The most that it pushes with [mN]: a modelling choice, the order of a firm push with the forefinger on the blade's back.
pub const HAND_FORCE: f64 = 30_000.0;
/// How far soft tissue is pushed, about, before the other hand steadies it [cells]: a modelling choice. The push acts on the few cells before
/// the edge, and more would crush them: skin on fat fluttered.
pub const GIVING: f64 = 0.3;
/// No hand moves a blade faster [mm/s].
pub const HAND_SPEED: f64 = 600.0;
/// Part of what it has to give that the hand gives in a step: a modelling choice, a hand is damped with a time of about 0.04 s. What reaches
/// it in jerks is evened out by that.
const EASE: f64 = 1.0 / 3.0;
/// Above this speed the blade tears [mm/s]: a modelling choice, some times the speed of a careful stroke.
pub const TEARING_SPEED: f64 = 150.0;
/// Above this bluntness it tears: a modelling choice.
pub const TEARING_BLUNTNESS: f64 = 3.0;
/// How far a tearing edge strays at most, in cells.
pub const STRAYING: f64 = 0.3;
/// A way shorter than this is not cut yet, in samples: it would sever nothing and cost a new model.
const WORTH: f64 = 0.5;
/// Part of a sample that is no way.
const NOTHING: f64 = 1e-4;

/// The edge from end to end, rest space [mm].
pub(crate) type Line = [Vector3<f64>; 2];

/// The blade in the hand.
#[derive(Clone, Debug)]
pub(crate) struct Blade {
    /// Resistance over that to a new scalpel.
    pub bluntness: f64,
    /// How fast the hand moves [mm/s], where that is known; else the blade's own speed counts as the hand's.
    pub hand_speed: Option<f64>,
    stroke: Option<Stroke>,
    /// Of the stroke under way, or the last.
    work: Option<Bladework>,
}

impl Default for Blade {
    fn default() -> Self {
        Self { bluntness: 1.0, hand_speed: None, stroke: None, work: None }
    }
}

/// An edge in the tissue, or above it.
#[derive(Clone, Debug)]
struct Stroke {
    at: Line,
    /// Up to where the tissue is cut: where it was last worth it, and perhaps astray.
    cut: Line,
    /// Where the edge is wanted, one place after the other.
    wanted: VecDeque<Line>,
    /// Since `cut`: way [mm], area [mm²] and work of the resistance [µJ].
    since: [f64; 3],
    /// With which the hand pushes [mN].
    force: f64,
}

/// A place on the way of a step.
struct Stop {
    line: Line,
    /// Off the sheet.
    normal: Vector3<f64>,
    is_corner: bool,
    /// From the stop before: way [mm], area [mm²] and work of the resistance [µJ].
    from_last: [f64; 3],
}

impl Blade {
    /// The edge is wanted in another place. From another than where it was wanted last, it is lifted and set down there; what it has then
    /// passed and not yet cut.
    pub fn want(&mut self, from: &Edge, to: &Edge) -> Option<[Edge; 2]> {
        let [from, to] = [from, to].map(line);
        let last = self.stroke.as_ref().map(|s| *s.wanted.back().unwrap_or(&s.at));
        let mut passed = None;
        if last != Some(from) {
            passed = self.lift();
            let wanted = VecDeque::new();
            self.stroke = Some(Stroke { at: from, cut: from, wanted, since: [0.0; 3], force: 0.0 });
            self.work.get_or_insert_default();
        }
        if let Some(stroke) = &mut self.stroke {
            stroke.wanted.push_back(to);
        }
        passed
    }

    /// Is it set on the tissue?
    pub fn is_down(&self) -> bool {
        self.stroke.is_some()
    }

    /// Lift it: what is left of its way is dropped. What it has passed and not yet cut.
    pub fn lift(&mut self) -> Option<[Edge; 2]> {
        let stroke = self.stroke.take()?;
        if let Some(work) = &mut self.work {
            (work.force, work.borne, work.width, work.speed) = ([0.0; 3], 0.0, 0.0, 0.0);
        }
        (stroke.since[1] > 0.0).then(|| [edge(&stroke.cut), edge(&stroke.at)])
    }

    /// A stroke begins: the account is empty.
    pub fn begin(&mut self) {
        self.work = None;
        self.hand_speed = None;
    }

    /// What it has done in this stroke, if there was one.
    pub fn work(&self) -> Option<&Bladework> {
        self.work.as_ref()
    }

    /// Go on for a step of `dt`, as far as the hand's force does. What is severed on the way: the edge before and after, one after the
    /// other.
    pub fn go_on(&mut self, ground: &Ground, dt: f64) -> Vec<[Edge; 2]> {
        let mut cuts = Vec::new();
        let (Some(stroke), Some(work)) = (&mut self.stroke, &mut self.work) else { return cuts };
        let sample = ground.sample();
        let mut reach = None;
        let (mut way, mut stops) = (0.0, Vec::new());
        let mut effort = 0.0;
        let (front, force) = loop {
            let Some(target) = stroke.wanted.front().copied() else {
                break (Front::default(), 0.0);
            };
            let left = length(&stroke.at, &target);
            if left <= NOTHING * sample {
                stroke.wanted.pop_front();
                continue;
            }
            let front = ground.front(&stroke.at, &target);
            let resistance = self.bluntness * front.resistance;
            let last = std::iter::once(&stroke.at).chain(&stroke.wanted);
            let stretch: f64 = last.zip(&stroke.wanted).map(|(a, b)| length(a, b)).sum();
            let hand = (HAND_STIFFNESS * stretch).min(HAND_FORCE);
            let gives = if hand > resistance { stretch - resistance / HAND_STIFFNESS } else { 0.0 };
            let reach = *reach.get_or_insert((EASE * gives).min(HAND_SPEED * dt));
            let part = gives.min(reach - way).min(left).min(0.5 * sample);
            if part <= NOTHING * sample {
                break (front, hand.min(resistance));
            }
            let is_corner = part >= left;
            let share = part / left;
            let moved = [0, 1].map(|end| stroke.at[end] + share * (target[end] - stroke.at[end]));
            stroke.at = if is_corner { target } else { moved };
            if is_corner {
                stroke.wanted.pop_front();
            }
            way += part;
            effort += resistance * part;
            for (label, width) in &front.widths {
                match work.areas.iter_mut().find(|(of, _)| of == label) {
                    Some((_, area)) => *area += (width * part) as f32,
                    None => work.areas.push((*label, (width * part) as f32)),
                }
            }
            let from_last = [part, front.width() * part, resistance * part];
            stops.push(Stop { line: stroke.at, normal: front.normal, is_corner, from_last });
        };
        work.areas.sort_unstable_by_key(|(label, _)| *label);
        let speed = self.hand_speed.filter(|_| way > 0.0).unwrap_or(way / dt);
        work.speed = speed as f32;
        work.width = front.width() as f32;
        let excess = (speed / TEARING_SPEED).max(self.bluntness / TEARING_BLUNTNESS) - 1.0;
        let astray = STRAYING * ground.spacing() * excess.clamp(0.0, 1.0);
        for (i, stop) in stops.iter().enumerate() {
            stroke.since.iter_mut().zip(stop.from_last).for_each(|(sum, x)| *sum += x);
            let is_last = i + 1 == stops.len();
            let worth = if astray > 0.0 { 1.0 } else { WORTH } * sample;
            let is_due = stop.is_corner || ((is_last || astray > 0.0) && stroke.since[0] >= worth);
            if !is_due {
                continue;
            }
            let [passed, area, resisted] = std::mem::take(&mut stroke.since);
            let mut to = stop.line;
            if astray > 0.0 && area > 0.0 {
                for (end, salt) in to.iter_mut().zip([0x5eed, 0xb1ade]) {
                    *end += astray * noise(end, 0.25 * sample, salt) * stop.normal;
                }
                let aside = 0.25
                    * (0..2)
                        .map(|e| (to[e] - stroke.cut[e]).dot(&stop.normal))
                        .sum::<f64>()
                        .powi(2);
                let longer = (1.0 + aside / (passed * passed)).sqrt();
                work.torn += (area * longer) as f32;
                effort += resisted * (longer - 1.0);
            }
            cuts.push([edge(&stroke.cut), edge(&to)]);
            stroke.cut = to;
        }
        work.work += effort as f32;
        stroke.force = force;
        cuts
    }

    /// Push the tissue ahead of the edge, as it is by now.
    pub fn push(&mut self, ground: &Ground, state: &State, loads: &mut Vec<Load>) {
        loads.clear();
        let (Some(stroke), Some(work)) = (&self.stroke, &mut self.work) else { return };
        let Some(target) = stroke.wanted.front() else {
            (work.force, work.borne) = ([0.0; 3], 0.0);
            return;
        };
        let front = ground.front(&stroke.at, target);
        let force = stroke.force.min(self.bluntness * front.resistance);
        let borne = force.min(front.bearing);
        let ahead = front.ahead(state);
        work.force = [0, 1, 2].map(|a| (force * ahead[a]) as f32);
        work.borne = if force > 0.0 { (borne / force) as f32 } else { 0.0 };
        front.load(borne * ahead, loads);
    }
}

/// Mean way of an edge's ends [mm].
fn length(from: &Line, to: &Line) -> f64 {
    0.5 * ((to[0] - from[0]).norm() + (to[1] - from[1]).norm())
}

fn line(edge: &Edge) -> Line {
    edge.map(|end| Vector3::from(end.map(f64::from)))
}

fn edge(line: &Line) -> Edge {
    line.map(|end| [0, 1, 2].map(|a| end[a] as f32))
}

/// A number from −1 to 1 that a place has, on a grid: splitmix64 of its coordinates [Steele et al. 2014].
fn noise(at: &Vector3<f64>, grid: f64, salt: u64) -> f64 {
    let mut state = salt;
    for a in 0..3 {
        state = state
            .wrapping_add((at[a] / grid).floor() as i64 as u64)
            .wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ state >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}
