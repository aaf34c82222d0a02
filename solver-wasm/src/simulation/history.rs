//! What has been cut, stroke by stroke, and the way back.

use std::sync::Arc;

use crate::{
    bleeding::Wounds,
    control::Load,
    incision::{Division, Edge, Incisions},
    lattice::Embedding,
    model::Model,
    scene::{Scene, SceneError},
    state::State,
};

/// The tissue as it is cut. Cheap to keep: what no stroke has changed since is shared.
#[derive(Clone, Debug)]
pub(super) struct Tissue {
    pub scene: Arc<Scene>,
    incisions: Arc<Incisions>,
}

impl Tissue {
    /// Nothing is cut.
    pub fn whole(scene: Arc<Scene>) -> Self {
        let incisions = Arc::new(Incisions::new(&scene.lattice));
        Self { scene, incisions }
    }

    /// Was nothing cut?
    pub fn is_whole(&self) -> bool {
        self.incisions.is_whole()
    }

    /// What has been cut.
    pub fn incisions(&self) -> &Incisions {
        &self.incisions
    }

    /// What opens its cuts.
    pub fn tension(&self) -> Vec<Load> {
        self.incisions.tension(&self.scene)
    }

    /// The lips of its cuts; see [`Incisions::lips`].
    pub fn lips(&self) -> Vec<(usize, [Embedding; 2])> {
        self.incisions.lips(&self.scene.lattice)
    }

    /// Let a blade pass from edge to edge, and carry the state over to what is left. The model of that, if anything was divided.
    ///
    /// # Errors
    /// More cells than a scene may have; nothing has changed then.
    pub fn cut(
        &mut self,
        before: &Model,
        state: &mut State,
        cuts: &[[Edge; 2]],
    ) -> Result<Option<Arc<Model>>, SceneError> {
        let mut next = self.clone();
        let scene = Arc::make_mut(&mut next.scene);
        let incisions = Arc::make_mut(&mut next.incisions);
        let count = scene.lattice.cells.len();
        let mut division = Division::default();
        for [from, to] in cuts {
            division.extend(&incisions.cut(scene, *from, *to), count);
        }
        if division.is_empty() {
            self.incisions = next.incisions;
            return Ok(None);
        }
        let after = Arc::new(Model::new(scene)?);
        division.carry_state(before, &after, state);
        *self = next;
        Ok(Some(after))
    }
}

/// A moment to go back to.
#[derive(Clone, Debug)]
struct Moment {
    tissue: Tissue,
    state: State,
    wounds: Wounds,
}

/// The moments before each stroke, and those that were left by going back.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    past: Vec<Arc<Moment>>,
    future: Vec<Arc<Moment>>,
}

impl History {
    /// A stroke begins: from here one can come back to now, and no longer to what was undone.
    pub fn mark(&mut self, tissue: &Tissue, state: &State, wounds: &Wounds) {
        let (tissue, state, wounds) = (tissue.clone(), state.clone(), wounds.clone());
        self.past.push(Arc::new(Moment { tissue, state, wounds }));
        self.future.clear();
    }

    /// Back to before the last stroke. Is there one?
    pub fn undo(&mut self, tissue: &mut Tissue, state: &mut State, wounds: &mut Wounds) -> bool {
        Self::swap(&mut self.past, &mut self.future, (tissue, state, wounds))
    }

    /// To before the last undo. Was there one?
    pub fn redo(&mut self, tissue: &mut Tissue, state: &mut State, wounds: &mut Wounds) -> bool {
        Self::swap(&mut self.future, &mut self.past, (tissue, state, wounds))
    }

    fn swap(
        from: &mut Vec<Arc<Moment>>,
        to: &mut Vec<Arc<Moment>>,
        (tissue, state, wounds): (&mut Tissue, &mut State, &mut Wounds),
    ) -> bool {
        let Some(moment) = from.pop() else { return false };
        let left = Moment {
            tissue: std::mem::replace(tissue, moment.tissue.clone()),
            state: state.clone(),
            wounds: std::mem::replace(wounds, moment.wounds.clone()),
        };
        to.push(Arc::new(left));
        state.copy_from(&moment.state);
        true
    }
}
