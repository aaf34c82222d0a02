//! The one store of an opened case: what is shown, selected, pulled and said.

use std::{collections::BTreeSet, rc::Rc};

use api::{CaseDetails, CaseEntry, Question, StructureDetails};
use cases::twin::pack::Pack;
use leptos::prelude::*;

use super::{Twin, incision::Incision};
use crate::{
    journal::{Deed, store::Journal},
    phrases::Phrases,
    preference,
    quiz::{self, Answers},
    steps::{Returned, Step, Watcher},
    text::Language,
    viewer::{Bleeding, CameraMove, Computed, Tool, Viewer, ViewerEvent, Visibility, Vitals},
};

/// Milligrasps are not announced: a grasp that moved less than this [mm] was a touch.
const TOUCH: f32 = 1.0;

/// State of the worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Simulation {
    /// Tissue settles.
    #[default]
    Starting,
    /// It follows the forceps.
    Ready {
        /// Number of cells.
        cells: u32,
        /// Number of nodes.
        nodes: u32,
    },
    /// The worker stopped, and why.
    Lost(String),
}

impl Simulation {
    /// For tests and styles.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready { .. } => "ready",
            Self::Lost(_) => "lost",
        }
    }
}

/// A section plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Section {
    /// 0, 1, 2 for x, y, z.
    pub axis: u8,
    /// From the low end (0) to the high end (1).
    pub at: f32,
}

/// What is pulled at or pushed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pull {
    /// Index into the manifest.
    pub structure: usize,
    /// Force [N].
    pub force: f32,
    /// Displacement of the tissue where it began [mm].
    pub displacement: f32,
    /// Does a probe push, rather than a forceps pull?
    pub pushes: bool,
}

/// A panel opened over the organ on small windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawer {
    /// The organ alone.
    #[default]
    None,
    /// The structure tree.
    Structures,
    /// The slices.
    Scan,
    /// The selected structure.
    Facts,
}

/// Height of the coach's sheet on phones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sheet {
    /// The step at hand.
    #[default]
    Peek,
    /// Half the window.
    Half,
    /// All of it.
    Full,
}

/// The store.
#[derive(Clone, Copy)]
pub struct Session {
    /// As in the index.
    pub case: StoredValue<CaseEntry>,
    /// Prose and facts.
    pub details: StoredValue<CaseDetails>,
    /// The twin.
    pub pack: StoredValue<Rc<Pack>, LocalStorage>,
    /// English names of the structures, in the manifest's order.
    pub names: StoredValue<Vec<String>>,
    /// The running view.
    pub viewer: StoredValue<Option<Viewer>, LocalStorage>,
    /// Visibility, in the manifest's order.
    pub visibility: RwSignal<Vec<Visibility>>,
    /// Selected structure.
    pub selected: RwSignal<Option<usize>>,
    /// Structure under the pointer and where [CSS px].
    pub hovered: RwSignal<Option<(usize, f32, f32)>>,
    /// The instrument in hand.
    pub tool: RwSignal<Tool>,
    /// The scalpel.
    pub incision: Incision,
    /// The section plane.
    pub section: RwSignal<Option<Section>>,
    /// The pull or push at hand.
    pub pull: RwSignal<Option<Pull>>,
    /// The worker.
    pub simulation: RwSignal<Simulation>,
    /// The machine.
    pub vitals: RwSignal<Vitals>,
    /// How the last step went, while the panel of the mechanics is open.
    pub computed: RwSignal<Computed>,
    /// Is that panel open?
    pub mechanics: RwSignal<bool>,
    /// Is the organ on the screen?
    pub first_frame: RwSignal<bool>,
    /// Where the slices cut, fractions along x, y, z.
    pub cut: RwSignal<[f32; 3]>,
    /// Panel over the organ on small windows.
    pub drawer: RwSignal<Drawer>,
    /// Coach's sheet on phones.
    pub sheet: RwSignal<Sheet>,
    /// Is the left panel open, is the right one (wide windows)?
    pub panels: RwSignal<(bool, bool)>,
    /// What a screen reader is told.
    pub said: RwSignal<String>,
    journal: StoredValue<Journal, LocalStorage>,
    language: RwSignal<Language>,
    phrases: Phrases,
    watcher: StoredValue<Watcher>,
}

