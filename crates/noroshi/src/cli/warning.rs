//! Commands of the warning desk.

use clap::{Args, Subcommand};
use noroshi_node::warning::{IssueOrder, SendOrder};
use noroshi_node::{Command, WarningCommand};

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum WarningTask {
    /// Every warning problem with its level now.
    ///
    /// Example: noroshi warning list.  Next: noroshi warning show
    List,
    /// One problem: level, contributors, gaps, warnings, and who has not acknowledged them.
    ///
    /// Example: noroshi warning show warning-problem--0b6c1d0e-4f1c-4c55-9a3e-0f5a2b7c9d10
    Show {
        /// Which problem.
        problem: String,
    },
    /// The level of a problem with all that it rests on. The same instant gives the same bits at
    /// every node that has the same evidence.
    ///
    /// Example: noroshi warning level 1f0c2a9b --at 2026-11-25T12:00:00Z
    Level {
        /// Which problem.
        problem: String,
        /// At which instant, in UTC; now where it is not said.
        #[arg(long)]
        at: Option<String>,
    },
    /// What wants a warning: levels that passed, and sightings of several partners together.
    ///
    /// Example: noroshi warning proposals.  Next: noroshi warning indicator, or issue
    Proposals,
    /// Define a warning problem.
    ///
    /// Example: noroshi warning problem --title "Ports" --question "Will port control systems be
    /// attacked?" --hypothesis "An attack is being prepared" --marking TLP:AMBER --as sato
    Problem {
        /// What it is called.
        #[arg(long)]
        title: String,
        /// The question that is to be answered.
        #[arg(long)]
        question: String,
        /// What is asserted, and judged.
        #[arg(long)]
        hypothesis: String,
        /// How likely that is before any evidence, in thousandths.
        #[arg(long, default_value_t = 50)]
        prior: u16,
        /// Marking by name or id; more than one may be given.
        #[arg(long = "marking", required = true)]
        markings: Vec<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Put an indicator on a problem's list: what must happen first.
    ///
    /// Example: noroshi warning indicator 1f0c2a9b --statement "Crews are called back" --weight
    /// strong --as sato.  Next: noroshi warning state
    Indicator {
        /// On which problem.
        problem: String,
        /// What must happen.
        #[arg(long)]
        statement: String,
        /// slight, fair, strong or decisive; or thousandths of a nat.
        #[arg(long, default_value = "fair")]
        weight: String,
        /// Marking; the problem's own where none is given.
        #[arg(long = "marking")]
        markings: Vec<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// State how an indicator stands, and what that rests on.
    ///
    /// Example: noroshi warning state 7be1f0c2 observed --evidence 0a1b2c3d --as sato
    State {
        /// Which indicator.
        indicator: String,
        /// not-observed, possible, observed or negated.
        state: String,
        /// A sighting, report or opinion that it rests on; more than one may be given.
        #[arg(long)]
        evidence: Vec<String>,
        /// Since when, in UTC; now where it is not said.
        #[arg(long)]
        at: Option<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Issue a warning on a problem, in English and Japanese; or follow one up.
    ///
    /// Example: noroshi warning issue 1f0c2a9b --confidence moderate --basis "Two partners saw
    /// it" --basis-ja "二者が確認した" --as sato.  Next: noroshi warning send
    Issue(IssueOptions),
    /// Stand a warning down. Send it again, so that everybody hears of it.
    ///
    /// Example: noroshi warning stand-down 5c3d9e1f --basis "It is over" --basis-ja "終息した"
    /// --confidence high --as sato.  Next: noroshi warning send
    StandDown {
        /// Which warning.
        report: String,
        /// Why, in English.
        #[arg(long)]
        basis: String,
        /// Why, in Japanese.
        #[arg(long)]
        basis_ja: String,
        /// low, moderate or high.
        #[arg(long)]
        confidence: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Acknowledge a warning that came. Send the acknowledgement, so that its issuer hears of it.
    ///
    /// Example: noroshi warning ack 5c3d9e1f --text "We watch port 502" --as smith.  Next: noroshi
    /// warning send
    Ack {
        /// Which warning.
        report: String,
        /// What your side thinks: strongly-disagree, disagree, neutral, agree, strongly-agree.
        #[arg(long, default_value = "neutral")]
        opinion: String,
        /// What you do about it, or why you think so.
        #[arg(long)]
        text: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Send a warning with what it rests on, or an acknowledgement, ahead of everything else.
    ///
    /// Example: noroshi warning send 5c3d9e1f --to USA --as sato.  Next: noroshi act approve
    Send {
        /// A warning, or an acknowledgement.
        item: String,
        /// To whom; an acknowledgement goes to who issued the warning where nobody is named.
        #[arg(long)]
        to: Vec<String>,
        /// Purpose.
        #[arg(long, default_value = "defence")]
        purpose: String,
        /// Only explain.
        #[arg(long)]
        dry_run: bool,
        /// A finding of the review for which you answer: CODE:ITEM.
        #[arg(long)]
        accept: Vec<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct IssueOptions {
    /// On which problem.
    problem: String,
    /// The warning that it follows up.
    #[arg(long)]
    follows: Option<String>,
    /// The level; the computed one where none is said.
    #[arg(long)]
    level: Option<u8>,
    /// A word of likelihood; that of the computed probability where none is said.
    #[arg(long)]
    likelihood: Option<String>,
    /// low, moderate or high: how well the judgement rests.
    #[arg(long)]
    confidence: String,
    /// What it rests on, in English.
    #[arg(long)]
    basis: String,
    /// The same in Japanese.
    #[arg(long)]
    basis_ja: String,
    /// What would change the judgement, in English.
    #[arg(long)]
    change: Option<String>,
    /// The same in Japanese.
    #[arg(long)]
    change_ja: Option<String>,
    /// For how many hours it holds.
    #[arg(long, default_value_t = 72)]
    hours: u32,
    /// Marking; the problem's own where none is given.
    #[arg(long = "marking")]
    markings: Vec<String>,
    /// Who issues it.
    #[arg(long = "as", value_name = "NAME")]
    person: String,
}

impl WarningTask {
    /// The command it is.
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::List => plain(WarningCommand::List),
            Self::Show { problem } => plain(WarningCommand::Show { problem }),
            Self::Level { problem, at } => plain(WarningCommand::Level { problem, at }),
            Self::Proposals => plain(WarningCommand::Proposals),
            Self::Send {
                item,
                to,
                purpose,
                dry_run,
                accept,
                person,
            } => {
                let by = person.clone();
                let order = WarningCommand::Send(SendOrder {
                    item,
                    to,
                    purpose,
                    person,
                    dry_run,
                    accept,
                });
                if dry_run {
                    plain(order)
                } else {
                    Asked::Act(Command::Warning(order), by)
                }
            }
            order => order.act(),
        }
    }

    fn act(self) -> Asked {
        let (order, by) = match self {
            Self::Problem {
                title,
                question,
                hypothesis,
                prior,
                markings,
                person,
            } => {
                let by = person.clone();
                let order = WarningCommand::Problem {
                    title,
                    question,
                    hypothesis,
                    prior_permille: prior,
                    markings,
                    person,
                };
                (order, by)
            }
            Self::Indicator {
                problem,
                statement,
                weight,
                markings,
                person,
            } => {
                let by = person.clone();
                let order = WarningCommand::Indicator {
                    problem,
                    statement,
                    weight,
                    markings,
                    person,
                };
                (order, by)
            }
            Self::State {
                indicator,
                state,
                evidence,
                at,
                person,
            } => {
                let by = person.clone();
                let order = WarningCommand::State {
                    indicator,
                    state,
                    evidence,
                    at,
                    person,
                };
                (order, by)
            }
            Self::Issue(options) => {
                let by = options.person.clone();
                (WarningCommand::Issue(options.order()), by)
            }
            Self::StandDown {
                report,
                basis,
                basis_ja,
                confidence,
                person,
            } => {
                let by = person.clone();
                let order = WarningCommand::StandDown {
                    report,
                    basis,
                    basis_ja,
                    confidence,
                    person,
                };
                (order, by)
            }
            Self::Ack {
                report,
                opinion,
                text,
                person,
            } => {
                let by = person.clone();
                let order = WarningCommand::Ack {
                    report,
                    opinion,
                    text,
                    person,
                };
                (order, by)
            }
            // Told by `asked`.
            read => return read.asked(),
        };
        Asked::Act(Command::Warning(order), by)
    }
}

impl IssueOptions {
    fn order(self) -> IssueOrder {
        IssueOrder {
            problem: self.problem,
            follows: self.follows,
            level: self.level,
            likelihood: self.likelihood,
            confidence: self.confidence,
            basis: self.basis,
            basis_ja: self.basis_ja,
            change: self.change,
            change_ja: self.change_ja,
            hours: self.hours,
            markings: self.markings,
            person: self.person,
        }
    }
}

fn plain(command: WarningCommand) -> Asked {
    Asked::Plain(Command::Warning(command))
}
