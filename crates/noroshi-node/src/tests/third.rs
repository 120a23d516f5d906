//! Three nations: Japan and the United States have a link, the United States and Australia have
//! one, Japan and Australia do not know each other. One agreement of all three.

use noroshi_model::Signer;
use noroshi_model::consent::{ConsentAnswer, Verdict};
use noroshi_model::link::{EntryKind, Precedence};
use noroshi_model::{Digest, Signed};
use noroshi_store::WriteError;
use serde_json::{Value, json};

use super::stage::{Party, Stage, field, id, object};
use crate::command::Command;
use crate::node::store_failure;

pub(super) struct Three {
    pub(super) stage: Stage,
    /// The United States towards Australia.
    pub(super) us: Party,
    pub(super) au: Party,
    pub(super) agreement: String,
}

impl Three {
    /// All three under one agreement; items of Japan's own are closed, those of feeds as well.
    pub(super) fn new(members_known: bool) -> Self {
        Self::drafted(|draft| {
            if members_known {
                draft["members_known"] = json!(true);
            }
        })
    }

    /// The same under an agreement that is drafted otherwise.
    pub(super) fn drafted(change: impl Fn(&mut Value)) -> Self {
        let stage = Stage::new();
        let (us, au) = stage.beyond();
        let mut draft = us.ask(Command::AgreementTemplate {
            with: vec!["JPN".to_owned(), "AUS".to_owned()],
            title: None,
            days: 60,
        })["agreement"]
            .take();
        change(&mut draft);
        for term in draft["releases"].as_array_mut().unwrap() {
            term["purposes"] = json!(["defence", "exercise"]);
        }
        us.order(Command::AgreementPropose {
            agreement: draft.clone(),
            person: us.people[0].to_owned(),
        });
        let three = Self {
            agreement: field(&draft, "id"),
            stage,
            us,
            au,
        };
        three.settle();
        three.stage.jp.sign(&three.agreement);
        three.au.sign(&three.agreement);
        three.settle();
        for party in [&three.stage.jp, &three.us] {
            party.profile("closed", "TLP:AMBER", true);
            party.profile("passed", "TLP:AMBER", false);
        }
        three
    }

    /// Exchange until nothing moves.
    pub(super) fn settle(&self) {
        for _ in 0..3 {
            self.stage.jp.sync();
            self.us.sync();
        }
    }

    /// Japan's item, which the United States holds.
    pub(super) fn shared(&self, number: u32) {
        let jp = &self.stage.jp;
        jp.import("closed", &[object(number, 100)]);
        jp.order(jp.share(&[&id(number)]));
        self.settle();
        assert_eq!(self.us.state(&id(number)).as_deref(), Some("admitted"));
    }

    pub(super) fn ask(&self, number: u32) -> Command {
        Command::ConsentRequest {
            item: id(number),
            to: "AUS".to_owned(),
            purpose: "defence".to_owned(),
            reason: "they see the same actor".to_owned(),
            days: 7,
            person: self.us.people[0].to_owned(),
        }
    }

    /// The digest of the one question that Japan has to answer.
    pub(super) fn open(&self) -> String {
        let rows = self.stage.jp.rows(Command::ConsentList);
        let mut open = rows.iter().filter(|row| row["state"] == "open");
        let digest = field(open.next().unwrap(), "request");
        assert!(open.next().is_none());
        digest
    }

    pub(super) fn grant(&self, request: String, until: &str) -> Command {
        Command::ConsentGrant {
            request,
            until: until.to_owned(),
            person: self.stage.jp.people[0].to_owned(),
        }
    }

    /// Asked, granted until some days after the stage's beginning, and the answer is there.
    pub(super) fn consented(&self, number: u32) -> String {
        self.us.order(self.ask(number));
        self.settle();
        let request = self.open();
        self.stage
            .jp
            .order(self.grant(request.clone(), "2026-10-10"));
        self.settle();
        request
    }

    /// Shared with the United States, consented to, and gone on to Australia.
    pub(super) fn gone_on(&self, number: u32) {
        self.shared(number);
        self.consented(number);
        self.us.order(self.us.share(&[&id(number)]));
        self.settle();
        assert_eq!(self.au.state(&id(number)).as_deref(), Some("admitted"));
    }

