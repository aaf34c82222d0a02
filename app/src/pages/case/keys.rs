//! The keyboard: everything the mouse does.

use leptos::{ev, html, prelude::*};
use web_sys::KeyboardEvent;

use super::session::{Drawer, Session};
use crate::{
    preference,
    viewer::{CameraMove, DEPTHS, Tool},
};

/// Angle of one key press [rad].
const TURN: f32 = 0.12;
/// Shift of one key press, as a fraction of the view's height.
const SHIFT: f32 = 0.06;
/// Distance factor of one key press.
const NEARER: f32 = 0.88;
/// Depth of the blade of one key press [mm].
const DEEPER: f32 = 1.0;
/// Way of the instrument of one key press [mm].
const NUDGE: f32 = 3.0;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Action {
    /// Move the camera.
    Camera(CameraMove),
    /// Pull by this way to the right and up, or push the probe to the right and in [mm].
    Nudge(f32, f32),
    /// Take an instrument.
    Take(Tool),
    /// Section plane on or off.
    Section,
    /// Tissue back to rest.
    Reset,
    /// Back to before the last stroke of the blade, or that taken back.
    Undo(bool),
    /// Close the left forceps, or open them.
    TakeLeft,
    /// Let the blade in by so much more [mm].
    Deepen(f32),
    /// Open or close the left panel.
    Left,
    /// Open or close the right panel.
    Right,
    /// Open or close the panel of the mechanics.
    Mechanics,
    /// Let go, close what is open, select nothing.
    Escape,
    /// Show the keys.
    Help,
}

/// What `key` asks for with this instrument in hand. With `letters` off only keys that are no characters count.
pub fn action(key: &str, shift: bool, tool: Tool, letters: bool) -> Option<Action> {
    let arrow = match key {
        "ArrowLeft" => Some((-1.0, 0.0)),
        "ArrowRight" => Some((1.0, 0.0)),
        "ArrowUp" => Some((0.0, 1.0)),
        "ArrowDown" => Some((0.0, -1.0)),
        _ => None,
    };
    if let Some((x, y)) = arrow {
        return Some(match (shift, tool) {
            (true, _) => Action::Camera(CameraMove::Pan(x * SHIFT, y * SHIFT)),
            (false, Tool::Orbit) => Action::Camera(CameraMove::Orbit(x * TURN, y * TURN)),
            (false, _) => Action::Nudge(x * NUDGE, y * NUDGE),
        });
    }
    if key == "Escape" {
        return Some(Action::Escape);
    }
    if !letters {
        return None;
    }
    Some(match key {
        "+" | "=" => Action::Camera(CameraMove::Zoom(NEARER)),
        "-" => Action::Camera(CameraMove::Zoom(1.0 / NEARER)),
        "0" => Action::Camera(CameraMove::Reset),
        "1" => Action::Take(Tool::Orbit),
        "2" => Action::Take(Tool::Forceps),
        "3" => Action::Take(Tool::Probe),
        "4" => Action::Take(Tool::Scalpel),
        "5" => Action::Take(Tool::Scissors),
        "6" => Action::Take(Tool::Cautery),
        "8" => Action::Take(Tool::Marker),
        "9" => Action::Take(Tool::Clamp),
        "z" | "Z" => Action::Undo(false),
        "y" | "Y" => Action::Undo(true),
        "h" | "H" => Action::TakeLeft,
        "." => Action::Deepen(DEEPER),
        "," => Action::Deepen(-DEEPER),
        "7" => Action::Section,
        "r" | "R" => Action::Reset,
        "[" => Action::Left,
        "]" => Action::Right,
        "m" | "M" => Action::Mechanics,
        "?" => Action::Help,
        _ => return None,
    })
}

/// May single characters be shortcuts? Speech input types them by accident, so a person can switch them off.
pub fn letters() -> bool {
    preference::recall("shortcuts").as_deref() != Some("off")
}

