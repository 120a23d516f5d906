//! What leaves for who does not know the project's own types: the note or report that stands for an
//! object, never more open than the object.

use std::collections::BTreeMap;

use noroshi_formats::ontology::fallback_id;
use noroshi_gate::{
    AgreementInForce, Channel, Coalitions, Decision, Gate, Marked, MarkingTable, Outcome,
    PeerState, Provenance, Question, Recipient, Rendition, Rules, Scope, Threshold,
};
use noroshi_model::agreement::{
    Agreement, Clause, ONTOLOGY_EXTENSION, Onward, Party, ReleaseTerm, Standing,
};
use noroshi_model::json::{Object, Value};
use noroshi_model::{Digest, ItemHash, Limits, NodeId, Role, Timestamp, World};

const MISSION: &str = "mission--00000000-0000-4000-8000-000000000001";

fn node(byte: u8) -> NodeId {
    NodeId::from_bytes([byte; 32])
}

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().expect("a time")
}

/// The markings of a mission: on the whole, on its kind, and on when it is.
fn mission(whole: &str, kind: &str, when: &str, is_own: bool) -> Marked {
    let mut table = MarkingTable::builtin();
    let key = "extension-definition--694be976-4ec2-4b80-b47c-48f75510a38d";
    let secret = Object::new()
        .with("scheme", "US-CAPCO")
        .with("level", "SECRET")
        .with("extension_type", "property-extension");
    let secret_id = "marking-definition--00000000-0000-4000-8000-000000000001";
    let definition = Object::new()
        .with("type", "marking-definition")
        .with("spec_version", "2.1")
        .with("id", secret_id)
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("extensions", Object::new().with(key, secret));
    table.learn(&definition, &Scope::Own).expect("understood");
    let marking = |name: &str| match name {
        "SECRET" => secret_id.to_owned(),
        name => table.by_name(name).expect("a name").to_string(),
    };
    let granular = |name: &str, place: &str| {
        Value::from(
            Object::new()
                .with("marking_ref", marking(name))
                .with("selectors", vec![Value::from(place)]),
        )
    };
    let mut object = Object::new()
        .with("type", "mission")
        .with("spec_version", "2.1")
        .with("id", MISSION)
        .with("created", "2026-01-01T00:00:00.000Z")
        .with("modified", "2026-01-02T00:00:00.000Z")
        .with("name", "Harbour")
        .with(
            "owner_ref",
            "identity--00000000-0000-4000-8000-000000000001",
        )
        .with("kind", "the kind of it")
        .with("time_profile", "the time of it")
        .with("object_marking_refs", vec![Value::from(marking(whole))]);
    if is_own {
        let new = Object::new().with("extension_type", "new-sdo");
        object.insert("extensions", Object::new().with(ONTOLOGY_EXTENSION, new));
    }
    object.insert(
        "granular_markings",
        vec![granular(kind, "kind"), granular(when, "time_profile")],
    );
    let (valid, _) =
        noroshi_formats::check(Value::Object(object), &Limits::DEFAULT).expect("well formed");
    noroshi_gate::mark(valid, &[], &table, &Scope::Own)
}

