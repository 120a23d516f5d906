//! What goes to a client's own server: what the gate released to that client, and nothing else.

use std::io::Write;
use std::sync::Mutex;

use noroshi_model::{KeyId, NodeId};
use noroshi_taxii::client::{Call, CallFault, Reply};

use super::server::{Answer, COLLECTION, Fake, ROOT};
use super::*;
use crate::TaxiiCommand;
use crate::node::lock;
use crate::outside::{Outside, OutsideError};

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";
const RED: &str = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
const STATUS: &str = "2d086da7-4bdc-4f91-900e-d77486753710";

/// A node that pushes what its client `ally` may read, up to GREEN.
fn pushing() -> (Stage, Fake) {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    party.profile("own", "TLP:GREEN", true);
    party.order(Command::Taxii(TaxiiCommand::ClientSet {
        name: "ally".into(),
        title: "An ally's server".into(),
        nation: "AUS".into(),
        ceilings: vec!["tlp:green".into()],
        types: Vec::new(),
        purposes: Vec::new(),
        days: 30,
        person: party.first().into(),
    }));
    party.order(Command::Taxii(TaxiiCommand::CollectionSet {
        name: "for-ally".into(),
        title: "For the ally".into(),
        client: "ally".into(),
        types: vec!["campaign".into()],
        source: None,
        profile: None,
        standing: true,
        purpose: "defence".into(),
        person: party.first().into(),
    }));
    order(
        party,
        &fake,
        connect(ConnectCommand::Set {
            name: "to-ally".into(),
            title: None,
            server: at(ROOT),
            collection: Some(COLLECTION.into()),
            pull: None,
            push: Some("for-ally".into()),
            every_seconds: None,
            person: party.first().into(),
        }),
    );
    fake.heard();
    (stage, fake)
}

fn marked(number: u32, marking: &str) -> Value {
    let mut object = object(number, 50);
    object["object_marking_refs"] = json!([marking]);
    object
}

fn status(word: &str, counts: (u32, u32, u32), failures: &[Value]) -> Answer {
    let (succeeded, failed, pending) = counts;
    let mut answer = Answer::json(&json!({
        "id": STATUS, "status": word, "request_timestamp": "2026-11-25T08:00:00Z",
        "total_count": succeeded + failed + pending, "success_count": succeeded,
        "failure_count": failed, "pending_count": pending, "failures": failures,
    }));
    answer.status = 202;
    answer
}

fn push(party: &Party, fake: &Fake) -> RoundAnswer {
    named_round(party, fake, "to-ally")
}

