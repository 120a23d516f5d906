//! The decoders, and the law each must keep on what it takes.

use std::path::Path;

use noroshi_formats::ontology::fallback;
use noroshi_formats::stream::Splitter;
use noroshi_formats::{Form, Valid, read};
use noroshi_gate::Label;
use noroshi_model::act::Act;
use noroshi_model::agreement::Agreement;
use noroshi_model::consent::{ConsentAnswer, ConsentRequest, HopReport};
use noroshi_model::ledger::LedgerLine;
use noroshi_model::link::{LogLeaf, Recall, Receipt};
use noroshi_model::manifest::Manifest;
use noroshi_model::profile::SourceProfile;
use noroshi_model::selector::Selector;
use noroshi_model::signed::Signed;
use noroshi_model::{Limits, NodeId, Value, World};
use noroshi_node::command::{Command, Event};
use noroshi_node::config::Config;
use noroshi_pattern::{Pattern, PatternLimits, Program};
use noroshi_seal::keyfile;
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::merkle::Frontier;
use noroshi_seal::pairing::{Code, Inviter};
use noroshi_seal::proof::{ContinuationProof, LeafProof};
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::{self, Checkpoint, VerifierKey};
use noroshi_sigma::{FieldTable, Rule};
use noroshi_sync::{Config as LinkConfig, Link, LinkState, split_frames};

use crate::{Target, matching, taxii};

const LIMITS: Limits = Limits::DEFAULT;

/// All of them.
pub const TARGETS: &[Target] = &[
    target("json", json),
    target("stix", |bytes| item(bytes, Form::Stix21)),
    target("stix20", |bytes| item(bytes, Form::Stix)),
    target("kev", |bytes| item(bytes, Form::Kev)),
    target("file", file),
    target("act", act),
    target("agreement", agreement),
    target("ledger-line", line),
    target("log-leaf", leaf),
    target("manifest", manifest),
    target("signed-manifest", signed_manifest),
    target("recall", recall),
    target("signed-recall", signed_recall),
    target("consent-request", consent_request),
    target("consent-answer", consent_answer),
    target("hop-report", hop_report),
    target("profile", profile),
    target("receipt", receipt),
    target("frames", frames),
    target("link-state", link_state),
    target("checkpoint", checkpoint),
    target("proof", proof),
    target("verifier-key", verifier_key),
    target("edge", edge),
    target("key-file", key_file),
    target("text", matching::text),
    target("atom", matching::atom),
    target("telemetry-json", matching::json),
    target("telemetry-tsv", matching::tsv),
    target("field-mapping", matching::mapping),
    target("index-snapshot", matching::snapshot),
    target("pairing", pairing),
    target("code", code),
    target("selector", selector),
    target("label", label),
    target("command", command),
    target("event", event),
    target("config", config),
    target("pattern", pattern),
    target("sigma", sigma),
    target("taxii-request", taxii::request),
    target("taxii-query", taxii::query),
    target("taxii-media", taxii::media),
    target("taxii-cursor", taxii::cursor),
    target("taxii-answer", taxii::answer),
];

const fn target(name: &'static str, run: fn(&[u8]) -> bool) -> Target {
    Target { name, run }
}

fn parse(bytes: &[u8]) -> Option<Value> {
    Value::parse(bytes, &LIMITS).ok()
}

/// The canonical form of a value is one value's only, and its own canonical form.
fn json(bytes: &[u8]) -> bool {
    let Some(value) = parse(bytes) else {
        return false;
    };
    let canonical = value.canonical();
    if let Some(again) = parse(&canonical) {
        assert_eq!(again.canonical(), canonical);
    }
    true
}

/// What is admitted is admitted again, as the same item, and so is what stands for it where its
/// type is not known.
fn stands(item: &Valid) {
    let (again, _) = read(item.canonical(), Form::Stix21, &LIMITS).expect("it was admitted");
    assert_eq!(again.hash(), item.hash());
    if let Ok(Some(note)) = fallback(item, &[], &LIMITS) {
        read(note.canonical(), Form::Stix21, &LIMITS).expect("it was made to be read");
    }
}

