//! Every document that is signed or stored, byte by byte as its version says. These bytes never
//! change: a new layout is a new version beside them, and both are read.

use noroshi_model::act::{Act, ActKind};
use noroshi_model::agreement::{Agreement, Party};
use noroshi_model::consent::{ConsentAnswer, ConsentRequest, Hop, HopReport, Verdict};
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::link::{EntryKind, Fate, LogLeaf, Precedence, Recall, RecallMode, Receipt};
use noroshi_model::manifest::{Manifest, ManifestKey, Purpose};
use noroshi_model::membership::Membership;
use noroshi_model::org::{Organisation, OrganisationKind};
use noroshi_model::profile::SourceProfile;
use noroshi_model::{
    Attribution, Context, Digest, ItemHash, KeyId, Limits, NodeId, Role, Timestamp, Value, World,
    signing,
};

const AT: i64 = 1_790_000_000_123_456;

fn at() -> Timestamp {
    Timestamp::from_micros(AT)
}

/// Writing gives the frozen bytes, and reading them gives the document again.
macro_rules! frozen {
    ($test:ident, $kind:ty, $file:literal, $document:expr) => {
        /// Clause: I5
        #[test]
        fn $test() {
            let bytes = include_str!(concat!("../test-data/frozen/", $file)).trim_end();
            let document: $kind = $document;
            assert_eq!(String::from_utf8(document.to_bytes()).unwrap(), bytes);
            assert_eq!(<$kind>::from_bytes(bytes.as_bytes()).unwrap(), document);
        }
    };
}

frozen!(
    act,
    Act,
    "act-v1.json",
    Act {
        world: World::Operational,
        kind: ActKind::Recall,
        subject: Object::new().with("item", "x").with("mode", "destroy"),
        requester: "sato".parse().unwrap(),
        at: at(),
        expires: at().plus_seconds(60),
        nonce: [7; 16],
    }
);

frozen!(
    log_leaf,
    LogLeaf,
    "log-leaf-v1.json",
    LogLeaf {
        number: 41,
        kind: EntryKind::Release,
        at: at(),
        precedence: Precedence::Flash,
        digest: Digest([3; 32]),
        salt: [9; 16],
    }
);

frozen!(
    recall,
    Recall,
    "recall-v1.json",
    Recall {
        world: World::Exercise,
        by: NodeId::from_bytes([1; 32]),
        item: ItemHash(Digest([2; 32])),
        id: "malware--00000000-0000-4000-8000-000000000001"
            .parse()
            .unwrap(),
        modified: at(),
        mode: RecallMode::Withdraw,
        reason: "誤り".to_owned(),
        at: at(),
    }
);

frozen!(
    receipt,
    Receipt,
    "receipt-v1.json",
    Receipt {
        world: World::Operational,
        by: NodeId::from_bytes([1; 32]),
        to: NodeId::from_bytes([2; 32]),
        epoch: 3,
        at: at(),
        fates: vec![
            (1, Digest([4; 32]), Fate::Admitted),
            (2, Digest([5; 32]), Fate::Destroyed),
        ],
    }
);

frozen!(
    ledger_line,
    LedgerLine,
    "ledger-line-v1.json",
    LedgerLine {
        at: at(),
        kind: LineKind::Released,
        person: Some("sato".parse().unwrap()),
        body: Object::new().with("item", "x"),
    }
);

frozen!(
    manifest,
    Manifest,
    "manifest-v1.json",
    Manifest {
        organisation: Organisation {
            node: "e759d8f5543684d0e8a843d1ad6e81773f0f95d78d3bd3cb7139644573887c33"
                .parse()
                .unwrap(),
            name_en: "Ministry".to_owned(),
            name_ja: "省".to_owned(),
            nation: "JPN".parse().unwrap(),
            kind: OrganisationKind::Ministry,
        },
        world: World::Operational,
        root: [8; 32],
        serial: 1,
        issued: at(),
        keys: [Purpose::Items, Purpose::Ledger]
            .into_iter()
            .zip([[5_u8; 32], [6; 32]])
            .map(|(purpose, public)| ManifestKey {
                id: KeyId::of(&public),
                purpose,
                public: public.to_vec(),
                from: at(),
                revoked: None,
            })
            .collect(),
    }
);

fn third() -> Party {
    Party {
        node: NodeId::from_bytes([3; 32]),
        name_en: "Department".to_owned(),
        name_ja: "部".to_owned(),
        nation: "AUS".parse().expect("invariant: three capitals"),
    }
}

fn answer(verdict: Verdict) -> ConsentAnswer {
    let is_grant = verdict == Verdict::Granted;
    ConsentAnswer {
        world: World::Operational,
        by: NodeId::from_bytes([1; 32]),
        to: NodeId::from_bytes([2; 32]),
        request: Digest([6; 32]),
        item: ItemHash(Digest([5; 32])),
        recipient: third().node,
        purpose: "defence".to_owned(),
        verdict,
        reason: if is_grant { "" } else { "情報源の保護" }.to_owned(),
        at: at(),
        until: if is_grant {
            at().plus_seconds(86_400)
        } else {
            at()
        },
    }
}

