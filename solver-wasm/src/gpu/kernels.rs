//! The kernels: their sources, what each runs over and the buffers that it binds.

use super::layout::WORKGROUP;

/// All kernels are one module; the order matters to no one but a reader.
pub(crate) const SOURCE: &str = concat!(
    include_str!("bindings.wgsl"),
    include_str!("modes.wgsl"),
    include_str!("material.wgsl"),
    include_str!("touches.wgsl"),
    include_str!("pressure.wgsl"),
    include_str!("evaluate.wgsl"),
    include_str!("strain.wgsl"),
    include_str!("refresh.wgsl"),
    include_str!("cycle.wgsl"),
    include_str!("newton.wgsl"),
);

/// A buffer, by its number in `bindings.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub(crate) enum Binding {
    AtLevel,
    Frame,
    Cells,
    Tissues,
    Nodes,
    Lists,
    Springs,
    Tangents,
    Vectors,
    Strains,
    Partials,
    Journal,
    Dense,
    Acting,
    Points,
    Stresses,
}

use Binding::{
    Acting, AtLevel, Cells, Dense, Frame, Journal, Lists, Nodes, Partials, Points, Springs,
    Strains, Stresses, Tangents, Tissues, Vectors,
};

impl Binding {
    /// All of them, in order.
    pub const ALL: [Self; 16] = [
        AtLevel, Frame, Cells, Tissues, Nodes, Lists, Springs, Tangents, Vectors, Strains,
        Partials, Journal, Dense, Acting, Points, Stresses,
    ];

    /// How a kernel sees it.
    pub fn kind(self) -> wgpu::BufferBindingType {
        match self {
            AtLevel | Frame => wgpu::BufferBindingType::Uniform,
            Cells | Tissues | Nodes | Lists | Springs => {
                wgpu::BufferBindingType::Storage { read_only: true }
            }
            _ => wgpu::BufferBindingType::Storage { read_only: false },
        }
    }
}

/// What a kernel has a thread for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Each cell of a level.
    EachCell,
    /// Each node of a level.
    EachNode,
    /// Each touch of the step.
    EachTouch,
    /// Each cell of all levels, in a step with touches.
    EachCellOfAll,
    /// Each cell of the finest level, in a scene with strain points.
    EachStrainedCell,
    /// Each vertex of the surfaces, in a step with pressure on one.
    EachVertex,
    /// One workgroup alone.
    Once,
}

/// How many there are of a level, and in a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub cells: usize,
    pub nodes: usize,
    pub touches: usize,
    /// Of all levels; none if nothing touches.
    pub cells_if_touching: usize,
    /// Of the finest level; none without strain points.
    pub strained_cells: usize,
    pub vertices: usize,
}

impl Over {
    /// Number of workgroups.
    pub fn groups(self, counts: Counts) -> u32 {
        let count = match self {
            Self::EachCell => counts.cells,
            Self::EachNode => counts.nodes,
            Self::EachTouch => counts.touches,
            Self::EachCellOfAll => counts.cells_if_touching,
            Self::EachStrainedCell => counts.strained_cells,
            Self::EachVertex => counts.vertices,
            Self::Once => 1,
        };
        count.div_ceil(WORKGROUP) as u32
    }
}

/// An entry point of [`SOURCE`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kernel {
    pub entry: &'static str,
    pub over: Over,
    /// At most eight storage buffers: a browser promises no more.
    pub bindings: &'static [Binding],
}

macro_rules! kernels {
    ($($name:ident $entry:literal $over:ident [$($binding:ident),*];)*) => {
        /// Which kernel.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Step {
            $(#[doc = $entry] $name),*
        }

        impl Step {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// How it runs.
            pub fn kernel(self) -> Kernel {
                match self {
                    $(Self::$name => Kernel {
                        entry: $entry,
                        over: Over::$over,
                        bindings: &[$($binding),*],
                    }),*
                }
            }
        }
    };
}

