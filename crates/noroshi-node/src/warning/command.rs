//! What a person can ask of the warning desk.

use serde::{Deserialize, Serialize};

use crate::command::{Failure, PlanAnswer, Selection};
use crate::node::Node;
use crate::plan::Ask;
use crate::sink::Sink;
use crate::views::{answer, instant, send_rows};

/// One command of the desk. Problems, indicators and reports are named as items are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "warning")]
pub enum WarningCommand {
    /// Every problem with its level now; one `warning_problem` row each.
    List,
    /// One problem with its level, its warnings and who has not acknowledged them; answers
    /// `warning` ([`super::WarningView`]).
    Show {
        /// Which.
        problem: String,
    },
    /// The level of a problem with all that it rests on; answers `level` ([`super::LevelView`]).
    Level {
        /// Of which.
        problem: String,
        /// At which instant; now where it is not said.
        at: Option<String>,
    },
    /// What wants a warning; one `proposal` row each ([`super::ProposalRow`]).
    Proposals,
    /// Define a problem; answers [`crate::command::ActAnswer`].
    Problem {
        /// What it is called.
        title: String,
        /// The question that is to be answered.
        question: String,
        /// What is asserted, and judged.
        hypothesis: String,
        /// How likely that is before any evidence, in thousandths (1 to 999).
        prior_permille: u16,
        /// Markings by name or id.
        markings: Vec<String>,
        /// Who asks.
        person: String,
    },
    /// Put an indicator on a problem's list; answers [`crate::command::ActAnswer`].
    Indicator {
        /// On which.
        problem: String,
        /// What must happen.
        statement: String,
        /// A word of the table of levels, or thousandths of a nat.
        weight: String,
        /// Markings; the problem's own where none is named.
        markings: Vec<String>,
        /// Who asks.
        person: String,
    },
    /// State how an indicator stands; answers [`crate::command::ActAnswer`].
    State {
        /// Which.
        indicator: String,
        /// not-observed, possible, observed, negated.
        state: String,
        /// What it rests on: sightings, reports, opinions.
        evidence: Vec<String>,
        /// Since when; now where it is not said.
        at: Option<String>,
        /// Who asks.
        person: String,
    },
    /// Issue a warning, or follow one up; answers [`crate::command::ActAnswer`].
    Issue(IssueOrder),
    /// Stand a warning down; answers [`crate::command::ActAnswer`].
    StandDown {
        /// Which.
        report: String,
        /// Why, in English.
        basis: String,
        /// Why, in Japanese.
        basis_ja: String,
        /// low, moderate or high.
        confidence: String,
        /// Who asks.
        person: String,
    },
    /// Acknowledge a warning; answers [`crate::command::ActAnswer`].
    Ack {
        /// Which.
        report: String,
        /// What this side thinks of it: strongly-disagree, disagree, neutral, agree,
        /// strongly-agree.
        opinion: String,
        /// What is done about it, or why this side thinks so.
        text: String,
        /// Who asks.
        person: String,
    },
    /// Send a warning with what it rests on, or an acknowledgement, at the highest precedence;
    /// answers as a share does.
    Send(SendOrder),
}

/// A warning to issue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssueOrder {
    /// On which problem.
    pub problem: String,
    /// The warning that it follows up: the same item, a later version.
    pub follows: Option<String>,
    /// The level; the computed one where none is said.
    pub level: Option<u8>,
    /// A word of likelihood; that of the computed probability where none is said.
    pub likelihood: Option<String>,
    /// low, moderate or high.
    pub confidence: String,
    /// What it rests on, in English.
    pub basis: String,
    /// The same in Japanese.
    pub basis_ja: String,
    /// What would change the judgement, in English.
    pub change: Option<String>,
    /// The same in Japanese.
    pub change_ja: Option<String>,
    /// For how many hours it holds (1 to 8,760).
    pub hours: u32,
    /// Markings; the problem's own where none is named.
    pub markings: Vec<String>,
    /// Who issues it.
    pub person: String,
}

/// What is sent at the highest precedence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendOrder {
    /// A warning, or an acknowledgement.
    pub item: String,
    /// To whom; an acknowledgement goes to who issued the warning where nobody is named.
    pub to: Vec<String>,
    /// For what purpose.
    pub purpose: String,
    /// Who asks.
    pub person: String,
    /// Only explain.
    pub dry_run: bool,
    /// Findings of the review that stop and for which the persons answer: `CODE:ITEM`.
    pub accept: Vec<String>,
}

/// How long the act of a warning can be signed, in minutes: a day.
const EXPIRES_MINUTES: u32 = 24 * 60;

impl WarningCommand {
    /// Does it order something?
    pub(crate) fn orders(&self) -> bool {
        !matches!(
            self,
            Self::List | Self::Show { .. } | Self::Level { .. } | Self::Proposals
        )
    }
}

impl Node {
    pub(crate) fn run_warning(
        &self,
        command: WarningCommand,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        // Items are read by every one of them: none is after a restore, until partners answered.
        self.expect_recovered()?;
        match command {
            WarningCommand::List => {
                send_rows(sink, "warning_problem", self.warning_problems()?);
                Ok(())
            }
            WarningCommand::Proposals => {
                send_rows(sink, "proposal", self.proposals()?);
                Ok(())
            }
            WarningCommand::Show { problem } => {
                answer(sink, "warning", self.warning_view(&problem)?)
            }
            WarningCommand::Level { problem, at } => {
                let at = at.as_deref().map(instant).transpose()?;
                answer(sink, "level", self.level_view(&problem, at)?)
            }
            WarningCommand::Send(order) => {
                let plan = self.warning_send(&order, sink)?;
                answer(sink, "plan", plan)
            }
            order => answer(sink, "act", self.warning_order(order)?),
        }
    }

    fn warning_send(&self, order: &SendOrder, sink: &mut dyn Sink) -> Result<PlanAnswer, Failure> {
        let (items, issuer) = self.sent_with(&order.item)?;
        let to = match (&order.to[..], issuer) {
            ([], Some(issuer)) => vec![issuer.to_string()],
            (to, _) => to.to_vec(),
        };
        let select = Selection {
            items,
            ..Selection::default()
        };
        let ask = Ask {
            accept: &order.accept,
            to: &to,
            purpose: &order.purpose,
            precedence: "flash",
            person: &order.person,
            dry_run: order.dry_run,
            expires_minutes: EXPIRES_MINUTES,
        };
        self.share(&select, &ask, sink)
    }
}