fn item(bytes: &[u8], form: Form) -> bool {
    read(bytes, form, &LIMITS).is_ok_and(|(item, _)| {
        stands(&item);
        true
    })
}

/// A file from anywhere; so many bytes hold at most so many objects.
fn file(bytes: &[u8]) -> bool {
    let mut entries = 0;
    let mut taken = false;
    for entry in Splitter::new(bytes, LIMITS) {
        entries += 1;
        assert!(entries <= bytes.len() + 1, "more entries than bytes");
        let Ok(entry) = entry else { continue };
        if let Ok((item, _)) = entry.read(&LIMITS) {
            stands(&item);
            taken = true;
        }
    }
    taken
}

/// A document that is read is written as it was read, and read again as the same.
macro_rules! document {
    ($name:ident, $kind:ty) => {
        fn $name(bytes: &[u8]) -> bool {
            let Ok(document) = <$kind>::from_bytes(bytes) else {
                return false;
            };
            let again = <$kind>::from_bytes(&document.to_bytes());
            assert_eq!(again.expect("it was read before"), document);
            true
        }
    };
}

document!(act, Act);
document!(line, LedgerLine);
document!(leaf, LogLeaf);
document!(manifest, Manifest);
document!(recall, Recall);
document!(receipt, Receipt);
document!(signed_recall, Signed<Recall>);
document!(consent_request, ConsentRequest);
document!(consent_answer, ConsentAnswer);
document!(hop_report, HopReport);

fn profile(bytes: &[u8]) -> bool {
    parse(bytes).is_some_and(|value| SourceProfile::from_value(value).is_ok())
}

fn agreement(bytes: &[u8]) -> bool {
    let Some(Ok(agreement)) = parse(bytes).map(Agreement::from_value) else {
        return false;
    };
    let again = Agreement::from_value(agreement.to_value()).expect("it was read before");
    assert_eq!(again, agreement);
    true
}

fn signed_manifest(bytes: &[u8]) -> bool {
    let Some((signature, bytes)) = bytes.split_first_chunk::<64>() else {
        return false;
    };
    let signed = SignedManifest {
        bytes: bytes.to_vec(),
        signature: *signature,
    };
    signed.verify(&Ed25519).is_ok()
}

/// Bytes a peer sends; taken when a frame is at least one of this link's.
fn frames(bytes: &[u8]) -> bool {
    const BYTES_MAX: usize = 65_536;
    let config = LinkConfig {
        world: World::Operational,
        me: NodeId::from_bytes([2; 32]),
        peer: NodeId::from_bytes([1; 32]),
        frame_bytes_max: BYTES_MAX,
        received_bytes_max: BYTES_MAX,
        entries_max: 100,
        in_flight_bytes_max: BYTES_MAX,
        retry_after_ms: 1,
    };
    let mut link = Link::new(config, LinkState::default());
    let mut taken = false;
    for frame in split_frames(bytes) {
        use noroshi_sync::FrameError::{Header, OtherLink, OtherWorld, TooLong};
        let outcome = link.handle(frame);
        taken |= !matches!(outcome, Err(Header | OtherLink | OtherWorld | TooLong(_)));
    }
    taken
}

fn link_state(bytes: &[u8]) -> bool {
    let Some(state) = LinkState::from_bytes(bytes) else {
        return false;
    };
    let again = LinkState::from_bytes(&state.to_bytes());
    assert_eq!(again, Some(state));
    true
}

/// The key is that of the corpus' own checkpoint, so that its signature verifies.
fn checkpoint(bytes: &[u8]) -> bool {
    let Ok(note) = core::str::from_utf8(bytes) else {
        return false;
    };
    use noroshi_seal::tlog::NoteError::Grammar;
    let opened = Checkpoint::open(note, "noroshi/1234/ledger", &[7; 32]);
    let cosigned = tlog::cosigned_at(note, "noroshi/1234/cosigner", &[7; 32]);
    let both = matches!(opened, Err(Grammar(_))) && matches!(cosigned, Err(Grammar(_)));
    !both
}