impl Session {
    /// Start with everything shown.
    pub fn new(
        twin: &Twin,
        journal: Journal,
        language: RwSignal<Language>,
        phrases: Phrases,
    ) -> Self {
        let structures = &twin.pack.manifest.structures;
        let names: Vec<String> = structures
            .iter()
            .map(|structure| match find(&twin.details, &structure.id) {
                Some(details) => details.name.clone(),
                None => structure.id.replace('_', " "),
            })
            .collect();
        Self {
            case: StoredValue::new(twin.case.clone()),
            details: StoredValue::new(twin.details.clone()),
            pack: StoredValue::new_local(twin.pack.clone()),
            visibility: RwSignal::new(vec![Visibility::Shown; names.len()]),
            names: StoredValue::new(names),
            viewer: StoredValue::new_local(None),
            selected: RwSignal::new(None),
            hovered: RwSignal::new(None),
            tool: RwSignal::new(Tool::default()),
            incision: Incision::new(),
            section: RwSignal::new(None),
            pull: RwSignal::new(None),
            simulation: RwSignal::new(Simulation::default()),
            vitals: RwSignal::new(Vitals::default()),
            computed: RwSignal::new(Computed::default()),
            mechanics: RwSignal::new(preference::recall("mechanics").as_deref() == Some("open")),
            first_frame: RwSignal::new(false),
            cut: RwSignal::new([0.5; 3]),
            drawer: RwSignal::new(Drawer::default()),
            sheet: RwSignal::new(Sheet::default()),
            panels: RwSignal::new((true, true)),
            said: RwSignal::new(String::new()),
            journal: StoredValue::new_local(journal),
            language,
            phrases,
            watcher: StoredValue::new(Watcher::default()),
        }
    }

    /// Identifier of a structure.
    pub fn id(self, structure: usize) -> String {
        self.pack.with_value(|pack| {
            pack.manifest
                .structures
                .get(structure)
                .map(|found| found.id.clone())
                .unwrap_or_default()
        })
    }

    /// Place of a structure in the manifest.
    pub fn index(self, id: &str) -> Option<usize> {
        self.pack.with_value(|pack| pack.manifest.structures.iter().position(|one| one.id == id))
    }

    /// Name of a structure, as it is said now.
    pub fn name(self, structure: usize) -> String {
        untrack(|| self.named(structure))
    }

    /// Colour of a structure in lists, as CSS says it.
    pub fn colour(self, structure: usize) -> String {
        self.facts(structure).map_or_else(|| "#9d958d".to_owned(), |facts| facts.colour)
    }

    /// Name of a structure; follows the language inside a view.
    pub fn named(self, structure: usize) -> String {
        let english = self.names.with_value(|names| names.get(structure).cloned());
        english.map_or_else(String::new, |english| self.phrases.say(&english))
    }

    /// What the journal says about the questions of this case.
    pub fn answers(self) -> Answers {
        let case = self.case.with_value(|case| case.id.clone());
        let mut answers = Answers::new();
        self.journal.with_value(|journal| {
            journal.with_events(|events| {
                for event in events.iter().filter(|event| event.case == case) {
                    if let Deed::Answered { question, right, .. } = &event.deed {
                        answers.insert(question.clone(), *right);
                    }
                }
            });
        });
        answers
    }

    /// Note an answer.
    pub fn answer(self, question: &Question, chosen: &BTreeSet<usize>) {
        self.note(Deed::Answered {
            question: question.id.clone(),
            chosen: chosen.iter().copied().collect(),
            right: quiz::is_right(question, chosen),
        });
    }

    /// Names and facts of a structure, if the case has any.
    pub fn facts(self, structure: usize) -> Option<StructureDetails> {
        let id = self.id(structure);
        self.details.with_value(|details| find(details, &id).cloned())
    }

