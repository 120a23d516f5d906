//! From a command to the station that does it: the one list of everything a person can ask.

use std::io::Read;

use noroshi_model::act::ActKind;
use serde::Serialize;

use crate::acts::{Signed, act_answer};
use crate::coalitions::ListOrder;
use crate::command::{Command, Event, Failure, SyncAnswer};
use crate::node::Node;
use crate::outside::Outside;
use crate::plan::Ask;
use crate::proofs::Wanted;
use crate::sink::Sink;
use crate::tearline::Order;

impl Node {
    /// Do what a person asks.
    ///
    /// # Errors
    /// [`Failure`], with a code of the message catalogue and an exit code.
    pub fn run(
        &self,
        command: Command,
        input: Option<&mut dyn Read>,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        if command.reads_items() {
            self.expect_recovered()?;
        }
        match command {
            Command::Import { paths, profile } => {
                self.import(&paths, profile.as_deref(), input, sink)
            }
            Command::List {
                kind,
                state,
                source,
                limit,
                after,
            } => self.list(kind, state, source, limit, after, sink),
            Command::Show { item } => self.show(&item, sink),
            Command::Search { text, limit } => self.search(&text, limit, sink),
            Command::Share {
                select,
                to,
                purpose,
                precedence,
                person,
                dry_run,
                expires_minutes,
                accept,
            } => {
                let ask = Ask {
                    accept: &accept,
                    to: &to,
                    purpose: &purpose,
                    precedence: &precedence,
                    person: &person,
                    dry_run,
                    expires_minutes,
                };
                let plan = self.share(&select, &ask, sink)?;
                answer(sink, "plan", plan)
            }
            Command::Tearline {
                item,
                to,
                object,
                drop,
                replace,
                markings,
                purpose,
                person,
                dry_run,
            } => {
                let order = Order {
                    item: &item,
                    to: &to,
                    object: object.as_ref(),
                    drop: &drop,
                    replace: &replace,
                    markings: &markings,
                    purpose: &purpose,
                    person: &person,
                    dry_run,
                };
                self.tearline(&order, sink)
            }
            Command::Recall {
                item,
                mode,
                reason,
                person,
            } => answer(sink, "act", self.recall(&item, &mode, &reason, &person)?),
            Command::AgreementTemplate { with, title, days } => {
                answer(sink, "draft", self.agreement_template(&with, title, days)?)
            }
            Command::AgreementPropose { agreement, person } => {
                answer(sink, "act", self.agreement_propose(&agreement, &person)?)
            }
            Command::AgreementSign { agreement, person } => {
                answer(sink, "act", self.agreement_sign(&agreement, &person)?)
            }
            Command::AgreementSuspend { agreement, person } => {
                let kind = ActKind::AgreementSuspend;
                answer(
                    sink,
                    "act",
                    self.agreement_state(&agreement, &person, kind)?,
                )
            }
            Command::AgreementResume { agreement, person } => {
                let kind = ActKind::AgreementResume;
                answer(
                    sink,
                    "act",
                    self.agreement_state(&agreement, &person, kind)?,
                )
            }
            Command::AgreementList => self.agreement_list(sink),
            Command::Taxii(command) => self.run_taxii(command, sink),
            Command::View(view) => self.run_view(view, sink),
            Command::Telemetry(command) => self.telemetry(command, input, sink),
            Command::Warning(command) => self.run_warning(command, sink),
            Command::Signin(command) => self.run_signin(command, sink),
            Command::Catalogue(command) => self.run_catalogue(command, sink),
            Command::Connect(command) => self.run_connect(command, outside, sink),
            Command::Matching(command) => self.run_matching(command, sink),
            other => self.run_rest(other, outside, sink),
        }
    }

