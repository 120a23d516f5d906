//! Every stored and sent format of the node, byte by byte as its version says; and that no document
//! and no kind of record is without its frozen bytes. Those of the model, the link and the backup
//! stand with their crates.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use noroshi_model::consent::{ConsentAnswer, ConsentRequest, HopReport};
use noroshi_model::link::{Recall, Receipt};
use noroshi_model::membership::Membership;
use noroshi_model::profile::SourceProfile;
use noroshi_model::{Limits, Signable, Signed, Value};
use noroshi_store::RecordKind;

use crate::agreements::{AgreementDocument, StateDocument};
use crate::alarms;
use crate::beside::Beside;
use crate::catalogues;
use crate::circles::Circle;
use crate::connect::{Channel, ChannelState, Deletion};
use crate::consent::ConsentRecord;
use crate::hops::{Came, Passed};
use crate::introductions::Introduction;
use crate::matching::{Decision, OwnNames, Sighted};
use crate::pairing::{Confirmation, unwrap, wrap};
use crate::records::backup::{BackupRecord, Remains};
use crate::records::recovery::{Owed, RecoveryRecord};
use crate::records::{ActRecord, AgreementRecord, Invite, Peer, Person, PlanRecord, Record};
use crate::recovery::wire::{Answer, Question};
use crate::signin;
use crate::taxii::clients::Client;
use crate::taxii::collections::Collection;
use crate::taxii::posts::Kept;
use crate::taxii::served::Served;
use crate::taxii::standing::Standing;
use crate::taxii::tokens::Token;
use crate::tearline::Tearline;
use crate::views::{Look, Searches};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fixture's bytes; text files end with a line feed that is no part of it.
fn frozen(path: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(workspace().join("crates").join(path)).expect(path);
    if !path.ends_with(".bin") {
        assert_eq!(bytes.pop(), Some(b'\n'), "{path}");
    }
    bytes
}

fn own(name: &str) -> Vec<u8> {
    frozen(&format!("noroshi-node/test-data/frozen/{name}"))
}

/// What was read is written as it was.
fn same(name: &str, again: Vec<u8>) {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(lossy(&again), lossy(&own(name)), "{name}");
}

fn record<R: Record>(name: &str) {
    same(name, R::from_bytes(&own(name)).unwrap().to_bytes());
}

/// The envelope, and the document in it.
fn signed<D: Signable>(name: &str) {
    let read = Signed::<D>::from_bytes(&own(name)).unwrap();
    same(name, read.to_bytes());
    let value = Value::parse(&own(name), &Limits::DEFAULT).unwrap();
    let inner = value.as_object().unwrap().str(D::FIELD).unwrap();
    let inner = noroshi_model::document::unhex(inner).unwrap();
    assert_eq!(read.document().to_bytes(), inner, "{name}");
}

/// Clause: I5
#[test]
fn documents_between_nodes_are_as_they_always_were() {
    let name = "agreement-document-v1.json";
    let read = AgreementDocument::from_bytes(&own(name)).unwrap();
    same(name, read.to_bytes());
    let name = "agreement-state-v1.json";
    same(
        name,
        StateDocument::from_bytes(&own(name)).unwrap().to_bytes(),
    );
    let name = "introduction-v1.json";
    same(
        name,
        Introduction::from_bytes(&own(name)).unwrap().to_bytes(),
    );
    let name = "confirmation-v1.json";
    same(
        name,
        Confirmation::from_bytes(&own(name)).unwrap().to_bytes(),
    );
    let name = "pairing-v1.json";
    let (step, message, address) = unwrap(&own(name), 1).unwrap();
    assert_eq!(step, 1);
    same(name, wrap(1, address.as_deref(), &message));
    signed::<Recall>("signed-recall-v1.json");
    signed::<Receipt>("signed-receipt-v1.json");
    signed::<ConsentRequest>("signed-consent-request-v1.json");
    signed::<ConsentAnswer>("signed-consent-answer-v1.json");
    signed::<HopReport>("signed-hop-report-v1.json");
    signed::<Membership>("signed-membership-v1.json");
    signed::<Question>("signed-recovery-question-v1.json");
    signed::<Answer>("signed-recovery-answer-v1.json");
}

