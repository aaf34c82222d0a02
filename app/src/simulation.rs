//! The worker that simulates: at most one batch under way, fixed steps, recycled buffers.
//!
//! A slow machine gets slow motion, never a queue; a dead worker is reported once and can be replaced.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, ArrayBuffer, Float32Array, Reflect, Uint8Array};
use solver_wasm::{
    message::{
        Backend, Change, Command, Preference, Report, STEP_DT, Stepped, decode_report,
        encode_commands,
    },
    scene::Scene,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Event, MessageEvent, Worker};

/// Most steps in a batch.
const MOST_STEPS: u8 = 3;
/// A batch that takes longer than this means a worker that hangs [ms].
const PATIENCE: f64 = 15_000.0;
/// The same while a scene is loaded and settled [ms].
const LOADING_PATIENCE: f64 = 120_000.0;
/// Tissue that moves less than this in a step is at rest [mm].
const AT_REST: f32 = 0.004;
/// Blood that flows slower does not keep tissue at rest in motion [mL/min].
const TRICKLE: f32 = 0.2;
/// So many steps in a row at rest end the stepping.
const QUIET_STEPS: u32 = 20;

/// What the simulation says to the view.
#[derive(Debug)]
pub enum Message {
    /// Loaded and settled.
    Ready {
        /// Number of cells.
        cells: u32,
        /// Number of nodes.
        nodes: u32,
        /// Time to settle [ms].
        settle_ms: f32,
    },
    /// The tissue hangs together in another way.
    Changed(Vec<Change>),
    /// New displacements stand in [`Simulation::nodal`].
    Moved,
    /// It stopped for good; the reason.
    Lost(String),
}

/// Commands that wait for the next batch; movements of one instrument replace each other.
#[derive(Debug, Default)]
pub struct Queue {
    commands: Vec<Command>,
}

impl Queue {
    /// Put a command at the end.
    pub fn push(&mut self, command: Command) {
        if let (Command::Move { tool, .. }, Some(Command::Move { tool: last, .. })) =
            (&command, self.commands.last())
            && tool == last
        {
            self.commands.pop();
        }
        self.commands.push(command);
    }

    fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.commands)
    }

    fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

/// Turns frame times into whole steps.
#[derive(Debug, Default)]
pub struct Clock {
    due: f32,
}

impl Clock {
    /// Steps to take after another `dt` [s]; what a slow machine cannot take is dropped.
    pub fn steps(&mut self, dt: f32) -> u8 {
        self.due = (self.due + dt.max(0.0)).min(STEP_DT * (f32::from(MOST_STEPS) + 0.5));
        // a frame that comes a hair early still gets its step
        let steps = ((self.due + STEP_DT * 0.1) / STEP_DT).floor().min(f32::from(MOST_STEPS));
        self.due -= steps * STEP_DT;
        steps as u8
    }
}

struct Channel {
    worker: Worker,
    listening: bool,
    /// When the batch under way was sent [ms]; none when none is.
    sent: Option<f64>,
    spare: Option<ArrayBuffer>,
    loading: bool,
    inbox: Vec<(Report, bool)>,
    nodal: Vec<[f32; 4]>,
    lost: Option<String>,
}

