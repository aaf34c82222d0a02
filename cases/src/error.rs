//! What can go wrong between a file and a twin, said so that a person can act on it.

use crate::twin::pack::PackError;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every error names the file, the field and a remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A scan or a label volume that cannot be read.
    #[error("{file}: {field}: {reason}; {remedy}")]
    Volume {
        /// Name of the file.
        file: String,
        /// Header field, or "data".
        field: &'static str,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A case description or the tissue table that does not hold together.
    #[error("{file}: {field}: {reason}")]
    Recipe {
        /// Name of the file, with the line where it is known.
        file: String,
        /// Field, as in the file.
        field: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A source that is missing, or not the one that the recipe names.
    #[error("{file}: {reason}; {remedy}")]
    Source {
        /// Name of the source file.
        file: String,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A structure that the labels cannot give.
    #[error("structure `{structure}`: {reason}")]
    Structure {
        /// Identifier of the structure.
        structure: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Labels that cannot be those of a patient.
    #[error("{file}: {doubt}")]
    Doubt {
        /// Name of the file.
        file: String,
        /// The gravest doubt, with the structure and what to do.
        doubt: String,
    },
    /// A pack that cannot be written or read.
    #[error(transparent)]
    Pack(#[from] PackError),
}

/// `file` with the line at which a TOML error starts.
pub(crate) fn place(file: &str, text: &str, error: &toml::de::Error) -> String {
    match error.span() {
        Some(span) => format!("{file}:{}", line(text, span.start)),
        None => file.to_owned(),
    }
}

/// Line, from 1, of the byte `at` in `text`.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}
