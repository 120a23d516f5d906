//! Commands about third parties: consent to passing on, and private circles.

use clap::Subcommand;
use noroshi_node::Command;

use super::Asked;

#[derive(Clone, Debug, Subcommand)]
pub(super) enum ConsentTask {
    /// Ask the originator of an item whether you may pass it on.
    ///
    /// Example: noroshi consent request 1f0c2a9b --to AUS --reason "they see the same actor" --as
    /// smith.  Next: noroshi consent list, and once it is granted noroshi share
    Request {
        /// Which item.
        item: String,
        /// To whom it would go: nation, alias or node id.
        #[arg(long)]
        to: String,
        /// Purpose; the later share must name the same.
        #[arg(long, default_value = "defence")]
        purpose: String,
        /// Why, for the originator's people.
        #[arg(long)]
        reason: String,
        /// How long the question stays open, in days.
        #[arg(long, default_value_t = 14)]
        days: u32,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List what was asked, by this node and of it, and what was answered.
    ///
    /// Example: noroshi consent list.  Next: consent grant or consent decline
    List,
    /// Agree that a partner passes your item on; two persons sign for this side.
    ///
    /// Example: noroshi consent grant 7be1f0c2 --until 2026-12-31 --as sato.  Next: act approve
    Grant {
        /// The beginning of the question's digest.
        request: String,
        /// A day or an instant at which it ends.
        #[arg(long)]
        until: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Refuse that a partner passes your item on; two persons sign for this side.
    ///
    /// Example: noroshi consent decline 7be1f0c2 --reason "source at risk" --as sato
    Decline {
        /// The beginning of the question's digest.
        request: String,
        /// Why, for the partner's people.
        #[arg(long)]
        reason: String,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// Take back what was granted, alone and at once. What has gone on is taken back by recall.
    ///
    /// Example: noroshi consent withdraw 7be1f0c2 --reason "source at risk" --as sato.
    Withdraw {
        /// The beginning of the question's digest.
        request: String,
        /// Why, for the partner's people.
        #[arg(long)]
        reason: String,
        /// Who orders it.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum CircleTask {
    /// Set the members of a circle; a second person approves. Members do not learn of it.
    ///
    /// Example: noroshi circle set pacific --peer USA --peer AUS --as sato.  Next: noroshi share
    /// --to circle:pacific
    Set {
        /// Its name.
        name: String,
        /// A member: nation, alias or node id.
        #[arg(long = "peer", required = true)]
        peers: Vec<String>,
        /// Who asks.
        #[arg(long = "as", value_name = "NAME")]
        person: String,
    },
    /// List circles and their members.
    ///
    /// Example: noroshi circle list
    List,
}

pub(super) fn consent(task: ConsentTask) -> Asked {
    match task {
        ConsentTask::List => Asked::Plain(Command::ConsentList),
        ConsentTask::Request {
            item,
            to,
            purpose,
            reason,
            days,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::ConsentRequest {
                    item,
                    to,
                    purpose,
                    reason,
                    days,
                    person,
                },
                by,
            )
        }
        ConsentTask::Grant {
            request,
            until,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::ConsentGrant {
                    request,
                    until,
                    person,
                },
                by,
            )
        }
        ConsentTask::Decline {
            request,
            reason,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::ConsentDecline {
                    request,
                    reason,
                    person,
                },
                by,
            )
        }
        ConsentTask::Withdraw {
            request,
            reason,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::ConsentWithdraw {
                    request,
                    reason,
                    person,
                },
                by,
            )
        }
    }
}

pub(super) fn circle(task: CircleTask) -> Asked {
    match task {
        CircleTask::List => Asked::Plain(Command::CircleList),
        CircleTask::Set {
            name,
            peers,
            person,
        } => {
            let by = person.clone();
            Asked::Act(
                Command::CircleSet {
                    name,
                    peers,
                    person,
                },
                by,
            )
        }
    }
}