/// How the frozen bytes of a kind of record are read; kinds whose value is another format's bytes,
/// or too plain to have one, say which. A new kind has no place here until it is given one.
fn read_frozen(kind: RecordKind) {
    match kind {
        RecordKind::Peer => record::<Peer>("record-peer-v1.json"),
        RecordKind::Person => record::<Person>("record-person-v1.json"),
        RecordKind::Agreement => record::<AgreementRecord>("record-agreement-v1.json"),
        RecordKind::Act => record::<ActRecord>("record-act-v1.json"),
        RecordKind::Plan => {
            let name = "record-plan-v1.bin";
            same(name, PlanRecord::from_bytes(&own(name)).unwrap().to_bytes());
        }
        RecordKind::Profile => {
            let bytes = frozen("noroshi-model/test-data/frozen/source-profile-v1.json");
            assert_eq!(SourceProfile::from_bytes(&bytes).unwrap().to_bytes(), bytes);
        }
        RecordKind::Tombstone => signed::<Recall>("signed-recall-v1.json"),
        RecordKind::Receipt => signed::<Receipt>("signed-receipt-v1.json"),
        RecordKind::Coalition | RecordKind::PartnerList => {
            signed::<Membership>("signed-membership-v1.json")
        }
        RecordKind::Invite => record::<Invite>("record-invite-v1.json"),
        RecordKind::Backup => record::<BackupRecord>("record-backup-v1.json"),
        RecordKind::InBackups => record::<Remains>("record-in-backups-v1.json"),
        RecordKind::Recovery => record::<RecoveryRecord>("record-recovery-v1.json"),
        RecordKind::Owed => {
            record::<Owed>("record-owed-v1.json");
            record::<Owed>("record-owed-bytes-v1.json");
        }
        RecordKind::Circle => record::<Circle>("record-circle-v1.json"),
        RecordKind::Hop => {
            record::<Came>("record-hop-came-v1.json");
            record::<Passed>("record-hop-passed-v1.json");
        }
        RecordKind::Consent => record::<ConsentRecord>("record-consent-v1.json"),
        RecordKind::Tearline => record::<Tearline>("record-tearline-v1.json"),
        RecordKind::Beside => record::<Beside>("record-beside-v1.json"),
        RecordKind::Alarm => record::<alarms::Answered>("record-alarm-v1.json"),
        RecordKind::Look => record::<Look>("record-look-v1.json"),
        RecordKind::Sighted => record::<Sighted>("record-sighted-v1.json"),
        RecordKind::OwnNames => record::<OwnNames>("record-own-names-v1.json"),
        RecordKind::AtWork => record::<Decision>("record-at-work-v1.json"),
        RecordKind::Client => record::<Client>("record-client-v1.json"),
        RecordKind::Collection => record::<Collection>("record-collection-v1.json"),
        RecordKind::Token => record::<Token>("record-token-v1.json"),
        RecordKind::Account => record::<signin::account::Account>("record-account-v1.json"),
        RecordKind::EnrolCode => {
            record::<signin::account::EnrolCode>("record-enrol-code-v1.json");
        }
        RecordKind::Session => record::<signin::session::Session>("record-session-v1.json"),
        RecordKind::Duties => record::<signin::duties::DutyRecord>("record-duties-v1.json"),
        RecordKind::Desk => record::<signin::face::Desk>("record-desk-v1.json"),
        RecordKind::Catalogue => record::<catalogues::Taken>("record-catalogue-v1.json"),
        RecordKind::Searches => record::<Searches>("record-searches-v1.json"),
        RecordKind::Status => record::<Kept>("record-status-v1.json"),
        RecordKind::Standing => record::<Standing>("record-standing-v1.json"),
        RecordKind::Channel => {
            record::<Channel>("record-channel-v1.json");
            record::<Channel>("record-channel-document-v1.json");
        }
        RecordKind::Deletion => record::<Deletion>("record-deletion-v1.json"),
        RecordKind::ChannelState => record::<ChannelState>("record-channel-state-v1.json"),
        RecordKind::Served => record::<Served>("record-served-v1.json"),
        // noroshi-sync holds its bytes: `link-state-v2.txt`.
        RecordKind::Link => {}
        // A signature of 64 bytes before `manifest-v1.json` of noroshi-model.
        RecordKind::Manifest => {}
        // An item in canonical form.
        RecordKind::Marking => {}
        // Words, or the review's rules: noroshi-gate holds `review-rules-v1.json`.
        RecordKind::Rule => {}
        // A marking as every stored item has one: noroshi-gate holds its form.
        RecordKind::TakenBack => {}
        // A word, a number, a signature, a digest: nothing to read.
        RecordKind::Meta
        | RecordKind::HeldEntry
        | RecordKind::Claim
        | RecordKind::Introduced
        | RecordKind::Late
        | RecordKind::OwnTypes
        | RecordKind::Brought => {}
    }
}

/// Clause: I5
#[test]
fn every_kind_of_record_is_stored_as_it_always_was() {
    for kind in RecordKind::ALL {
        read_frozen(*kind);
    }
}

