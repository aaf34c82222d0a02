//! What the page and the worker say to each other.
//!
//! Page → worker: `[Uint8Array (postcard of Vec<Command>), ArrayBuffer | null (spent displacement buffer)]`.
//! Worker → page: `[Uint8Array (postcard of Report), ArrayBuffer | null (f32 displacements [node_count, 4], mm)]`.
//! The worker's first message is `[null, null]`: it is alive and may be sent commands. What is sent before is lost. A panic
//! in the worker is an uncaught error there: the page hears it as the `error` event of its `Worker`, and starts a new one.
//! A first entry that is the string `lose the GPU` destroys the worker's GPU device, as a reset of the driver would, and has no
//! answer: journeys use it.
//! Every batch of commands is answered by exactly one report; the page keeps at most one batch under way, so the
//! solver needs no clock and a slow machine gets slow motion, never a queue.

use serde::{Deserialize, Serialize};

use crate::{contact::instrument::Instrument, incision::Edge, lattice::Embedding, scene::Scene};

/// Length of one simulated step [s].
pub const STEP_DT: f32 = 1.0 / 60.0;

/// An instruction to the solver. An attempt is its list of commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Replace everything by this scene and settle it under its loads.
    Load(Box<Scene>),
    /// Back to the settled scene.
    Reset,
    /// Close the forceps `tool` on the tissue around a material point.
    Grasp {
        /// Which instrument; 0 is the right hand.
        tool: u8,
        /// Where it closes.
        point: Embedding,
        /// Radius of the jaws [mm], rest space.
        radius: f32,
    },
    /// Move an instrument's tip to a world position [mm].
    Move {
        /// Which instrument.
        tool: u8,
        /// Where to [mm], world space.
        position: [f32; 3],
    },
    /// Take a rigid instrument into the hand: it is there at once. The same instrument again moves there, as fast as the
    /// tissue lets it.
    Wield {
        /// Which hand.
        tool: u8,
        /// What it holds.
        instrument: Instrument,
        /// Where the tip is wanted [mm], world space.
        position: [f32; 3],
        /// Quaternion x, y, z, w that turns the instrument's frame into the world's.
        orientation: [f32; 4],
    },
    /// Open the forceps, or put the instrument away.
    Release {
        /// Which instrument.
        tool: u8,
    },
    /// A stroke of the blade begins: [`Command::Undo`] leads back to here.
    Stroke,
    /// Where the hand wants the blade's edge, from one place in the tissue to another, rest space [mm]; see [`crate::incision`]. Tissue
    /// without toughness is cut at once; else the blade follows in the next steps as far as its force does ([`crate::blade`]), until
    /// it is lifted: by the next stroke, `Undo`, `Redo`, `Reset` or `Release` of hand 0, which holds it.
    Cut {
        /// The edge, from end to end, before.
        from: Edge,
        /// And after.
        to: Edge,
    },
    /// How fast the hand moves the blade by the clock on the wall [mm/s]; holds until the stroke ends. Whether the blade tears depends on it.
    Hand {
        /// Its speed.
        speed: f32,
    },
    /// Take another blade: it meets so many times the resistance that a new scalpel does, 1 to 100.
    Blade {
        /// The factor.
        bluntness: f32,
    },
    /// Close a clamp on the tissue around a material point, or open it. Vessels inside are shut, on this side of a cut only, and what lies
    /// beyond them is no longer fed; see [`crate::bleeding`].
    Clamp {
        /// Which clamp, below [`crate::bleeding::CLAMPS`]; a closed one is moved.
        clamp: u8,
        /// Where; none: it opens.
        point: Option<Embedding>,
        /// Radius of its jaws [mm], rest space.
        radius: f32,
    },
    /// Hold a sealer to the tissue from now on, or take it away.
    Coagulate(Option<Sealer>),
    /// Back to before the last stroke, if there was one; all instruments open.
    Undo,
    /// Take the last undo back, if nothing was cut since; all instruments open.
    Redo,
    /// Advance by a number of steps of [`STEP_DT`].
    Step(u8),
    /// Let the scene's [`Beat`](crate::beat::Beat) run from the next step on, or end with the one under way.
    Beat(bool),
    /// Where the scenes that are loaded from now on are to be computed; what a worker without a GPU ignores. `Cpu` holds for the
    /// loaded scene as well.
    Prefer(Preference),
}

/// Where to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preference {
    /// Where a few steps of the loaded scene are quicker.
    #[default]
    Auto,
    /// On the CPU.
    Cpu,
    /// On the GPU, if it can, however slow.
    Gpu,
}

