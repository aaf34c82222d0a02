//! What can be wrong with a pack.

/// Why a pack cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Not a pack at all.
    #[error("this is not a Sectio twin; fetch the file again")]
    Magic,
    /// From another time.
    #[error(
        "the twin has format {found}, this program reads {known}; reload the page or build the twin anew"
    )]
    Version {
        /// The twin's.
        found: u16,
        /// This program's.
        known: u16,
    },
    /// Cut short, or promises what it does not hold.
    #[error("the twin's {0} is cut short or overlong; fetch the file again")]
    Length(&'static str),
    /// Damaged on the way.
    #[error("the twin is damaged: its content does not match its hash; fetch the file again")]
    Hash,
    /// A needed section is missing.
    #[error("the twin has no {0}; build it anew")]
    Missing(&'static str),
    /// A section does not hold together.
    #[error("the twin's {section} section {reason}; build it anew")]
    Content {
        /// Section.
        section: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}