/// Documents of the sources, and where the frozen bytes of each are.
const FIXTURES: &[(&str, &str)] = &[
    ("act", "noroshi-model/test-data/frozen/act-v1.json"),
    (
        "agreement",
        "noroshi-node/test-data/frozen/agreement-document-v1.json",
    ),
    (
        "agreement.state",
        "noroshi-node/test-data/frozen/agreement-state-v1.json",
    ),
    ("backup", "noroshi-node/test-data/backup-v1.backup"),
    (
        "confirmation",
        "noroshi-node/test-data/frozen/confirmation-v1.json",
    ),
    (
        "consent answer",
        "noroshi-model/test-data/frozen/consent-granted-v1.json",
    ),
    (
        "consent request",
        "noroshi-model/test-data/frozen/consent-request-v1.json",
    ),
    (
        "consent_answer",
        "noroshi-node/test-data/frozen/signed-consent-answer-v1.json",
    ),
    (
        "consent_request",
        "noroshi-node/test-data/frozen/signed-consent-request-v1.json",
    ),
    (
        "continuation proof",
        "noroshi-node/test-data/log-continuation-v1.json",
    ),
    (
        "epoch announcement",
        "noroshi-sync/test-data/epoch-announcement-v1.json",
    ),
    (
        "hop report",
        "noroshi-model/test-data/frozen/hop-report-v1.json",
    ),
    (
        "hop_report",
        "noroshi-node/test-data/frozen/signed-hop-report-v1.json",
    ),
    (
        "introduction",
        "noroshi-node/test-data/frozen/introduction-v1.json",
    ),
    ("key file", "noroshi-seal/test-data/key-locked-v1.json"),
    ("leaf proof", "noroshi-node/test-data/log-proof-v1.json"),
    (
        "ledger line",
        "noroshi-model/test-data/frozen/ledger-line-v1.json",
    ),
    (
        "log continuation",
        "noroshi-node/test-data/log-continuation-v1.json",
    ),
    (
        "log leaf",
        "noroshi-model/test-data/frozen/log-leaf-v1.json",
    ),
    ("log proof", "noroshi-node/test-data/log-proof-v1.json"),
    (
        "manifest",
        "noroshi-model/test-data/frozen/manifest-v1.json",
    ),
    (
        "membership",
        "noroshi-node/test-data/frozen/signed-membership-v1.json",
    ),
    ("pairing", "noroshi-node/test-data/frozen/pairing-v1.json"),
    (
        "recall",
        "noroshi-node/test-data/frozen/signed-recall-v1.json",
    ),
    (
        "receipt",
        "noroshi-node/test-data/frozen/signed-receipt-v1.json",
    ),
    (
        "recovery_answer",
        "noroshi-node/test-data/frozen/signed-recovery-answer-v1.json",
    ),
    (
        "recovery_question",
        "noroshi-node/test-data/frozen/signed-recovery-question-v1.json",
    ),
    (
        "review rules",
        "noroshi-gate/test-data/review-rules-v1.json",
    ),
    (
        "source profile",
        "noroshi-model/test-data/frozen/source-profile-v1.json",
    ),
];

/// The names of documents in a source file: constants, envelopes' fields, words written in place.
fn named_in(source: &str, found: &mut BTreeSet<String>) {
    let beginnings = [
        "const DOCUMENT: &str = \"",
        "const FIELD: &str = \"",
        "const FIELD: &'static str = \"",
        ".with(\"document\", \"",
        "with_document(\"",
    ];
    for line in source.lines() {
        let begun = beginnings
            .iter()
            .filter_map(|beginning| line.split_once(beginning));
        found.extend(begun.filter_map(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())));
        if let Some((_, rest)) = line.trim().split_once("signable!(")
            && let Some(field) = rest.split('"').nth(1)
        {
            found.insert(field.to_owned());
        }
    }
}

fn sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            named_in(&std::fs::read_to_string(&path).unwrap(), found);
        }
    }
}

/// Clause: I5
#[test]
fn no_document_is_without_its_frozen_bytes() {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(workspace().join("crates")).unwrap() {
        sources(&entry.unwrap().path().join("src"), &mut found);
    }
    let fixtures = FIXTURES.iter().copied().collect::<BTreeMap<_, _>>();
    let held: BTreeSet<String> = fixtures.keys().map(|&name| name.to_owned()).collect();
    assert_eq!(
        found, held,
        "each needs a fixture, and each fixture its document"
    );
    for (name, path) in fixtures {
        assert!(!frozen_raw(path).is_empty(), "{name}");
    }
    // Whoever adds a file adds a test that reads it.
    let text = include_str!("frozen.rs");
    let folder = workspace().join("crates/noroshi-node/test-data/frozen");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(text.contains(&name), "{name} is read by no test");
    }
}

fn frozen_raw(path: &str) -> Vec<u8> {
    std::fs::read(workspace().join("crates").join(path)).expect(path)
}