/// How CPU and GPU compared on the loaded scene.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Race {
    /// Where steps will be computed; each says for itself where it was.
    pub winner: Backend,
    /// What the GPU calls itself; empty without one, or if the browser does not say.
    pub adapter: String,
    /// Median time of a step on the CPU [ms]; 0 if it was not measured.
    pub cpu_ms: f32,
    /// Median time of a step on the GPU, until its result is here [ms]; 0 if it was not measured.
    pub gpu_ms: f32,
    /// Why the one or the other.
    pub reason: String,
}

/// The worker's answer to a batch of commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// A scene is loaded and settled.
    Ready {
        /// Number of cells.
        cells: u32,
        /// Number of nodes.
        nodes: u32,
        /// Time that settling took, the race included [ms].
        settle_ms: f32,
        /// Why the scene is computed where it is.
        race: Race,
        /// State after settling.
        stepped: Stepped,
    },
    /// The state after the batch.
    Stepped(Stepped),
    /// A batch could not be carried out; the state is what it was before it.
    Refused {
        /// What was wrong and what to do.
        reason: String,
    },
}

/// State of a simulation after a batch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stepped {
    /// Number of steps since the scene was loaded or reset.
    pub step: u64,
    /// Force of each closed or rigid instrument on the tissue [mN], world space.
    pub tools: Vec<ToolForce>,
    /// Largest nodal displacement from rest [mm].
    pub max_displacement: f32,
    /// Time the solver took for the batch [ms], filled in by the worker.
    pub solve_ms: f32,
    /// Relative residual of the last Newton iteration.
    pub residual: f32,
    /// Events that had to be contained (step cap, bisection, roll-back) since loading.
    pub contained: u32,
    /// Steps in which a closed instrument was moved slower than asked, since loading.
    pub slowed: u32,
    /// Deepest point of the tissue in an instrument, an obstacle or a neighbour, beyond what the scan shows [mm].
    pub penetration: f32,
    /// How the last step went.
    pub mechanics: Mechanics,
    /// What each of the scene's surfaces encloses, if it beats [mL].
    pub volumes: Vec<f32>,
    /// How wide the widest wound gapes [mm]: the largest distance between two points of its lips that were one; 0 while nothing is cut.
    pub gape: f32,
    /// What the blade has done in the stroke under way, or the last one; none before one, and once it is undone.
    pub blade: Option<Bladework>,
    /// What bleeds and has bled, once anything does.
    pub blood: Option<Blood>,
    /// What the batch did to how the tissue hangs together, in order: who repeats it on a lattice of their own has the numbers of cells and nodes
    /// that the displacements are of.
    pub changes: Vec<Change>,
}

/// A tip that seals vessels by heat.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sealer {
    /// A material point under it.
    pub point: Embedding,
    /// How far it reaches [mm], rest space.
    pub reach: f32,
    /// Bipolar jaws seal larger vessels than a monopolar tip, and take longer.
    pub is_bipolar: bool,
}

/// Blood that flows and has flowed since the tissue was whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Blood {
    /// All of it [mL].
    pub lost: f32,
    /// What of it stands in the wound [mL]; the rest is spilled.
    pub pooled: f32,
    /// What is lost by time [mL/min].
    pub rate: f32,
    /// What of that oozes from tissue without an opening of its own [mL/min].
    pub oozing: f32,
    /// Openings of vessels, by their numbers.
    pub bleeders: Vec<Bleeder>,
    /// Closed clamps: number and where they hold [mm], world space.
    pub clamps: Vec<(u8, [f32; 3])>,
}

/// An opening of a vessel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bleeder {
    /// Its own for as long as it is there, from 1 on.
    pub id: u32,
    /// Label of the vessel.
    pub label: u8,
    /// The tissue in its middle.
    pub point: Embedding,
    /// Where that is [mm], world space.
    pub position: [f32; 3],
    /// Out of the vessel, unit vector in world space; zero where it is cut in part.
    pub outward: [f32; 3],
    /// Diameter of a round opening of its area [mm].
    pub calibre: f32,
    /// What comes out [mL/min].
    pub flow: f32,
    /// What came out [mL].
    pub lost: f32,
    /// What it does.
    pub doing: Bleeding,
}

/// What an opening does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bleeding {
    /// It bleeds.
    #[default]
    Open,
    /// A clamp holds it shut.
    Clamped,
    /// It was sealed.
    Sealed,
    /// It has clotted.
    Clotted,
    /// It hangs on a piece that has bled dry.
    Empty,
}