frozen!(
    consent_request,
    ConsentRequest,
    "consent-request-v1.json",
    ConsentRequest {
        world: World::Operational,
        by: NodeId::from_bytes([2; 32]),
        to: NodeId::from_bytes([1; 32]),
        item: ItemHash(Digest([5; 32])),
        id: "malware--00000000-0000-4000-8000-000000000001"
            .parse()
            .unwrap(),
        modified: at(),
        recipient: third(),
        purpose: "defence".to_owned(),
        reason: "they see the same actor".to_owned(),
        at: at(),
        expires: at().plus_seconds(7 * 86_400),
    }
);

frozen!(
    consent_granted,
    ConsentAnswer,
    "consent-granted-v1.json",
    answer(Verdict::Granted)
);

frozen!(
    consent_withdrawn,
    ConsentAnswer,
    "consent-withdrawn-v1.json",
    answer(Verdict::Withdrawn)
);

frozen!(
    hop_report,
    HopReport,
    "hop-report-v1.json",
    HopReport {
        world: World::Operational,
        by: NodeId::from_bytes([2; 32]),
        to: NodeId::from_bytes([1; 32]),
        recall: Digest([7; 32]),
        item: ItemHash(Digest([5; 32])),
        serial: 2,
        at: at(),
        hops: vec![
            Hop {
                via: NodeId::from_bytes([2; 32]),
                party: third(),
                fate: Some(Fate::Destroyed),
                receipt: Some(b"{}".to_vec()),
            },
            Hop {
                via: NodeId::from_bytes([3; 32]),
                party: third(),
                fate: None,
                receipt: None,
            },
        ],
        others_answered: 1,
        others_outstanding: 4,
    }
);

/// Clause: I5
#[test]
fn an_agreement_and_a_source_profile_are_as_they_always_were() {
    let bytes = include_str!("../test-data/frozen/agreement-object-v1.json").trim_end();
    let agreement = Agreement::from_bytes(bytes.as_bytes()).unwrap();
    assert_eq!(
        agreement.to_value().canonical(),
        bytes.as_bytes(),
        "{agreement:?}"
    );
    let bytes = include_str!("../test-data/frozen/source-profile-v1.json").trim_end();
    let value = Value::parse(bytes.as_bytes(), &Limits::DEFAULT).unwrap();
    let profile = SourceProfile::from_value(value).unwrap();
    let written = Value::Object(profile.to_object()).canonical();
    assert_eq!(String::from_utf8(written).unwrap(), bytes);
}

/// Clause: I6
#[test]
fn consent_documents_that_mean_two_things_or_last_for_ever_are_not_read() {
    let good = answer(Verdict::Granted);
    let me = good.by;
    let wrong = [
        // For ever, or over before it begins.
        ConsentAnswer {
            until: at().plus_seconds(367 * 86_400),
            ..good.clone()
        },
        ConsentAnswer {
            until: at(),
            ..good.clone()
        },
        // A grant with a reservation nobody can check; a refusal without a reason.
        ConsentAnswer {
            reason: "but not on Fridays".to_owned(),
            ..good.clone()
        },
        ConsentAnswer {
            reason: String::new(),
            ..answer(Verdict::Declined)
        },
        // The originator is no third node, and neither is the one that asks.
        ConsentAnswer {
            recipient: me,
            ..good.clone()
        },
        ConsentAnswer {
            recipient: good.to,
            ..good.clone()
        },
        ConsentAnswer {
            purpose: String::new(),
            ..good.clone()
        },
    ];
    for answer in wrong {
        assert!(ConsentAnswer::from_bytes(&answer.to_bytes()).is_err());
    }
    // One field more than the grant has.
    let text = String::from_utf8(good.to_bytes()).unwrap();
    let more = text.replacen("{", "{\"also\":\"everyone\",", 1);
    assert!(ConsentAnswer::from_bytes(more.as_bytes()).is_err());
    assert!(ConsentAnswer::from_bytes(text.as_bytes()).is_ok());
}

frozen!(
    membership,
    Membership,
    "membership-v1.json",
    Membership {
        world: World::Operational,
        coalition: "FVEY".parse().unwrap(),
        serial: 2,
        title: "Exchange of notes, 覚書".to_owned(),
        nations: ["USA", "GBR"].map(|code| code.parse().unwrap()).into(),
        valid_from: at(),
        valid_until: at().plus_seconds(86_400),
        by: NodeId::from_bytes([1; 32]),
        at: at(),
    }
);

/// Clause: I5
#[test]
fn what_is_signed_for_an_item_and_its_context_never_changes() {
    let message = Attribution::message(
        World::Operational,
        Role::Originator,
        &NodeId::from_bytes([1; 32]),
        &KeyId::of(b"key"),
        &[],
        &ItemHash(Digest([2; 32])),
    );
    let contexts = [
        Context::Item,
        Context::Manifest,
        Context::Agreement,
        Context::AgreementState,
        Context::Act,
        Context::Recall,
        Context::Receipt,
        Context::Epoch,
        Context::Pairing,
        Context::ConsentRequest,
        Context::ConsentAnswer,
        Context::HopReport,
        Context::Membership,
    ];
    let mut lines = vec![Digest::of(&message).to_string()];
    for context in contexts {
        let message = signing::message(context, World::Exercise, b"payload");
        lines.push(Digest::of(&message).to_string());
    }
    let frozen = include_str!("../test-data/frozen/signed-v1.txt");
    assert_eq!(lines, frozen.lines().collect::<Vec<_>>());
}