    /// Do something with the view once it runs.
    pub fn view(self, act: impl FnOnce(&Viewer)) {
        self.viewer.with_value(|viewer| {
            if let Some(viewer) = viewer {
                act(viewer);
            }
        });
    }

    /// Select a structure, or nothing.
    pub fn select(self, structure: Option<usize>) {
        self.selected.set(structure);
        if let Some(structure) = structure {
            self.note(Deed::StructureFound { structure: self.id(structure) });
            self.complete(Step::Find);
            self.say("said.selected", &[("structure", &self.name(structure))]);
        }
    }

    /// Change how one structure is drawn; the same again shows it.
    pub fn toggle(self, structure: usize, visibility: Visibility) {
        let mut hidden = false;
        self.visibility.update(|all| {
            if let Some(one) = all.get_mut(structure) {
                *one = if *one == visibility { Visibility::Shown } else { visibility };
                hidden = *one == Visibility::Hidden;
            }
        });
        let key = match self.visibility.with_untracked(|all| all.get(structure).copied()) {
            Some(Visibility::Hidden) => "said.hidden",
            Some(Visibility::Faded) => "said.faded",
            _ => "said.shown",
        };
        self.say(key, &[("structure", &self.name(structure))]);
        if hidden {
            self.note(Deed::Hidden { structure: self.id(structure) });
            self.complete(Step::Hide);
        }
    }

    /// Is this the only structure that is drawn?
    pub fn isolated(self, structure: usize) -> bool {
        self.visibility.with(|all| isolated(all, structure))
    }

    /// Draw this structure alone; the same again shows everything.
    pub fn isolate(self, structure: usize) {
        self.visibility.update(|all| {
            let alone = isolated(all, structure);
            for (index, one) in all.iter_mut().enumerate() {
                *one = if alone || index == structure {
                    Visibility::Shown
                } else {
                    Visibility::Hidden
                };
            }
        });
        let key = if self.visibility.with_untracked(|all| isolated(all, structure)) {
            "said.isolated"
        } else {
            "said.all_shown"
        };
        self.say(key, &[("structure", &self.name(structure))]);
    }

    /// Draw everything.
    pub fn show_all(self) {
        self.visibility.update(|all| all.fill(Visibility::Shown));
        self.say("said.all_shown", &[]);
    }

    /// Put the tissue back to rest.
    pub fn reset_tissue(self) {
        self.view(Viewer::reset_tissue);
        self.pull.set(None);
        self.say("said.reset", &[]);
    }

    /// Cut so deep from now on [mm].
    pub fn set_depth(self, depth: f32) {
        self.incision.depth.set(depth);
        self.view(|viewer| viewer.set_depth(depth));
    }

    /// Seal with bipolar jaws from now on, or with a monopolar tip.
    pub fn set_bipolar(self, is_bipolar: bool) {
        self.incision.is_bipolar.set(is_bipolar);
        self.view(|viewer| viewer.set_bipolar(is_bipolar));
    }

    /// Back to before the last stroke of the blade, or that taken back.
    pub fn undo(self, redo: bool) {
        if self.incision.strokes.get_untracked()[usize::from(redo)] > 0 {
            self.view(|viewer| viewer.undo(redo));
            self.say(if redo { "said.redone" } else { "said.undone" }, &[]);
        }
    }

    /// Start a new worker after the old one was lost.
    pub fn restart_simulation(self) {
        self.simulation.set(Simulation::Starting);
        self.view(Viewer::restart_simulation);
    }

    /// Move the camera by a key or a button.
    pub fn move_camera(self, movement: CameraMove) {
        self.view(|viewer| viewer.move_camera(movement));
        if matches!(movement, CameraMove::Orbit(..)) {
            self.complete(Step::Turn);
        }
    }

    /// The pointer moved over the canvas with its button down.
    pub fn dragged(self, way: f32) {
        let step = self
            .watcher
            .try_update_value(|watcher| watcher.dragged(self.tool.get_untracked(), way));
        if let Some(Some(step)) = step {
            self.complete(step);
        }
    }