/// What a blade does, and has done in its stroke.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bladework {
    /// Force of the blade on what is before it [mN], world space; the hand feels its opposite.
    pub force: [f32; 3],
    /// Share of it that the tissue bears, 0 to 1; soft tissue is steadied by the other hand, which bears the rest.
    pub borne: f32,
    /// Length of the edge in uncut tissue, across its motion [mm].
    pub width: f32,
    /// Speed of the hand, if it is told, else of the blade in the last step, against the tissue [mm/s].
    pub speed: f32,
    /// Work that parting the tissue took since the stroke began [µJ]; what pushing it stored in it is not in it.
    pub work: f32,
    /// Area cut since then by label, 0 where a scene has none [mm²].
    pub areas: Vec<(u8, f32)>,
    /// What of it was torn, by too fast or too blunt a blade [mm²]: more than a straight cut would have been, since it is ragged.
    pub torn: f32,
}

/// A change of how tissue hangs together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// A stroke begins.
    Stroke,
    /// A blade's edge moved from one place to another, rest space [mm].
    Cut {
        /// Before.
        from: Edge,
        /// After.
        to: Edge,
    },
    /// Back to before the last stroke.
    Undo,
    /// That taken back.
    Redo,
    /// As it was loaded; no stroke is remembered.
    Whole,
}

/// Where steps are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// This thread, four cells abreast.
    #[default]
    Cpu,
    /// WebGPU compute. Steps that go badly there are the CPU's all the same.
    Gpu,
}

/// How a step went: for those who look under the bonnet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mechanics {
    /// Where it was computed.
    pub backend: Backend,
    /// Newton iterations.
    pub newton: u32,
    /// Conjugate-gradient iterations.
    pub cg: u32,
    /// Points of the tissue that touch something.
    pub touches: u32,
    /// Elastic energy of the tissue [µJ].
    pub elastic_energy: f32,
    /// Kinetic energy [µJ].
    pub kinetic_energy: f32,
    /// Volume of the tissue over that at rest, less one.
    pub volume_error: f32,
    /// The most squeezed and the most swollen cell's volume over that at rest.
    pub dilatation: [f32; 2],
    /// Time of each stage [ms]; zero where there is no clock.
    pub stages: Stages,
}

/// Time that a step spent in each of its stages [ms].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Finding what touches what.
    pub contact: f32,
    /// Energy, forces and tangents.
    pub forces: f32,
    /// Bringing the multigrid levels in line.
    pub refresh: f32,
    /// Conjugate gradients.
    pub linear: f32,
}

/// What an instrument does to the tissue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolForce {
    /// Which instrument.
    pub tool: u8,
    /// Force on the tissue [mN], world space.
    pub force: [f32; 3],
    /// Where the grasped tissue, or the tip of the rigid instrument, is [mm], world space.
    pub position: [f32; 3],
}

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{what} of {bytes} bytes cannot be read ({cause}); page and worker must be of the same build"
)]
pub struct MessageError {
    what: &'static str,
    bytes: usize,
    cause: postcard::Error,
}

/// Commands as bytes, for the worker.
///
/// # Errors
/// None for commands that exist; the encoder's own error otherwise.
pub fn encode_commands(commands: &[Command]) -> Result<Vec<u8>, MessageError> {
    encode("command batch", commands)
}

/// Commands from bytes.
///
/// # Errors
/// Bytes that are not a batch of commands of this build.
pub fn decode_commands(bytes: &[u8]) -> Result<Vec<Command>, MessageError> {
    decode("command batch", bytes)
}

/// A report as bytes, for the page.
///
/// # Errors
/// None for reports that exist; the encoder's own error otherwise.
pub fn encode_report(report: &Report) -> Result<Vec<u8>, MessageError> {
    encode("report", report)
}

/// A report from bytes.
///
/// # Errors
/// Bytes that are not a report of this build.
pub fn decode_report(bytes: &[u8]) -> Result<Report, MessageError> {
    decode("report", bytes)
}

fn encode<T: Serialize + ?Sized>(what: &'static str, value: &T) -> Result<Vec<u8>, MessageError> {
    postcard::to_stdvec(value).map_err(|cause| MessageError { what, bytes: 0, cause })
}

fn decode<'a, T: Deserialize<'a>>(what: &'static str, bytes: &'a [u8]) -> Result<T, MessageError> {
    postcard::from_bytes(bytes).map_err(|cause| MessageError { what, bytes: bytes.len(), cause })
}