    /// The second half of the list: partners, people, keys, acts, ledger.
    fn run_rest(
        &self,
        command: Command,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        match command {
            Command::PeerInvite { person } => answer(sink, "invite", self.peer_invite(&person)?),
            Command::PeerAccept {
                address,
                code,
                person,
            } => answer(
                sink,
                "peer",
                self.peer_accept(&address, &code, &person, outside)?,
            ),
            Command::PeerConfirm {
                peer,
                fingerprint,
                person,
            } => answer(
                sink,
                "act",
                self.peer_confirm(&peer, &fingerprint, &person)?,
            ),
            Command::PeerSet {
                peer,
                alias,
                address,
                person,
            } => answer(sink, "peer", self.peer_set(&peer, alias, address, &person)?),
            Command::PeerRemove { peer, person } => {
                answer(sink, "act", self.peer_remove(&peer, &person)?)
            }
            Command::PeerList => self.peer_list(sink),
            Command::Sync { peer } => {
                let synced = self.sync(peer.as_deref(), outside, sink)?;
                answer(sink, "sync", synced)
            }
            Command::PersonAdd {
                name,
                public_key,
                person,
            } => answer(sink, "act", self.person_add(&name, &public_key, &person)?),
            Command::PersonList => self.person_list(sink),
            Command::PersonRevoke { name, person } => {
                answer(sink, "act", self.person_revoke(&name, &person)?)
            }
            Command::ProfileSet {
                name,
                title,
                markings,
                own,
                person,
            } => answer(
                sink,
                "act",
                self.profile_set(&name, &title, &markings, own, &person)?,
            ),
            Command::ProfileList => self.profile_list(sink),
            Command::RuleSet {
                second_person_above,
                person,
            } => answer(sink, "act", self.rule_set(&second_person_above, &person)?),
            Command::ReviewSet { rules, person } => {
                answer(sink, "act", self.review_set(&rules, &person)?)
            }
            Command::RuleShow => answer(sink, "rules", self.rules_shown()?),
            Command::CoalitionSet {
                coalition,
                title,
                nations,
                from,
                until,
                person,
            } => {
                let order = ListOrder {
                    coalition: &coalition,
                    title: &title,
                    nations: &nations,
                    from: from.as_deref(),
                    until: until.as_deref(),
                    person: &person,
                };
                answer(sink, "act", self.coalition_set(&order)?)
            }
            Command::CoalitionList => self.coalition_list(sink),
            Command::MarkingLower { item, person } => {
                answer(sink, "act", self.marking_lower(&item, &person)?)
            }
            Command::HeldJudge => answer(sink, "held", self.held_judge()?),
            Command::HeldDiscard {
                item,
                reason,
                person,
            } => answer(sink, "act", self.held_discard(&item, &reason, &person)?),
            Command::ConsentRequest {
                item,
                to,
                purpose,
                reason,
                days,
                person,
            } => answer(
                sink,
                "act",
                self.consent_request(&item, &to, &purpose, &reason, days, &person)?,
            ),
            Command::ConsentList => self.consent_list(sink),
            Command::ConsentGrant {
                request,
                until,
                person,
            } => answer(sink, "act", self.consent_grant(&request, &until, &person)?),
            Command::ConsentDecline {
                request,
                reason,
                person,
            } => {
                let kind = ActKind::ConsentDecline;
                answer(
                    sink,
                    "act",
                    self.consent_refuse(&request, &reason, &person, kind)?,
                )
            }
            Command::ConsentWithdraw {
                request,
                reason,
                person,
            } => {
                let kind = ActKind::ConsentWithdraw;
                answer(
                    sink,
                    "act",
                    self.consent_refuse(&request, &reason, &person, kind)?,
                )
            }
            Command::CircleSet {
                name,
                peers,
                person,
            } => answer(sink, "act", self.circle_set(&name, &peers, &person)?),
            Command::CircleList => self.circle_list(sink),
            Command::KeyShow => {
                self.key_show(sink);
                Ok(())
            }
            Command::KeyRotate { purpose, person } => {
                answer(sink, "act", self.key_rotate(&purpose, &person)?)
            }
            Command::KeyRevoke { key, person } => {
                answer(sink, "act", self.key_revoke(&key, &person)?)
            }
            Command::Endorse {
                act,
                person,
                signature,
                root_signature,
            } => {
                let presented = self.tls_key();
                let signed = Signed {
                    person: &person,
                    signature: &signature,
                    root_signature: root_signature.as_deref(),
                };
                let mut progress = told(sink, "progress-release");
                let (endorsed, wake) = self.endorse(&act, &signed, &mut progress)?;
                drop(progress);
                if self.tls_key() != presented {
                    outside.present(&self.tls_key());
                }
                wake.iter().for_each(|peer| outside.wake(peer));
                answer(sink, "endorsed", endorsed)
            }
            Command::ActList { state } => self.act_list(state.as_deref(), sink),
            Command::ActShow { act } => {
                let record = self.find_act(&act)?;
                self.explain(&record, sink)?;
                answer(sink, "act", act_answer(&record, self.now()))
            }
            Command::Receipts {
                item,
                peer,
                outstanding,
                limit,
            } => self.receipts(item.as_deref(), peer.as_deref(), outstanding, limit, sink),
            Command::Balance { with } => self.balance(with.as_deref(), sink),
            Command::LedgerList { from, limit, kind } => {
                self.ledger_list(from, limit, kind.as_deref(), sink)
            }
            Command::LedgerVerify => self.ledger_verify(sink),
            Command::LedgerProve {
                line,
                item,
                peer,
                receipt,
                from,
            } => {
                let wanted = Wanted {
                    line,
                    item: item.as_deref(),
                    peer: peer.as_deref(),
                    receipt,
                    from,
                };
                self.ledger_prove(&wanted, sink)
            }
            Command::LedgerCheck { proof, since } => {
                self.ledger_check(&proof, since.as_deref(), sink)
            }
            Command::LedgerExport { folder, peer } => {
                self.ledger_export(&folder, peer.as_deref(), sink)
            }
            Command::Doctor => self.doctor(sink),
            Command::TextRebuild => self.text_rebuild(sink),
            Command::AlarmList { all, limit } => self.alarm_list(all, limit, sink),
            Command::AlarmAnswer { line, note, person } => {
                answer(sink, "alarm", self.alarm_answer(line, &note, &person)?)
            }
            Command::BackupMake { to, person, lock } => {
                let made = self.backup_make(&to, &person, lock.as_ref(), sink)?;
                answer(sink, "backup", made)
            }
            Command::RestoreStatus => self.restore_status(sink),
            Command::RestoreSkip { peer, person } => {
                answer(sink, "recovery", self.restore_skip(&peer, &person)?)
            }
            Command::BackupList => self.backup_list(sink),
            Command::BackupForget { backup, person } => {
                answer(sink, "backup", self.backup_forget(&backup, &person)?)
            }
            // Answered by `run`; named so that a new command is missed by neither.
            Command::Import { .. }
            | Command::List { .. }
            | Command::Show { .. }
            | Command::Search { .. }
            | Command::Share { .. }
            | Command::Tearline { .. }
            | Command::Recall { .. }
            | Command::AgreementTemplate { .. }
            | Command::AgreementPropose { .. }
            | Command::AgreementSign { .. }
            | Command::AgreementSuspend { .. }
            | Command::AgreementResume { .. }
            | Command::Taxii(_)
            | Command::View(_)
            | Command::Telemetry(_)
            | Command::Warning(_)
            | Command::Signin(_)
            | Command::Catalogue(_)
            | Command::Connect(_)
            | Command::Matching(_)
            | Command::AgreementList => Err(Failure::new("internal", 1, "a command went astray")),
        }
    }