    /// The section plane on or off.
    pub fn toggle_section(self) {
        self.section.update(|section| {
            *section = match section {
                None => Some(Section { axis: 2, at: 0.6 }),
                Some(_) => None,
            };
        });
    }

    /// Open or close the panel of the mechanics; the choice is remembered.
    pub fn toggle_mechanics(self) {
        let open = !self.mechanics.get_untracked();
        self.mechanics.set(open);
        preference::remember("mechanics", if open { "open" } else { "closed" });
        if open {
            self.panels.update(|(_, right)| *right = true);
            self.drawer.set(Drawer::None);
        }
        self.say(if open { "said.mechanics" } else { "said.mechanics_closed" }, &[]);
    }

    /// What the view reports. Handles everything but the first frame's loading work.
    pub fn hear(self, event: &ViewerEvent) {
        let seen = self.watcher.try_update_value(|watcher| watcher.see(event));
        self.incision.hear(event);
        match event {
            ViewerEvent::FirstFrame => {
                self.first_frame.set(true);
                self.note(Deed::Opened);
            }
            ViewerEvent::SimulationReady { cells, nodes, .. } => {
                self.simulation.set(Simulation::Ready { cells: *cells, nodes: *nodes });
            }
            ViewerEvent::Hovered(hovered) => {
                let before = self.hovered.get_untracked().map(|(structure, ..)| structure);
                self.hovered.set(*hovered);
                if let Some((structure, ..)) = *hovered
                    && before != Some(structure)
                {
                    self.said.set(self.name(structure));
                }
            }
            ViewerEvent::Picked(structure) => self.select(*structure),
            ViewerEvent::Grasped { structure, rest } => {
                self.begin(*structure, *rest, false);
                self.say("said.grasped", &[("structure", &self.name(*structure))]);
            }
            ViewerEvent::Touched { structure, rest } => {
                self.begin(*structure, *rest, true);
                self.say("said.touched", &[("structure", &self.name(*structure))]);
            }
            ViewerEvent::Pull { force, displacement } => self.pull.update(|pull| {
                if let Some(pull) = pull {
                    (pull.force, pull.displacement) = (*force, *displacement);
                }
            }),
            ViewerEvent::Released { peak_force, peak_displacement } => {
                if let Some(pull) = self.pull.get_untracked() {
                    let structure = self.id(pull.structure);
                    let (peak_force, peak_displacement) = (*peak_force, *peak_displacement);
                    self.note(if pull.pushes {
                        Deed::Pushed { structure, peak_force, peak_displacement }
                    } else {
                        Deed::Grasped { structure, peak_force, peak_displacement }
                    });
                }
                self.pull.set(None);
            }
            ViewerEvent::Incised { structure, measures, areas } if measures.length > 0.0 => {
                self.note(Deed::Incised {
                    structure: self.id(*structure),
                    length: measures.length,
                    depth: measures.depth,
                    deepest: measures.deepest,
                    duration: measures.duration,
                    hesitation: measures.hesitation,
                    peak_force: measures.peak_force,
                    torn: measures.torn,
                    deviation: measures.deviation,
                    areas: areas.iter().map(|(i, area)| (self.id(*i), *area)).collect(),
                    blood: self.incision.bled.get_untracked().map_or(0.0, |bled| bled.lost),
                    openings: self.incision.bled.get_untracked().map_or(0, |bled| bled.open),
                });
                let language = self.language.get_untracked();
                let [length, depth] =
                    [measures.length, measures.depth].map(|mm| language.number(f64::from(mm), 0));
                let name = self.name(*structure);
                let values = [("structure", &*name), ("length", &*length), ("depth", &*depth)];
                self.say("said.incised", &values);
            }
            ViewerEvent::Incised { .. }
            | ViewerEvent::Cutting(..)
            | ViewerEvent::Planned(_)
            | ViewerEvent::Held(_)
            | ViewerEvent::Layers(_)
            | ViewerEvent::Strokes(_)
            | ViewerEvent::Gape(_)
            | ViewerEvent::Depth(_)
            | ViewerEvent::Bleeding(_) => {}
            ViewerEvent::Stanched(structure, calibre, how) => {
                let clamped = *how == Bleeding::Clamped;
                let blood = self.incision.bled.get_untracked().unwrap_or_default().lost;
                let structure = *structure;
                let (id, calibre) = (self.id(structure), *calibre);
                self.note(Deed::Stanched { structure: id, calibre, clamped, blood });
                let said = if clamped { "said.clamped" } else { "said.sealed" };
                self.say(said, &[("structure", &self.name(structure))]);
            }
            ViewerEvent::Vitals(vitals) => self.vitals.set(*vitals),
            ViewerEvent::Computed(computed) => self.computed.set(**computed),
            ViewerEvent::SimulationLost(reason) => {
                self.pull.set(None);
                self.simulation.set(Simulation::Lost(reason.clone()));
            }
        }
        let Some((step, returned)) = seen else { return };
        if let Some(step) = step {
            self.complete(step);
        }
        if let Some(returned) = returned.filter(|grasp| grasp.displacement >= TOUCH) {
            self.say_returned(returned);
        }
    }

