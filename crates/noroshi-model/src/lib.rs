//! The words every room speaks: ids, time, markings' names, organisations, items, signed documents.
//!
//! Never I/O, never a clock or chance of its own: time, chance and signatures come in through
//! the traits of [`ports`]. Reading STIX lives next door in `noroshi-formats`.

pub mod act;
pub mod agreement;
pub mod consent;
pub mod document;
pub mod duty;
pub mod ids;
pub mod item;
pub mod json;
pub mod ledger;
pub mod limits;
pub mod link;
pub mod manifest;
pub mod membership;
pub mod org;
pub mod ports;
pub mod profile;
pub mod selector;
pub mod signed;
pub mod signing;
pub mod time;

pub use document::DocumentError;
pub use duty::Duty;
pub use ids::{Digest, ItemHash, KeyId, NodeId, PersonId, StixId};
pub use item::{Attribution, Head, Role};
pub use json::{Object, Value};
pub use limits::Limits;
pub use membership::{Coalition, Membership};
pub use org::{Nation, Organisation, World};
pub use ports::{Clock, Rng, Signer, Verifier};
pub use signed::{Signable, Signed};
pub use signing::Context;
pub use time::Timestamp;