/// Ids in everything that was posted.
fn posted(fake: &Fake) -> Vec<String> {
    let posts = fake.heard().into_iter().filter(|heard| heard.is_post);
    posts
        .flat_map(|post| {
            let body: Value = serde_json::from_slice(&post.body).unwrap();
            let objects = body["objects"].as_array().unwrap().clone();
            objects
                .into_iter()
                .map(|object| object["id"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// Clause: I2
#[test]
fn nothing_goes_that_the_gate_did_not_release_to_that_client() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    let told = push(party, &fake);
    assert_eq!((told.sent, told.problem), (0, None));
    // Nothing to send: the server is not even asked.
    assert!(fake.heard().is_empty());
    party.import("own", &[marked(1, RED), marked(2, GREEN), marked(3, RED)]);
    fake.plant([status("complete", (1, 0, 0), &[])]);
    let told = push(party, &fake);
    assert_eq!((told.sent, told.problem), (1, None));
    assert_eq!(posted(&fake), [id(2)]);
    // What is recalled before it left does not leave.
    party.import("own", &[marked(4, GREEN)]);
    party.order(party.recall(&id(4), "withdraw"));
    assert_eq!(push(party, &fake).sent, 0);
    assert!(posted(&fake).is_empty());
    // The client's end is the channel's end.
    party.import("own", &[marked(5, GREEN)]);
    party.order(Command::Taxii(TaxiiCommand::ClientRemove {
        name: "ally".into(),
        person: party.first().into(),
    }));
    let told = push(party, &fake);
    assert_eq!((told.sent, told.problem.as_deref()), (0, Some("gone_here")));
    assert!(posted(&fake).is_empty());
}

/// A server while which somebody here takes an item back: as a question is answered.
struct Meanwhile<'a> {
    fake: &'a Fake,
    party: &'a Party,
    /// The end of the address of that question, and the item.
    at: Mutex<Option<(&'static str, String)>>,
}

impl Outside for Meanwhile<'_> {
    fn pair(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        self.fake.pair(address, message)
    }

    fn recover(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        self.fake.recover(address, message)
    }

    fn exchange(&self, to: &str, keys: &[KeyId], sent: &[u8]) -> Result<Vec<u8>, OutsideError> {
        self.fake.exchange(to, keys, sent)
    }

    fn call(&self, call: &Call<'_>, out: &mut dyn Write) -> Result<Reply, CallFault> {
        let asked = call.target.to_string();
        let item = lock(&self.at).take_if(|(end, _)| asked.ends_with(*end));
        if let Some((_, item)) = item {
            self.party.order(self.party.recall(&item, "withdraw"));
        }
        self.fake.call(call, out)
    }

    fn wake(&self, _: &NodeId) {}

    fn present(&self, _: &[u8]) {}
}

/// Clause: I2
#[test]
fn what_is_taken_back_while_the_server_is_asked_does_not_leave() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    let meanwhile = |end, item| Meanwhile {
        fake: &fake,
        party,
        at: Mutex::new(Some((end, id(item)))),
    };
    let push = |outside: &Meanwhile<'_>| {
        let mut silent = crate::sink::Silent;
        let told = party.node.channel_round("to-ally", outside, &mut silent);
        assert_eq!(told.unwrap().problem, None);
        assert_eq!(*lock(&outside.at), None, "the question was asked");
    };
    // While it says how much it takes.
    party.import("own", &[marked(1, GREEN), marked(2, GREEN)]);
    push(&meanwhile("/api/", 1));
    assert_eq!(posted(&fake), [id(2)]);
    // While it says that it knows another spelling of the media type: the next one carries less.
    party.import("own", &[marked(3, GREEN), marked(4, GREEN)]);
    fake.plant([Answer::status(406)]);
    push(&meanwhile("/objects/", 3));
    assert_eq!(posted(&fake), [id(3), id(4), id(4)]);
}

/// Clause: I2
#[test]
fn a_recall_names_the_channel_that_carried_the_item_before_the_server_answered() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    party.import("own", &[marked(1, GREEN)]);
    fake.fail(CallFault::Slow);
    assert_eq!(push(party, &fake).sent, 0);
    assert_eq!(posted(&fake), [id(1)], "nobody knows whether it arrived");
    party.order(party.recall(&id(1), "withdraw"));
    let lines = party.lines("item.withdrawn");
    assert_eq!(
        lines[0]["body"]["clients"],
        json!(["client:ally (channel:to-ally)"]),
        "{lines:?}"
    );
}

#[test]
fn what_was_posted_is_not_posted_again_and_what_failed_is() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    party.import(
        "own",
        &(1..=3).map(|n| marked(n, GREEN)).collect::<Vec<_>>(),
    );
    for (answer, code) in [
        (Answer::status(503), "busy"),
        (Answer::status(422), "refused"),
        (Answer::status(401), "unauthorised"),
        (Answer::status(302), "redirected"),
    ] {
        fake.plant([answer]);
        let told = push(party, &fake);
        assert_eq!((told.sent, told.problem.as_deref()), (0, Some(code)));
    }
    fake.heard();
    fake.plant([status("complete", (3, 0, 0), &[])]);
    assert_eq!(push(party, &fake).sent, 3);
    assert_eq!(posted(&fake), [id(1), id(2), id(3)]);
    assert_eq!(push(party, &fake).sent, 0);
    party.import("own", &[marked(4, GREEN)]);
    fake.plant([status("complete", (1, 0, 0), &[])]);
    push(party, &fake);
    assert_eq!(posted(&fake), [id(4)]);
    // The order, and every call that carried objects, whatever came of it.
    assert_eq!(party.lines("channel").len(), 1 + 4 + 2);
    party.verifies();
}