    /// The instrument in hand begins to pull or push at a rest position [mm].
    fn begin(self, structure: usize, rest: [f32; 3], pushes: bool) {
        self.pull.set(Some(Pull { structure, force: 0.0, displacement: 0.0, pushes }));
        self.cut.set(self.pack.with_value(|pack| fraction(pack, rest)));
    }

    /// Steps of this case that the journal has.
    pub fn is_done(self, step: Step) -> bool {
        let case = self.case.with_value(|case| case.id.clone());
        self.journal.with_value(|journal| {
            journal.with_events(|events| {
                events.iter().any(|event| {
                    event.case == case
                        && matches!(&event.deed, Deed::StepDone { step: done } if done == step.id())
                })
            })
        })
    }

    fn complete(self, step: Step) {
        if untrack(|| self.is_done(step)) {
            return;
        }
        self.note(Deed::StepDone { step: step.id().to_owned() });
        let title = self.language.get_untracked().text(step.title());
        self.say("said.step", &[("step", title)]);
    }

    fn note(self, deed: Deed) {
        let case = self.case.with_value(|case| case.id.clone());
        self.journal.with_value(|journal| journal.note(&case, deed));
    }

    fn say(self, key: &'static str, values: &[(&str, &str)]) {
        self.said.set(self.language.get_untracked().fill(key, values));
    }

    fn say_returned(self, grasp: Returned) {
        let language = self.language.get_untracked();
        self.say(
            "said.returned",
            &[
                ("structure", &self.name(grasp.structure)),
                ("displacement", &language.number(f64::from(grasp.displacement), 0)),
                ("force", &language.number(f64::from(grasp.force), 1)),
            ],
        );
    }
}

fn find<'a>(details: &'a CaseDetails, id: &str) -> Option<&'a StructureDetails> {
    details.structures.iter().find(|structure| structure.id == id)
}

fn isolated(all: &[Visibility], structure: usize) -> bool {
    all.len() > 1
        && all
            .iter()
            .enumerate()
            .all(|(index, one)| (index == structure) != (*one == Visibility::Hidden))
}

/// Where a patient position [mm] lies in the scan, fractions along x, y, z.
fn fraction(pack: &Pack, position: [f32; 3]) -> [f32; 3] {
    let grid = pack.image.as_ref().unwrap_or(&pack.labels);
    std::array::from_fn(|axis| {
        let voxel = (position[axis] - grid.origin[axis]) / grid.spacing[axis];
        ((voxel + 0.5) / grid.dims[axis].max(1) as f32).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn isolated_means_alone() {
        use Visibility::{Faded, Hidden, Shown};
        assert!(isolated(&[Hidden, Shown, Hidden], 1));
        assert!(isolated(&[Hidden, Faded, Hidden], 1));
        assert!(!isolated(&[Hidden, Shown, Shown], 1));
        assert!(!isolated(&[Hidden, Hidden, Hidden], 1));
        assert!(!isolated(&[Shown], 0));
    }
}
