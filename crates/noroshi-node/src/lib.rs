//! The flow through the node, one module a station, and what people can ask of it.
//!
//! In order: `intake` and `read` take bytes to checked objects, `admit` marks and judges them,
//! `record` writes them with their ledger line, `held` looks after what was not admitted; `release`
//! plans and executes what leaves, `renewal` signs anew what waits under a revoked key, `send` and
//! `receive` drive the link with a peer, `recall` takes back. Around them stand the documents
//! between organisations (`peers`, `agreements`), the people (`persons`, `acts`) and the ledger's
//! own commands. No sockets here: the outside comes in through [`outside::Outside`].

pub mod backup;
pub mod command;
pub mod config;
pub mod home;
mod init;
pub mod messages;
mod node;
pub mod outside;
pub mod persons;
mod records;
mod recovery;
pub mod restore;
mod run;
pub mod signin;
pub mod sink;
pub mod system;

// The way in, in the order of the flow.
mod admit;
pub mod catalogues;
mod held;
mod intake;

// On our own telemetry.
pub mod matching;

// The way out.
mod cosign;
mod hops;
mod parallel;
mod plan;
mod recall;
mod receipts;
mod receive;
mod release;
mod renewal;
mod review;
mod send;
mod tearline;

// Between organisations and people.
mod acts;
mod agreements;
mod circles;
mod coalitions;
mod connect;
mod consent;
mod documents;
mod introductions;
mod keys;
mod pairing;
mod peers;
mod rules;
mod taxii;
mod types;

// Our own traffic.
pub mod telemetry;

// Looking and checking.
mod alarms;
mod audit;
mod balance;
mod beside;
pub mod check;
mod doctor;
mod export;
mod ledger;
mod look;
mod proofs;
pub mod views;
pub mod warning;

pub use catalogues::CatalogueCommand;
pub use command::{Command, Event, Failure};
pub use connect::{ConnectCommand, RoundAnswer, Secret, Server};
pub use init::{Init, InitAnswer, init};
pub use node::Node;
pub use outside::{Outside, OutsideError};
pub use signin::SigninCommand;
pub use taxii::TaxiiCommand;
pub use telemetry::TelemetryCommand;
pub use types::own_types;
pub use views::ViewCommand;
pub use warning::WarningCommand;

#[cfg(test)]
mod tests;