/// Listen as long as the operating view is there.
pub fn listen(session: Session, help: NodeRef<html::Dialog>) {
    let listener = window_event_listener(ev::keydown, move |event| {
        if busy(&event) {
            return;
        }
        let tool = session.tool.get_untracked();
        let Some(action) = action(&event.key(), event.shift_key(), tool, letters()) else { return };
        event.prevent_default();
        // The left hand follows as long as its key is held.
        if action != Action::TakeLeft || !event.repeat() {
            act(session, help, action);
        }
    });
    let lifted = window_event_listener(ev::keyup, move |event| {
        if action(&event.key(), false, Tool::Orbit, letters()) == Some(Action::TakeLeft) {
            session.view(|viewer| viewer.leave_left());
        }
    });
    on_cleanup(move || {
        listener.remove();
        lifted.remove();
    });
}

/// Does the key belong to somebody else: a text field, a slider, a dialog, the browser?
fn busy(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return true;
    }
    let Some(focused) = document().active_element() else { return false };
    matches!(&*focused.tag_name(), "INPUT" | "SELECT" | "TEXTAREA")
        || focused.closest("dialog").ok().flatten().is_some()
}

fn act(session: Session, help: NodeRef<html::Dialog>, action: Action) {
    match action {
        Action::Camera(movement) => session.move_camera(movement),
        Action::Nudge(right, up) => session.view(|viewer| viewer.nudge(right, up)),
        Action::Take(tool) => session.tool.set(tool),
        Action::Section => session.toggle_section(),
        Action::Reset => session.reset_tissue(),
        Action::Undo(redo) => session.undo(redo),
        Action::TakeLeft => session.view(|viewer| viewer.take_left()),
        Action::Deepen(by) => {
            let depth = session.incision.depth.get_untracked() + by;
            session.set_depth(depth.clamp(DEPTHS[0], DEPTHS[1]));
        }
        Action::Left => session.panels.update(|(left, _)| *left = !*left),
        Action::Right => {
            session.panels.update(|(_, right)| *right = !*right);
            session.drawer.update(|drawer| {
                *drawer =
                    if *drawer == Drawer::Structures { Drawer::None } else { Drawer::Structures };
            });
        }
        Action::Mechanics => session.toggle_mechanics(),
        Action::Escape => {
            session.view(|viewer| viewer.nudge(0.0, 0.0));
            session.drawer.set(Drawer::None);
            session.selected.set(None);
        }
        Action::Help => open(help),
    }
}

/// Show the dialog with the keys.
pub fn open(help: NodeRef<html::Dialog>) {
    if let Some(dialog) = help.get_untracked() {
        // Refused only when it is open already.
        let _ = dialog.show_modal();
    }
}

/// "/" leads to the search field.
pub fn focus_on_slash(input: NodeRef<html::Input>) {
    let listener = window_event_listener(ev::keydown, move |event| {
        if event.key() == "/"
            && letters()
            && !busy(&event)
            && let Some(input) = input.get_untracked()
        {
            event.prevent_default();
            // A refused focus leaves everything as it is.
            let _ = input.focus();
        }
    });
    on_cleanup(move || listener.remove());
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn arrows_follow_the_instrument() {
        let orbit = action("ArrowLeft", false, Tool::Orbit, true);
        assert_eq!(orbit, Some(Action::Camera(CameraMove::Orbit(-TURN, 0.0))));
        assert_eq!(action("ArrowUp", false, Tool::Forceps, true), Some(Action::Nudge(0.0, NUDGE)));
        assert_eq!(action("ArrowUp", false, Tool::Probe, true), Some(Action::Nudge(0.0, NUDGE)));
        let pan = action("ArrowUp", true, Tool::Forceps, true);
        assert_eq!(pan, Some(Action::Camera(CameraMove::Pan(0.0, SHIFT))));
    }

    #[test]
    fn characters_can_be_switched_off() {
        assert_eq!(action("2", false, Tool::Orbit, true), Some(Action::Take(Tool::Forceps)));
        assert_eq!(action("2", false, Tool::Orbit, false), None);
        assert_eq!(action("Escape", false, Tool::Orbit, false), Some(Action::Escape));
        assert!(action("ArrowLeft", false, Tool::Orbit, false).is_some());
        assert_eq!(action("x", false, Tool::Orbit, true), None);
    }
}