/// One term lets TLP:AMBER go, another SECRET, none both.
fn agreement() -> Agreement {
    let party = |byte, nation: &str| Party {
        node: node(byte),
        name_en: "n".into(),
        name_ja: "n".into(),
        nation: nation.parse().expect("a nation"),
    };
    let term = |ceilings: &[(&str, &str)]| ReleaseTerm {
        clause: "1".into(),
        from: node(1),
        to: node(2),
        types: vec!["*".into()],
        purposes: vec!["*".into()],
        ceilings: ceilings
            .iter()
            .map(|(axis, level)| ((*axis).to_owned(), (*level).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        onward: Onward::None,
    };
    Agreement {
        id: "agreement--00000000-0000-4000-8000-000000000001"
            .parse()
            .expect("an id"),
        created: now(),
        modified: now(),
        title: "t".into(),
        title_ja: "t".into(),
        kind: "mou".into(),
        members_known: true,
        parties: vec![party(1, "USA"), party(2, "JPN")],
        valid_from: "2026-01-01T00:00:00Z".parse().expect("a time"),
        valid_until: "2027-01-01T00:00:00Z".parse().expect("a time"),
        clauses: vec![Clause {
            id: "1".into(),
            text_en: "a".into(),
            text_ja: "a".into(),
        }],
        releases: vec![
            term(&[("tlp", "amber")]),
            term(&[("tlp", "clear"), ("us-class", "secret")]),
        ],
        equivalences: Vec::new(),
    }
}

/// What the gate answers, to one that knows the types or does not.
fn asked(item: &Marked, knows_own_types: bool) -> Result<Rendition, Box<Decision>> {
    let agreement = agreement();
    let held = [AgreementInForce {
        agreement: &agreement,
        item: ItemHash(Digest::of(b"a")),
        standing: Standing::InForce,
    }];
    let to = Recipient {
        node: node(2),
        nation: "JPN".parse().expect("a nation"),
        state: PeerState::Confirmed,
        world: World::Operational,
        knows_own_types,
    };
    let rules = Rules {
        me: node(1),
        my_nation: "USA".parse().expect("a nation"),
        world: World::Operational,
        coalitions: Coalitions::default(),
        second_person_above: Threshold::default(),
        derivations: noroshi_gate::Derivations::default(),
    };
    let question = Question {
        purpose: "defence",
        now: now(),
        channel: Channel::LINK,
        grants: &[],
    };
    let provenance = Provenance {
        role: Some(Role::Originator),
        node: Some(node(1)),
        is_available: true,
    };
    let mut gate = Gate::new(&to, &held, &rules, &question);
    let (previewed, _) = gate.preview(item, &provenance);
    let released = gate.release(item, &provenance)?;
    assert_eq!(previewed, Some(released.content().hash));
    Ok(released.into_content())
}

fn text(rendition: &Rendition) -> String {
    String::from_utf8(rendition.canonical.clone()).expect("text")
}

/// Clause: I5
#[test]
fn what_may_leave_only_apart_does_not_leave_in_one_text() {
    let item = mission("TLP:CLEAR", "TLP:AMBER", "SECRET", true);
    let whole = asked(&item, true).expect("each place leaves by a term of its own");
    assert!(!whole.reduced);
    let denied = asked(&item, false).expect_err("no term lets both go together");
    assert_eq!(denied.outcome, Outcome::Deny);
    assert!(!denied.reasons.is_empty());
}

/// Clauses: I5, I6
#[test]
fn the_text_is_made_of_what_is_left_and_marked_by_all_of_it() {
    let item = mission("TLP:CLEAR", "TLP:AMBER", "TLP:RED", true);
    let left = asked(&item, false).expect("it leaves");
    assert!(left.reduced && left.needs_second_person);
    assert_eq!(Some(left.id.to_string()), fallback_id(MISSION));
    let text = text(&left);
    assert!(text.contains("the kind of it") && !text.contains("the time of it"));
    let amber = MarkingTable::builtin().by_name("TLP:AMBER").expect("known");
    assert!(text.contains(amber.as_str()), "{text}");
    assert!(!text.contains("granular_markings"));
}

/// Clause: I5
#[test]
fn who_knows_the_types_and_objects_of_other_types_are_as_they_were() {
    let own = mission("TLP:CLEAR", "TLP:CLEAR", "TLP:CLEAR", true);
    assert_eq!(asked(&own, true).expect("it leaves").hash, own.hash());
    // The same word without the project's extension is another's type.
    let other = mission("TLP:CLEAR", "TLP:CLEAR", "TLP:CLEAR", false);
    assert_eq!(asked(&other, false).expect("it leaves").hash, other.hash());
    let stood_for = asked(&own, false).expect("it leaves");
    assert!(stood_for.reduced && !stood_for.needs_second_person);
}