/// A running worker with its scene.
pub struct Simulation {
    channel: Rc<RefCell<Channel>>,
    queue: Queue,
    clock: Clock,
    ready: bool,
    quiet: u32,
    /// Displacements after settling [mm].
    settled_whole: Vec<[f32; 4]>,
    /// The same for the nodes as they are by now.
    settled: Vec<[f32; 4]>,
    previous: Vec<[f32; 4]>,
    last: Stepped,
    step_ms: f32,
    tools: u8,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

/// URL of the worker's loader: what `<meta name="sectio-worker">` says, else `/worker.js`.
fn worker_url() -> String {
    web_sys::window()
        .and_then(|w| w.document())
        .and_then(|d| d.query_selector("meta[name=sectio-worker]").ok().flatten())
        .and_then(|m| m.get_attribute("content"))
        .filter(|url| !url.is_empty())
        .unwrap_or_else(|| "/worker.js".into())
}

/// What `?backend=` in the page's address asks for.
fn preference() -> Preference {
    let search = web_sys::window().and_then(|w| w.location().search().ok()).unwrap_or_default();
    let asked = web_sys::UrlSearchParams::new_with_str(&search).ok().and_then(|p| p.get("backend"));
    match asked.as_deref() {
        Some("cpu") => Preference::Cpu,
        Some("gpu") => Preference::Gpu,
        _ => Preference::Auto,
    }
}

/// Time by the clock on the wall [ms].
pub fn now() -> f64 {
    js_sys::Date::now()
}

impl Simulation {
    /// Start a worker and give it a scene. `wake` is called whenever it has said something.
    ///
    /// # Errors
    /// The browser gives no worker; the reason.
    pub fn start(scene: &Scene, wake: impl Fn() + 'static) -> Result<Self, String> {
        let url = worker_url();
        let worker = Worker::new(&url).map_err(|e| format!("no worker from {url}: {e:?}"))?;
        let channel = Rc::new(RefCell::new(Channel {
            worker: worker.clone(),
            listening: false,
            sent: None,
            spare: None,
            loading: true,
            inbox: Vec::new(),
            nodal: vec![[0.0; 4]; scene.lattice.nodes.len()],
            lost: None,
        }));
        let wake = Rc::new(wake);
        let on_message = {
            let (channel, wake) = (channel.clone(), wake.clone());
            Closure::new(move |event: MessageEvent| {
                channel.borrow_mut().receive(&event.data());
                wake();
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let on_error = {
            let channel = channel.clone();
            Closure::new(move |event: Event| {
                // a worker that cannot be fetched gives a plain event, one that crashes an ErrorEvent
                let told = Reflect::get(&event, &"message".into()).ok().and_then(|m| m.as_string());
                let reason = told.unwrap_or_else(|| format!("the worker at {url} does not start"));
                channel.borrow_mut().lost.get_or_insert(reason);
                wake();
            })
        };
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let mut queue = Queue::default();
        queue.push(Command::Prefer(preference()));
        queue.push(Command::Load(Box::new(scene.clone())));
        Ok(Self {
            channel,
            queue,
            clock: Clock::default(),
            ready: false,
            quiet: 0,
            settled_whole: Vec::new(),
            settled: Vec::new(),
            previous: Vec::new(),
            last: Stepped::default(),
            step_ms: 0.0,
            tools: 0,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Is the scene loaded and settled?
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Does it step, or wait for an answer? Then frames must go on.
    pub fn is_busy(&self) -> bool {
        let waits = self.channel.borrow().sent.is_some() || !self.queue.is_empty();
        waits || self.is_moving()
    }

    /// Does tissue move, or blood flow?
    fn is_moving(&self) -> bool {
        let bleeds = self.last.blood.as_ref().is_some_and(|blood| blood.rate > TRICKLE);
        self.ready && (self.tools > 0 || self.quiet < QUIET_STEPS || bleeds)
    }

    /// State after the last batch.
    pub fn last(&self) -> &Stepped {
        &self.last
    }

    /// Time a step of the last batch that had any [ms].
    pub fn step_ms(&self) -> f32 {
        self.step_ms
    }

    /// Look at the nodes' displacements [mm], shape [node_count, 4].
    pub fn with_nodal<T>(&self, look: impl FnOnce(&[[f32; 4]]) -> T) -> T {
        look(&self.channel.borrow().nodal)
    }

    /// Displacements of the settled scene [mm], of the nodes as they are by now.
    pub fn settled(&self) -> &[[f32; 4]] {
        &self.settled
    }

    /// The nodes are others from now on: `spread` gives the values of the new ones from those of the loaded scene.
    pub fn renumber(&mut self, spread: impl FnOnce(&[[f32; 4]]) -> Vec<[f32; 4]>) {
        self.settled = spread(&self.settled_whole);
    }

    /// Send a command with the next batch.
    pub fn command(&mut self, command: Command) {
        match command {
            Command::Grasp { tool, .. } | Command::Wield { tool, .. } => self.tools |= 1 << tool,
            // The blade is in the right hand.
            Command::Stroke => self.tools |= 1,
            Command::Release { tool } => self.tools &= !(1 << tool),
            Command::Reset | Command::Undo | Command::Redo => self.tools = 0,
            _ => {}
        }
        self.quiet = 0;
        self.queue.push(command);
    }

    /// A frame of `dt` [s] passed: read what came, send what is due.
    pub fn advance(&mut self, dt: f32) -> Vec<Message> {
        let mut said = Vec::new();
        let inbox = std::mem::take(&mut self.channel.borrow_mut().inbox);
        for (report, moved) in inbox {
            self.read(report, moved, &mut said);
        }
        let (steps, is_moving) = (self.clock.steps(dt), self.is_moving());
        let mut channel = self.channel.borrow_mut();
        if let Some(sent) = channel.sent {
            let patience = if channel.loading { LOADING_PATIENCE } else { PATIENCE };
            if now() - sent > patience {
                channel.lost.get_or_insert_with(|| "the worker does not answer".into());
            }
        }
        if let Some(reason) = channel.lost.clone() {
            channel.worker.terminate();
            said.push(Message::Lost(reason));
            return said;
        }
        if channel.listening && channel.sent.is_none() {
            let mut batch = self.queue.take();
            if is_moving && steps > 0 {
                batch.push(Command::Step(steps));
            }
            if !batch.is_empty() {
                channel.send(&batch);
            }
        }
        said
    }

    fn read(&mut self, report: Report, moved: bool, said: &mut Vec<Message>) {
        let mut channel = self.channel.borrow_mut();
        match report {
            Report::Ready { cells, nodes, settle_ms, race, stepped } => {
                let side = if race.winner == Backend::Gpu { "GPU" } else { "CPU" };
                web_sys::console::info_1(
                    &format!(
                        "tissue on the {side}: {} ({:.1} ms a step; {} {:.1} ms)",
                        race.reason,
                        race.cpu_ms,
                        if race.adapter.is_empty() { "GPU" } else { &race.adapter },
                        race.gpu_ms
                    )
                    .into(),
                );
                channel.loading = false;
                self.ready = true;
                self.last = stepped;
                self.settled_whole.clone_from(&channel.nodal);
                self.settled.clone_from(&channel.nodal);
                self.previous.clone_from(&channel.nodal);
                self.quiet = QUIET_STEPS;
                said.push(Message::Ready { cells, nodes, settle_ms });
                said.push(Message::Moved);
            }
            Report::Stepped(mut stepped) => {
                if !stepped.max_displacement.is_finite() {
                    channel.lost = Some("the solver lost its numbers".into());
                    return;
                }
                let changes = std::mem::take(&mut stepped.changes);
                if !changes.is_empty() {
                    said.push(Message::Changed(changes));
                }
                let steps = stepped.step.saturating_sub(self.last.step);
                if steps > 0 {
                    self.step_ms = stepped.solve_ms / steps as f32;
                }
                self.last = stepped;
                if moved {
                    let change = largest_difference(&channel.nodal, &self.previous);
                    self.quiet = if change < AT_REST { self.quiet + 1 } else { 0 };
                    self.previous.clone_from(&channel.nodal);
                    said.push(Message::Moved);
                }
            }
            Report::Refused { reason } => {
                if self.ready {
                    web_sys::console::warn_1(&format!("the solver refused: {reason}").into());
                } else {
                    channel.lost = Some(reason);
                }
            }
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        let channel = self.channel.borrow();
        channel.worker.set_onmessage(None);
        channel.worker.set_onerror(None);
        channel.worker.terminate();
    }
}

impl Channel {
    /// A message is [report, buffer or null]; one without a report says that the worker listens.
    fn receive(&mut self, data: &JsValue) {
        self.listening = true;
        let Some(parts) = data.dyn_ref::<Array>() else { return };
        let Ok(bytes) = parts.get(0).dyn_into::<Uint8Array>() else { return };
        self.sent = None;
        let bytes = bytes.to_vec();
        match decode_report(&bytes) {
            Ok(report) => {
                let buffer = parts.get(1).dyn_into::<ArrayBuffer>().ok();
                let moved = buffer.as_ref().is_some_and(|b| self.take_over(b));
                self.spare = buffer.or(self.spare.take());
                self.inbox.push((report, moved));
            }
            Err(e) => self.lost = Some(format!("the worker's answer cannot be read: {e}")),
        }
    }

    fn take_over(&mut self, buffer: &ArrayBuffer) -> bool {
        let values = Float32Array::new(buffer);
        // A cut adds nodes, going back takes them away.
        let count = values.length() as usize / 4;
        let fits = count > 0 && values.length() as usize == count * 4;
        if fits {
            self.nodal.resize(count, [0.0; 4]);
            values.copy_to(bytemuck::cast_slice_mut(&mut self.nodal));
        }
        fits
    }

    fn send(&mut self, batch: &[Command]) {
        let bytes = match encode_commands(batch) {
            Ok(bytes) => bytes,
            Err(e) => {
                self.lost = Some(format!("commands cannot be written: {e}"));
                return;
            }
        };
        let bytes = Uint8Array::from(bytes.as_slice());
        let spare = self.spare.take();
        let message = Array::of2(&bytes, &spare.clone().map_or(JsValue::NULL, JsValue::from));
        let transfer = Array::of1(&bytes.buffer());
        if let Some(spare) = &spare {
            transfer.push(spare);
        }
        match self.worker.post_message_with_transfer(&message, &transfer) {
            Ok(()) => self.sent = Some(now()),
            Err(e) => self.lost = Some(format!("the worker takes no message: {e:?}")),
        }
    }
}

/// Largest distance between two states [mm].
fn largest_difference(a: &[[f32; 4]], b: &[[f32; 4]]) -> f32 {
    let square = |(a, b): (&[f32; 4], &[f32; 4])| -> f32 {
        (0..3).map(|i| (a[i] - b[i]) * (a[i] - b[i])).sum()
    };
    a.iter().zip(b).map(square).fold(0.0, f32::max).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn sixty_frames_a_second_are_sixty_steps() {
        let mut clock = Clock::default();
        let steps: u32 = (0..600).map(|_| u32::from(clock.steps(1.0 / 60.0))).sum();
        assert!((598..=601).contains(&steps), "{steps}");
    }

    #[test]
    fn a_slow_machine_gets_slow_motion() {
        let mut clock = Clock::default();
        assert_eq!(clock.steps(5.0), MOST_STEPS);
        assert!(clock.steps(0.0) <= 1);
    }

    #[test]
    fn only_the_last_movement_of_an_instrument_waits() {
        let mut queue = Queue::default();
        let to = |x: f32| Command::Move { tool: 0, position: [x, 0.0, 0.0] };
        queue.push(to(1.0));
        queue.push(to(2.0));
        queue.push(Command::Release { tool: 0 });
        queue.push(to(3.0));
        assert_eq!(queue.take(), vec![to(2.0), Command::Release { tool: 0 }, to(3.0)]);
    }

    #[test]
    fn difference_is_the_largest_distance() {
        let a = [[0.0, 0.0, 0.0, 9.0], [3.0, 4.0, 0.0, 0.0]];
        assert!((largest_difference(&a, &[[0.0; 4]; 2]) - 5.0).abs() < 1e-6);
    }
}
