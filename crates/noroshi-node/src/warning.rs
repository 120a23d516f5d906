//! The warning desk: problems, their indicators with states, levels, warnings issued and
//! acknowledged, stood down, and proposals to warn.
//!
//! Everything is an item of the shared kinds, made by an act that a person signs. Levels and
//! proposals are projections over items, made anew at each look; `noroshi-assess` judges.

mod command;
mod make;
mod objects;
mod proposals;
mod show;
mod watch;

pub use command::{IssueOrder, SendOrder, WarningCommand};
pub use proposals::ProposalRow;
pub use show::{Ack, ProblemRow, ReportRow, SentRow, WarningView};
pub use watch::{ContributionRow, EvidenceRow, LevelChange, LevelView};

/// The label of an opinion that acknowledges a warning.
const ACKNOWLEDGED: &str = "warning-acknowledged";
/// The label of a warning's last version.
const STOOD_DOWN: &str = "stood-down";
/// The source of items made here.
const SOURCE: &str = "warning";
