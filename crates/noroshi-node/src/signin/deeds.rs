//! Commands of somebody who has signed in: each is a deed, and a duty must permit it.

use std::io::Read;

use noroshi_gate::Deed;
use noroshi_model::act::ActKind;

use super::{SignedIn, SigninCommand};
use crate::catalogues::CatalogueCommand;
use crate::command::{Command, Failure};
use crate::connect::ConnectCommand;
use crate::matching::MatchingCommand;
use crate::node::Node;
use crate::outside::Outside;
use crate::sink::Sink;
use crate::taxii::TaxiiCommand;
use crate::telemetry::TelemetryCommand;
use crate::views::ViewCommand;

impl Command {
    /// What doing it is. A new command has no place here until it is given one.
    #[must_use]
    pub fn deed(&self) -> Deed {
        match self {
            Self::Doctor | Self::PeerList | Self::AlarmList { .. } => Deed::Overlook,
            Self::List { .. } | Self::Show { .. } | Self::Search { .. } => Deed::ReadItems,
            Self::AgreementList
            | Self::ConsentList
            | Self::CircleList
            | Self::Receipts { .. }
            | Self::Balance { .. }
            | Self::ProfileList
            | Self::RuleShow
            | Self::CoalitionList => Deed::ReadPartners,
            Self::LedgerList { .. }
            | Self::LedgerVerify
            | Self::LedgerProve { .. }
            | Self::LedgerCheck { .. } => Deed::ReadLedger,
            // Whoever may sign reads what there is to sign.
            Self::ActList { .. } | Self::ActShow { .. } | Self::Endorse { .. } => Deed::Sign,
            Self::AlarmAnswer { .. } => Deed::AnswerAlarm,
            Self::Import { .. } | Self::HeldJudge | Self::HeldDiscard { .. } => Deed::TakeIn,
            Self::Share { .. }
            | Self::Tearline { .. }
            | Self::Recall { .. }
            | Self::MarkingLower { .. }
            | Self::ConsentRequest { .. } => Deed::Propose,
            Self::AgreementTemplate { .. }
            | Self::AgreementPropose { .. }
            | Self::AgreementSign { .. }
            | Self::AgreementSuspend { .. }
            | Self::AgreementResume { .. }
            | Self::PeerInvite { .. }
            | Self::PeerAccept { .. }
            | Self::PeerConfirm { .. }
            | Self::PeerSet { .. }
            | Self::PeerRemove { .. }
            | Self::Sync { .. }
            | Self::ConsentGrant { .. }
            | Self::ConsentDecline { .. }
            | Self::ConsentWithdraw { .. }
            | Self::CircleSet { .. } => Deed::Arrange,
            Self::Taxii(taxii) => match taxii {
                TaxiiCommand::ClientList
                | TaxiiCommand::CollectionList
                | TaxiiCommand::TokenList => Deed::ReadPartners,
                _ => Deed::Arrange,
            },
            Self::Connect(connect) => match connect {
                ConnectCommand::List | ConnectCommand::Show { .. } | ConnectCommand::FeedList => {
                    Deed::Overlook
                }
                ConnectCommand::Now { .. } => Deed::TakeIn,
                _ => Deed::Arrange,
            },
            Self::Matching(matching) => match matching {
                MatchingCommand::Status
                | MatchingCommand::Held { .. }
                | MatchingCommand::Show { .. }
                | MatchingCommand::ShowOwn
                | MatchingCommand::Sightings { .. } => Deed::ReadItems,
                MatchingCommand::Release { .. }
                | MatchingCommand::Stop { .. }
                | MatchingCommand::Verdict { .. } => Deed::AnswerAlarm,
                MatchingCommand::SetOwn { .. } => Deed::Rule,
                MatchingCommand::Tell { .. } => Deed::Propose,
            },
            Self::Catalogue(catalogue) => match catalogue {
                CatalogueCommand::List => Deed::Overlook,
                CatalogueCommand::Load { .. } => Deed::TakeIn,
            },
            Self::Warning(warning) if warning.orders() => Deed::Propose,
            Self::Warning(_) => Deed::ReadItems,
            Self::View(view) => match view {
                ViewCommand::Search(_)
                | ViewCommand::Item { .. }
                // They name what came and what is held.
                | ViewCommand::Now { .. }
                | ViewCommand::Looked { .. }
                | ViewCommand::Searches { .. }
                | ViewCommand::SearchKeep { .. }
                | ViewCommand::SearchForget { .. }
                | ViewCommand::Matrix
                | ViewCommand::Actors(_) => Deed::ReadItems,
                ViewCommand::Ledger(_) => Deed::ReadLedger,
                ViewCommand::Paste { .. } | ViewCommand::Take { .. } => Deed::TakeIn,
            },
            Self::Telemetry(TelemetryCommand::Watch { .. }) => Deed::TakeIn,
            Self::Telemetry(TelemetryCommand::Sources) => Deed::Overlook,
            Self::ProfileSet { .. }
            | Self::RuleSet { .. }
            | Self::ReviewSet { .. }
            | Self::CoalitionSet { .. } => Deed::Rule,
            Self::Signin(SigninCommand::Code { .. } | SigninCommand::Duties { .. })
            | Self::PersonAdd { .. }
            | Self::PersonList
            | Self::PersonRevoke { .. }
            | Self::KeyShow
            | Self::KeyRotate { .. }
            | Self::KeyRevoke { .. }
            | Self::LedgerExport { .. }
            | Self::BackupMake { .. }
            | Self::BackupList
            | Self::BackupForget { .. }
            | Self::RestoreStatus
            | Self::RestoreSkip { .. }
            | Self::TextRebuild => Deed::Administer,
        }
    }

    /// Who orders it, where somebody does: every such command says so in `person`.
    fn orderer(&self) -> Option<String> {
        let value = serde_json::to_value(self).ok()?;
        value.get("person")?.as_str().map(str::to_owned)
    }
}

impl Node {
    /// Do what somebody asks who has signed in: the same as [`Node::run`], if a duty permits it and
    /// nobody else is named as who asks.
    ///
    /// # Errors
    /// `duty.none`, `duty.other_person`, and what the command itself fails with.
    pub fn run_as(
        &self,
        who: &SignedIn,
        command: Command,
        input: Option<&mut dyn Read>,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        who.expect(command.deed())?;
        if command
            .orderer()
            .is_some_and(|named| named != who.person().as_str())
        {
            let why = "who has signed in asks for nobody else";
            return Err(Failure::new("duty.other_person", 3, why));
        }
        if let Command::Endorse { act, .. } | Command::ActShow { act } = &command {
            who.expect(signing(self.find_act(act)?.act.kind))?;
        }
        self.run(command, input, outside, sink)
    }
}

/// What whoever signs an act must be permitted beside signing: who may only look after people and
/// keys signs nothing else, and does not decide what leaves.
pub(super) fn signing(kind: ActKind) -> Deed {
    match kind {
        ActKind::PersonAdd
        | ActKind::PersonRevoke
        | ActKind::PersonDuties
        | ActKind::KeyRotate
        | ActKind::KeyRevoke => Deed::Sign,
        _ => Deed::Propose,
    }
}