    /// Exchange with one peer, or with every one that can be reached.
    fn sync(
        &self,
        peer: Option<&str>,
        outside: &dyn Outside,
        sink: &mut dyn Sink,
    ) -> Result<SyncAnswer, Failure> {
        let mut progress = told(sink, "progress-sync");
        if let Some(named) = peer {
            let peer = self.find_peer(named)?.node();
            return self.sync_telling(&peer, outside, &mut progress);
        }
        let mut whole = SyncAnswer::default();
        for peer in self.peers_to_sync() {
            match self.sync_telling(&peer, outside, &mut progress) {
                Ok(one) => {
                    whole.peers.extend(one.peers);
                    whole.sent += one.sent;
                    whole.received += one.received;
                    whole.bytes_out += one.bytes_out;
                    whole.bytes_in += one.bytes_in;
                }
                Err(failure) => {
                    whole.failed.insert(peer.to_string(), failure.detail);
                }
            }
        }
        if whole.peers.is_empty()
            && let Some((peer, why)) = whole.failed.first_key_value()
        {
            return Err(Failure::new("peer.unreachable", 6, why).arg("peer", peer));
        }
        Ok(whole)
    }
}

/// Tells on how far long work is. Whoever asked may have gone: the work goes on all the same, to
/// its next safe end.
pub(crate) fn told<'a>(sink: &'a mut dyn Sink, label: &'a str) -> impl FnMut(u64, u64) + 'a {
    move |done, total| {
        sink.send(Event::Progress {
            label: label.into(),
            done,
            total: Some(total),
        });
    }
}

fn answer(sink: &mut dyn Sink, kind: &str, value: impl Serialize) -> Result<(), Failure> {
    let value = serde_json::to_value(value).map_err(|error| Failure::new("internal", 1, error))?;
    sink.send(Event::Answer {
        kind: kind.into(),
        answer: value,
    });
    Ok(())
}