kernels! {
    Remember "remember" EachCell [Frame, Cells, Tissues, Vectors, Strains];
    Predict "predict" EachNode [Frame, Vectors];
    Press "press" EachTouch [Frame, Cells, Vectors, Partials, Acting];
    Sift "sift" EachCellOfAll [Frame, Acting];
    Deform "deform" EachVertex [Frame, Cells, Vectors, Acting];
    Load "load" EachVertex [Frame, Partials, Acting];
    KeepLoads "keep_loads" EachVertex [Frame, Acting];
    Evaluate "evaluate" EachCell
        [Frame, Cells, Tissues, Springs, Tangents, Vectors, Strains, Partials, Acting];
    Strain "strain" EachStrainedCell
        [Frame, Cells, Tissues, Tangents, Vectors, Partials, Points, Stresses];
    GatherGradient "gather_gradient" EachNode [Frame, Nodes, Lists, Vectors, Partials];
    TakeEnergy "take_energy" Once [Frame, Partials, Journal];
    Coarsen "coarsen" EachCell [AtLevel, Frame, Cells, Lists, Tangents];
    InvertDiagonal "invert_diagonal" EachNode
        [AtLevel, Frame, Cells, Nodes, Lists, Springs, Tangents, Vectors, Dense, Acting];
    Factor "factor" Once [Frame, Cells, Nodes, Lists, Tangents, Dense, Acting];
    BeginSolve "begin_solve" EachNode [Frame, Vectors];
    BeginSmoothing "begin_smoothing" EachNode [AtLevel, Frame, Vectors, Journal];
    Pull "pull" EachTouch [AtLevel, Frame, Cells, Vectors, Journal, Acting];
    Product "product" EachCell [AtLevel, Frame, Cells, Tangents, Vectors, Journal, Dense, Acting];
    ProductFinest "product_finest" EachCell
        [Frame, Cells, Springs, Tangents, Vectors, Journal, Dense, Acting];
    ContinueSmoothing "continue_smoothing" EachNode
        [AtLevel, Frame, Nodes, Lists, Vectors, Journal];
    EndSmoothing "end_smoothing" EachNode [AtLevel, Frame, Nodes, Lists, Vectors, Journal];
    RestartSmoothing "restart_smoothing" EachNode
        [AtLevel, Frame, Nodes, Lists, Vectors, Journal];
    RestrictResidual "restrict_residual" EachNode [AtLevel, Frame, Nodes, Lists, Vectors, Journal];
    Prolong "prolong" EachNode [AtLevel, Frame, Nodes, Lists, Vectors, Journal];
    CycleTail "cycle_tail" Once
        [Frame, Cells, Nodes, Lists, Tangents, Vectors, Journal, Dense, Acting];
    Project "project" EachNode [Frame, Vectors, Partials, Journal];
    DirectSearch "direct_search" Once [Frame, Partials, Journal];
    ExtendSearch "extend_search" EachNode [Frame, Vectors, Journal];
    PullSearch "pull_search" EachTouch [Frame, Cells, Vectors, Journal, Acting];
    MoveVertices "move_vertices" EachVertex [Frame, Cells, Vectors, Journal, Acting];
    TurnLoads "turn_loads" EachVertex [Frame, Journal, Acting];
    MultiplySearch "multiply_search" EachCell [Frame, Cells, Springs, Tangents, Vectors, Journal, Acting];
    StrainSearch "strain_search" EachStrainedCell
        [Frame, Cells, Tissues, Tangents, Vectors, Journal, Points, Stresses];
    GatherProduct "gather_product" EachNode [Frame, Nodes, Lists, Vectors, Partials, Journal];
    ChooseLength "choose_length" Once [Frame, Partials, Journal];
    Advance "advance" EachNode [Frame, Vectors, Journal];
    MeasureChange "measure_change" EachNode [Frame, Vectors, Partials];
    LimitChange "limit_change" Once [Frame, Partials, Journal];
    ApplyChange "apply_change" EachNode [Frame, Vectors, Journal];
    Retreat "retreat" EachNode [Frame, Vectors, Journal];
    Halve "halve" Once [Journal];
}

/// A kernel on a level.
pub(crate) type Dispatch = (Step, usize);

/// The kernels that look at a state.
pub(crate) const EVALUATION: [Dispatch; 8] = [
    (Step::Press, 0),
    (Step::Sift, 0),
    (Step::Deform, 0),
    (Step::Load, 0),
    (Step::Evaluate, 0),
    (Step::Strain, 0),
    (Step::GatherGradient, 0),
    (Step::TakeEnergy, 0),
];

/// The kernels that take back half of the last Newton step; an evaluation belongs after them.
pub(crate) const RETREAT: [Dispatch; 2] = [(Step::Retreat, 0), (Step::Halve, 0)];

/// The kernels at the beginning of a frame, in order. `remember`: is the strain at its start what damping draws to?
pub(crate) fn opening(remember: bool) -> Vec<Dispatch> {
    let mut all = Vec::new();
    if remember {
        all.push((Step::Remember, 0));
    }
    all.push((Step::Predict, 0));
    all.extend(EVALUATION);
    all
}

/// The kernels of a Newton iteration of so many conjugate-gradient ones, without a look at results; those over touches,
/// vertices and strain points are left out where there are none. `tail` is the first level that
/// one workgroup handles alone, `levels` how many there are.
pub(crate) fn iteration(cg: u32, levels: usize, tail: usize) -> Vec<Dispatch> {
    let mut all = vec![(Step::KeepLoads, 0), (Step::InvertDiagonal, 0)];
    for level in 1..levels {
        all.extend([(Step::Coarsen, level), (Step::InvertDiagonal, level)]);
    }
    all.extend([(Step::Factor, 0), (Step::BeginSolve, 0)]);
    for _ in 0..cg {
        cycle(0, tail, &mut all);
        all.extend([
            (Step::Project, 0),
            (Step::DirectSearch, 0),
            (Step::ExtendSearch, 0),
            (Step::PullSearch, 0),
            (Step::MoveVertices, 0),
            (Step::TurnLoads, 0),
            (Step::MultiplySearch, 0),
            (Step::StrainSearch, 0),
            (Step::GatherProduct, 0),
            (Step::ChooseLength, 0),
            (Step::Advance, 0),
        ]);
    }
    all.extend([(Step::MeasureChange, 0), (Step::LimitChange, 0), (Step::ApplyChange, 0)]);
    all.extend(EVALUATION);
    all
}

/// A V cycle from `level` on.
pub(crate) fn cycle(level: usize, tail: usize, all: &mut Vec<Dispatch>) {
    if level == tail {
        all.push((Step::CycleTail, level));
        return;
    }
    let pull = (Step::Pull, level);
    let product = (if level == 0 { Step::ProductFinest } else { Step::Product }, level);
    all.extend([
        (Step::BeginSmoothing, level),
        pull,
        product,
        (Step::ContinueSmoothing, level),
        pull,
        product,
        (Step::EndSmoothing, level),
        (Step::RestrictResidual, level + 1),
    ]);
    cycle(level + 1, tail, all);
    all.extend([
        (Step::Prolong, level),
        pull,
        product,
        (Step::RestartSmoothing, level),
        pull,
        product,
        (Step::ContinueSmoothing, level),
    ]);
}
