//! Shader programs by what they draw; compiled before their first use.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use three_d::core::{Context, Program, UniformDataType};

use super::ViewerError;

const EMBEDDING: &str = include_str!("shaders/embedding.glsl");
const LIGHTING: &str = include_str!("shaders/lighting.glsl");
const SCAN: &str = include_str!("shaders/scan.glsl");

/// What a program draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Opaque tissue.
    Tissue,
    /// Faded tissue.
    Glass,
    /// Depth alone, for shadows.
    Depth,
    /// Outline of the selection.
    Outline,
    /// Face of the section.
    Section,
    /// Which structure the section cuts where.
    Mask,
    /// Steel.
    Instrument,
    /// Steel's depth alone.
    InstrumentDepth,
    /// Contact ring.
    Ring,
}

/// A program, or none where the driver refused it.
type Compiled = Option<Rc<Program>>;

/// All programs of a view, each in a carried (by the lattice) and a rigid variant.
pub struct Programs {
    context: Context,
    high: bool,
    image: bool,
    ready: RefCell<HashMap<(Kind, bool), Compiled>>,
}

impl Programs {
    /// None compiled yet. `high`: all effects; `image`: the twin has its scan.
    pub fn new(context: &Context, high: bool, image: bool) -> Self {
        Self { context: context.clone(), high, image, ready: RefCell::default() }
    }

    fn compile(&self, kind: Kind, carried: bool) -> Result<Program, ViewerError> {
        let mut defines = String::new();
        let mut define = |on: bool, name: &str| {
            if on {
                defines += "#define ";
                defines += name;
                defines += "\n";
            }
        };
        define(carried, "EMBEDDED");
        define(self.high, "HIGH");
        define(self.high, "SHADOWS");
        define(self.image, "IMAGE");
        define(kind == Kind::Glass, "GLASS");
        let tissue_vertex = include_str!("shaders/tissue.vert");
        let tissue = include_str!("shaders/tissue.frag");
        let (vertex, fragment): (&[&str], &[&str]) = match kind {
            Kind::Tissue | Kind::Glass => (&[EMBEDDING, tissue_vertex], &[LIGHTING, SCAN, tissue]),
            Kind::Depth => (
                &[EMBEDDING, include_str!("shaders/depth.vert")],
                &[include_str!("shaders/depth.frag")],
            ),
            Kind::Outline => (
                &[EMBEDDING, include_str!("shaders/outline.vert")],
                &[include_str!("shaders/outline.frag")],
            ),
            Kind::Section => (
                &[EMBEDDING, include_str!("shaders/section.vert")],
                &[LIGHTING, SCAN, include_str!("shaders/section.frag")],
            ),
            Kind::Mask => {
                (&[include_str!("shaders/mask.vert")], &[include_str!("shaders/mask.frag")])
            }
            Kind::Instrument => (
                &[include_str!("shaders/instrument.vert")],
                &[LIGHTING, include_str!("shaders/instrument.frag")],
            ),
            Kind::InstrumentDepth => {
                (&[include_str!("shaders/instrument.vert")], &[include_str!("shaders/flat.frag")])
            }
            Kind::Ring => {
                (&[include_str!("shaders/ring.vert")], &[include_str!("shaders/ring.frag")])
            }
        };
        let source = |parts: &[&str]| defines.clone() + &parts.concat();
        Program::from_source(&self.context, &source(vertex), &source(fragment)).map_err(|e| {
            let text = e.to_string();
            let log = text.rfind("log:").map_or(text.as_str(), |at| &text[at..]);
            ViewerError::Driver(format!("shader {kind:?}: {log}"))
        })
    }

    /// Compile a program now.
    ///
    /// # Errors
    /// The driver refuses the shader.
    pub fn prepare(&self, kind: Kind, carried: bool) -> Result<(), ViewerError> {
        if self.ready.borrow().contains_key(&(kind, carried)) {
            return Ok(());
        }
        let compiled = self.compile(kind, carried);
        let (entry, result) = match compiled {
            Ok(program) => (Some(Rc::new(program)), Ok(())),
            Err(e) => (None, Err(e)),
        };
        self.ready.borrow_mut().insert((kind, carried), entry);
        result
    }

    /// A program, compiled now if it was not yet; none if the driver refuses it (said once in the console).
    pub fn get(&self, kind: Kind, carried: bool) -> Option<Rc<Program>> {
        if let Err(e) = self.prepare(kind, carried) {
            web_sys::console::error_1(&e.to_string().into());
        }
        self.ready.borrow().get(&(kind, carried)).cloned().flatten()
    }

    /// Compile one more of the programs that may be wanted soon; false when all stand.
    pub fn warm_one(&self) -> bool {
        let both = [true, false];
        let soon = [Kind::Instrument, Kind::Ring, Kind::InstrumentDepth, Kind::Mask]
            .into_iter()
            .map(|k| (k, false))
            .chain(
                [Kind::Outline, Kind::Glass, Kind::Section]
                    .into_iter()
                    .flat_map(|k| both.map(|carried| (k, carried))),
            );
        for (kind, carried) in soon {
            let known = self.ready.borrow().contains_key(&(kind, carried));
            if !known {
                self.get(kind, carried);
                return true;
            }
        }
        false
    }
}

/// Set a uniform that a variant of a program may have optimised away.
pub fn set<T: UniformDataType>(program: &Program, name: &str, value: T) {
    program.use_uniform_if_required(name, value);
}