    /// A grant for an item of Japan's as it should be for Australia to take it.
    pub(super) fn right_answer(&self, number: u32) -> ConsentAnswer {
        let at = self.us.node.now();
        ConsentAnswer {
            world: noroshi_model::World::Operational,
            by: self.stage.jp.node.me(),
            to: self.us.node.me(),
            request: Digest::of(&number.to_be_bytes()),
            item: self.stage.jp.node.find_item(&id(number)).unwrap().hash,
            recipient: self.au.node.me(),
            purpose: "defence".to_owned(),
            verdict: Verdict::Granted,
            reason: String::new(),
            at,
            until: at.plus_seconds(86_400),
        }
    }

    /// Put a document of a test's making into the log of one node for another.
    pub(super) fn deliver(&self, from: &Party, bytes: Vec<u8>) {
        let to = from.node.find_peer(from.other).unwrap().node();
        let (kind, urgent) = (EntryKind::Document, Precedence::Immediate);
        from.node
            .store
            .write(|tx| {
                from.node
                    .log_bytes(tx, &to, kind, urgent, bytes)
                    .map(|_| ())
            })
            .map_err(store_failure::<WriteError>)
            .unwrap();
        from.sync();
    }
}

pub(super) fn signed(answer: ConsentAnswer, signer: &dyn Signer) -> Vec<u8> {
    Signed::sign(answer, signer).to_bytes()
}

fn standing(party: &Party, agreement: &str) -> Value {
    let rows = party.rows(Command::AgreementList);
    let row = rows.iter().find(|row| row["id"] == agreement);
    row.unwrap()["standing"].clone()
}

/// Clause: I6
#[test]
fn an_agreement_of_three_is_signed_and_suspended_over_links_that_not_all_have() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    for party in [jp, us, au] {
        assert_eq!(standing(party, &three.agreement), "in_force");
    }
    // Who has no link was introduced, and is no peer for it.
    let knows = |at: &Party, of: &Party| at.node.manifest_of(&of.node.me()).unwrap().is_some();
    assert!(knows(jp, au) && knows(au, jp));
    assert!(au.node.peer(&jp.node.me()).unwrap().is_none());
    assert_eq!(au.lines("manifest.introduced").len(), 1);
    // The word of the far party arrives through the one between, and is its own.
    au.order(Command::AgreementSuspend {
        agreement: three.agreement.clone(),
        person: au.people[0].to_owned(),
    });
    three.settle();
    for party in [jp, us, au] {
        assert_eq!(standing(party, &three.agreement), "suspended");
    }
    au.order(Command::AgreementResume {
        agreement: three.agreement.clone(),
        person: au.people[0].to_owned(),
    });
    three.settle();
    for party in [jp, us, au] {
        assert_eq!(standing(party, &three.agreement), "in_force");
        party.verifies();
    }
}

/// Clause: I6
#[test]
fn a_key_revoked_by_a_node_that_is_no_peer_is_trusted_no_more() {
    let three = Three::new(false);
    let (jp, au) = (&three.stage.jp, &three.au);
    let serial = || au.node.manifest_of(&jp.node.me()).unwrap().unwrap().serial;
    let before = serial();
    jp.rotate(noroshi_model::manifest::Purpose::Items);
    three.settle();
    assert!(serial() > before, "the rotation is told on");
}

/// Clause: I6
#[test]
fn a_manifest_is_taken_only_from_a_party_of_a_common_agreement() {
    let stage = Stage::new();
    let (us, au) = stage.beyond();
    us.agree_with(&au);
    // Japan and Australia have no agreement with each other: the one between may not introduce.
    let signed = stage.jp.node.keys().signed.clone();
    let document = noroshi_model::json::Object::new()
        .with("v", 1)
        .with("introduction", noroshi_model::document::hex(&signed.bytes))
        .with("signature", noroshi_model::document::hex(&signed.signature));
    let bytes = noroshi_model::Value::Object(document).canonical();
    let to = au.node.me();
    assert!(!us.node.document_parties(&bytes).unwrap().contains(&to));
    let taken = au
        .node
        .store
        .write(|tx| au.node.receive_document(tx, &us.node.me(), &bytes));
    let why = taken
        .map_err(store_failure::<WriteError>)
        .unwrap()
        .unwrap_err();
    assert!(why.contains("no party"), "{why}");
    assert!(au.node.manifest_of(&stage.jp.node.me()).unwrap().is_none());
}