/// One key a line, as a check without a node reads them.
fn verifier_key(bytes: &[u8]) -> bool {
    let line = core::str::from_utf8(bytes).ok();
    let Some(key) = line.and_then(VerifierKey::parse) else {
        return false;
    };
    let again = VerifierKey::parse(&key.to_string());
    assert_eq!(again, Some(key));
    true
}

fn proof(bytes: &[u8]) -> bool {
    if let Some(Ok(proof)) = parse(bytes).map(ContinuationProof::from_value) {
        let _ = proof.verify("name", &[7; 32]);
        let again = ContinuationProof::from_value(proof.to_value()).expect("it was read before");
        assert_eq!(again, proof);
        return true;
    }
    let Some(Ok(proof)) = parse(bytes).map(LeafProof::from_value) else {
        return false;
    };
    let _ = proof.verify("name", &[7; 32]);
    let again = LeafProof::from_value(proof.to_value()).expect("it was read before");
    assert_eq!(again, proof);
    true
}

/// The edge of a tree, as it is stored.
fn edge(bytes: &[u8]) -> bool {
    let Some(frontier) = Frontier::from_bytes(bytes) else {
        return false;
    };
    let _ = frontier.root();
    assert_eq!(frontier.to_bytes(), bytes);
    true
}

fn key_file(bytes: &[u8]) -> bool {
    keyfile::read_plain("items", bytes).is_ok()
}

/// The first message of a pairing, from anybody who reached the port.
fn pairing(bytes: &[u8]) -> bool {
    let code: Code = "123412341234".parse().expect("twelve digits");
    let mine = SignedManifest {
        bytes: Vec::new(),
        signature: [0; 64],
    };
    use noroshi_seal::pairing::PairingError::Document;
    !matches!(Inviter::new(&code, &mine).answer(bytes), Err(Document(_)))
}

fn code(bytes: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    text.parse::<Code>().is_ok_and(|code| {
        assert_eq!(code.to_string().parse::<Code>(), Ok(code));
        true
    })
}

fn selector(bytes: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(bytes) else {
        return false;
    };
    text.parse::<Selector>().is_ok_and(|selector| {
        assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
        true
    })
}

fn label(bytes: &[u8]) -> bool {
    let Some(Ok(label)) = parse(bytes).map(Label::from_value) else {
        return false;
    };
    let again = Label::from_value(Value::Object(label.to_object()));
    assert_eq!(again.expect("it was read before"), label);
    true
}

/// What a program says at the command socket.
fn command(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Command>(bytes).is_ok()
}

/// What a node answers there.
fn event(bytes: &[u8]) -> bool {
    let Ok(event) = serde_json::from_slice::<Event>(bytes) else {
        return false;
    };
    for lang in [
        noroshi_node::messages::Lang::En,
        noroshi_node::messages::Lang::Ja,
    ] {
        let _ = noroshi_node::messages::render(lang, &event);
    }
    true
}

fn config(bytes: &[u8]) -> bool {
    core::str::from_utf8(bytes).is_ok_and(|text| Config::parse(text, Path::new("")).is_ok())
}

/// What is taken prints to what means the same; what compiles does so within its caps.
fn pattern(bytes: &[u8]) -> bool {
    let limits = PatternLimits::DEFAULT;
    let Some(pattern) = core::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Pattern::parse(text, &limits).ok())
    else {
        return false;
    };
    let again = Pattern::parse(&pattern.to_string(), &limits);
    assert_eq!(again.as_ref(), Ok(&pattern));
    Program::compile(&pattern, &limits).is_ok()
}

/// What is read can be run, or says why not, and is said as a pattern that is one.
fn sigma(bytes: &[u8]) -> bool {
    let Some(rules) = core::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Rule::read(text).ok())
    else {
        return false;
    };
    let (table, event) = (FieldTable::built_in(), noroshi_sigma::Event::default());
    for rule in &rules {
        if let Ok(runner) = rule.runner() {
            let _ = runner.finds(&event);
        }
        let said = rule.convert(&table);
        if let Some(pattern) = said.pattern {
            let read = Pattern::parse(&pattern.to_string(), &PatternLimits::DEFAULT);
            assert_eq!(read.as_ref(), Ok(&pattern));
        }
    }
    true
}
