//! Who reads. Every read takes one; what a viewer may not see looks absent.

use noroshi_model::PersonId;

/// Who reads, and therefore what there is to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer(Sight);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Sight {
    Local,
    Officer(PersonId),
    Node,
}

impl Viewer {
    /// The operating-system user who owns the node, at its command line or local socket: everything
    /// admitted. Made only where the socket's or process's user id has been checked.
    #[must_use]
    pub fn local_user() -> Self {
        Self(Sight::Local)
    }

    /// A person who looks after quarantine: held items as well.
    #[must_use]
    pub fn quarantine_officer(person: PersonId) -> Self {
        Self(Sight::Officer(person))
    }

    /// The node itself, for judging, sending, verifying and backup. Nothing read through it is
    /// handed to the network room but through the gate.
    #[must_use]
    pub fn node() -> Self {
        Self(Sight::Node)
    }

    /// May it see what is held?
    pub(crate) fn sees_held(&self) -> bool {
        matches!(self.0, Sight::Officer(_) | Sight::Node)
    }
}