#[test]
fn a_status_is_followed_until_it_is_complete_and_failures_are_told_by_name() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    party.import("own", &[marked(1, GREEN), marked(2, GREEN)]);
    fake.plant([status("pending", (0, 0, 2), &[])]);
    push(party, &fake);
    assert_eq!(shown(party, "to-ally")["statuses"], json!([STATUS]));
    let mut still = status("pending", (1, 0, 1), &[]);
    still.status = 200;
    fake.fix(&format!("/status/{STATUS}/"), Ok(still));
    push(party, &fake);
    assert_eq!(shown(party, "to-ally")["statuses"], json!([STATUS]));
    let failure = json!({ "id": id(2), "version": "2026-01-01T00:00:00Z", "message": "no room" });
    let mut done = status("complete", (1, 1, 0), &[failure]);
    done.status = 200;
    lock(&fake.fixed).clear();
    fake.fix(&format!("/status/{STATUS}/"), Ok(done));
    push(party, &fake);
    let row = shown(party, "to-ally");
    assert_eq!(
        (&row["statuses"], &row["counts"]["refused"]),
        (&json!([]), &json!(1))
    );
    assert_eq!(row["refused"], json!([{ "id": id(2), "why": "no room" }]));
}

#[test]
fn what_is_too_large_there_is_split_and_a_single_one_is_told_and_passed() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    let mut large = object(2, 90_000);
    large["object_marking_refs"] = json!([GREEN]);
    let small = |number| marked(number, GREEN);
    party.import("own", &[small(1), large, small(3), small(4)]);
    // It announces 100,000 bytes, and takes less.
    *lock(&fake.most) = Some(50_000);
    let told = push(party, &fake);
    assert_eq!((told.sent, told.refused, told.problem), (3, 1, None));
    assert_eq!(shown(party, "to-ally")["refused"][0]["id"], id(2));
    // Each of the others went once.
    *lock(&fake.most) = None;
    assert_eq!(push(party, &fake).sent, 0);
    let mut large = object(5, 200_000);
    large["object_marking_refs"] = json!([GREEN]);
    party.import("own", &[large, small(6)]);
    fake.heard();
    let told = push(party, &fake);
    assert_eq!((told.sent, told.refused, told.problem), (1, 1, None));
    assert_eq!(
        posted(&fake),
        [id(6)],
        "more than it announces is not even posted"
    );
}

/// What was asked to be deleted, without its beginning.
fn deleted(fake: &Fake) -> Vec<String> {
    let heard = fake.heard().into_iter().filter(|heard| heard.is_delete);
    let rest = |url: String| url.split_once("/objects/").unwrap().1.to_owned();
    heard.map(|heard| rest(heard.url)).collect()
}

/// Clauses: I2, I5
#[test]
fn what_was_posted_and_is_recalled_is_deleted_there_or_named() {
    let (stage, fake) = pushing();
    let party = &stage.jp;
    let green = |number| marked(number, GREEN);
    party.import("own", &[green(1), green(2), green(3)]);
    assert_eq!(push(party, &fake).sent, 3);
    // One that is recalled before it is posted is none of it.
    party.import("own", &[green(4)]);
    let recalled = party.order(party.recall(&id(4), "withdraw"));
    assert!(recalled.clients.is_empty(), "{:?}", recalled.clients);
    let recalled = party.order(party.recall(&id(1), "destroy"));
    assert_eq!(recalled.clients, ["client:ally (channel:to-ally)"]);
    fake.heard();
    let version = "/?match[version]=2026-";
    // It is at once due, waits as long as the server is not there, and nothing is posted before.
    assert_eq!(party.node.channels_due().unwrap(), ["to-ally"]);
    let gone = format!("/objects/{}/", id(1));
    fake.fix(&gone, Ok(Answer::status(503)));
    assert_eq!(push(party, &fake).problem.as_deref(), Some("busy"));
    let asked = deleted(&fake);
    assert!(
        asked[0].starts_with(&format!("{}{version}", id(1))),
        "{asked:?}"
    );
    assert_eq!(asked.len(), 1);
    crate::node::lock(&fake.fixed).clear();
    party.order(party.recall(&id(2), "withdraw"));
    fake.fix(&gone, Ok(Answer::status(200)));
    fake.fix(&format!("/objects/{}/", id(2)), Ok(Answer::status(403)));
    let told = push(party, &fake);
    assert_eq!((told.problem, told.refused), (None, 1));
    assert_eq!(deleted(&fake).len(), 2);
    let lines = party.lines("channel");
    let said = |event: &str| {
        let of = |line: &&Value| line.to_string().contains(&format!("\"{event}\""));
        lines
            .iter()
            .filter(of)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert!(said("deleted")[0].contains(&id(1)));
    assert!(said("not_deleted")[0].contains(&id(2)));
    // Once, whatever came of it.
    push(party, &fake);
    assert!(deleted(&fake).is_empty());
    party.verifies();
}
