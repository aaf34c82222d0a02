//! The first steps in a case: done by doing, in any order.

use crate::viewer::{Tool, ViewerEvent};

/// Pull that counts as having felt the tissue give [mm].
const PULLED: f32 = 5.0;
/// Largest displacement that counts as back at rest [mm].
const AT_REST: f32 = 1.0;
/// Way of the pointer that counts as having turned the view [CSS px].
const TURNED: f32 = 60.0;

/// One of the first steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Turn the organ.
    Turn,
    /// Select a structure and read what it does.
    Find,
    /// Hide a structure.
    Hide,
    /// Grasp and pull by at least 5 mm.
    Pull,
    /// Let go and watch it return.
    Return,
}

impl Step {
    /// All steps, in the order they are suggested.
    pub const ALL: [Self; 5] = [Self::Turn, Self::Find, Self::Hide, Self::Pull, Self::Return];

    /// Identifier in the journal.
    pub fn id(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Find => "find",
            Self::Hide => "hide",
            Self::Pull => "pull",
            Self::Return => "return",
        }
    }

    /// Key of its title in the locale files.
    pub fn title(self) -> &'static str {
        match self {
            Self::Turn => "step.turn",
            Self::Find => "step.find",
            Self::Hide => "step.hide",
            Self::Pull => "step.pull",
            Self::Return => "step.return",
        }
    }

    /// Key of how it is done.
    pub fn how(self) -> &'static str {
        match self {
            Self::Turn => "step.turn.how",
            Self::Find => "step.find.how",
            Self::Hide => "step.hide.how",
            Self::Pull => "step.pull.how",
            Self::Return => "step.return.how",
        }
    }
}

/// A grasp that ended and came back to rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Returned {
    /// Structure that was pulled (index into the manifest).
    pub structure: usize,
    /// Largest force [N].
    pub force: f32,
    /// Largest displacement [mm].
    pub displacement: f32,
}

/// Watches what happens and says which step it completes.
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    turned: f32,
    grasped: Option<usize>,
    released: Option<Returned>,
}

impl Watcher {
    /// The pointer moved by this way [CSS px] with its button down.
    pub fn dragged(&mut self, tool: Tool, way: f32) -> Option<Step> {
        if tool == Tool::Orbit && self.grasped.is_none() {
            self.turned += way;
        }
        (self.turned >= TURNED).then_some(Step::Turn)
    }

    /// An event from the view; answers a completed step and a grasp that came back to rest.
    pub fn see(&mut self, event: &ViewerEvent) -> (Option<Step>, Option<Returned>) {
        match *event {
            ViewerEvent::Picked(Some(_)) => (Some(Step::Find), None),
            ViewerEvent::Grasped { structure, .. } => {
                self.grasped = Some(structure);
                self.released = None;
                (None, None)
            }
            // The probe pushes; it holds nothing.
            ViewerEvent::Pull { displacement, .. }
                if self.grasped.is_some() && displacement >= PULLED =>
            {
                (Some(Step::Pull), None)
            }
            ViewerEvent::Released { peak_force, peak_displacement } => {
                self.released = self.grasped.take().map(|structure| Returned {
                    structure,
                    force: peak_force,
                    displacement: peak_displacement,
                });
                let pulled = self.released.is_some() && peak_displacement >= PULLED;
                (pulled.then_some(Step::Pull), None)
            }
            ViewerEvent::Vitals(vitals) if vitals.displacement < AT_REST => {
                let returned = self.released.take();
                let step =
                    returned.filter(|grasp| grasp.displacement >= PULLED).map(|_| Step::Return);
                (step, returned)
            }
            _ => (None, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::viewer::Vitals;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn vitals(displacement: f32) -> ViewerEvent {
        ViewerEvent::Vitals(Vitals { displacement, ..Vitals::default() })
    }

    #[test]
    fn a_pull_and_its_return_are_two_steps() {
        let mut watcher = Watcher::default();
        assert_eq!(watcher.see(&vitals(0.0)), (None, None));
        watcher.see(&ViewerEvent::Grasped { structure: 3, rest: [0.0; 3] });
        let pull = ViewerEvent::Pull { force: 1.0, displacement: 8.0 };
        assert_eq!(watcher.see(&pull), (Some(Step::Pull), None));
        // While held, a small displacement is no return.
        assert_eq!(watcher.see(&vitals(0.2)), (None, None));
        watcher.see(&ViewerEvent::Released { peak_force: 2.1, peak_displacement: 14.0 });
        assert_eq!(watcher.see(&vitals(6.0)), (None, None));
        let returned = Returned { structure: 3, force: 2.1, displacement: 14.0 };
        assert_eq!(watcher.see(&vitals(0.4)), (Some(Step::Return), Some(returned)));
        assert_eq!(watcher.see(&vitals(0.4)), (None, None));
    }

    #[test]
    fn a_touch_is_not_a_pull() {
        let mut watcher = Watcher::default();
        watcher.see(&ViewerEvent::Grasped { structure: 0, rest: [0.0; 3] });
        let released = ViewerEvent::Released { peak_force: 0.1, peak_displacement: 1.0 };
        assert_eq!(watcher.see(&released).0, None);
        assert_eq!(watcher.see(&vitals(0.1)).0, None);
    }

    #[test]
    fn a_push_is_not_a_pull() {
        let mut watcher = Watcher::default();
        watcher.see(&ViewerEvent::Touched { structure: 0, rest: [0.0; 3] });
        let push = ViewerEvent::Pull { force: 1.0, displacement: 8.0 };
        assert_eq!(watcher.see(&push).0, None);
        let released = ViewerEvent::Released { peak_force: 1.0, peak_displacement: 8.0 };
        assert_eq!(watcher.see(&released).0, None);
    }

    #[test]
    fn turning_needs_a_way_and_the_right_tool() {
        let mut watcher = Watcher::default();
        assert_eq!(watcher.dragged(Tool::Forceps, 500.0), None);
        assert_eq!(watcher.dragged(Tool::Orbit, 40.0), None);
        assert_eq!(watcher.dragged(Tool::Orbit, 40.0), Some(Step::Turn));
    }
}
