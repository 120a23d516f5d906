//! What other people's servers do wrong, each once: nothing is lost, nothing is taken twice,
//! nothing is asked for ever, and a person sees what it was.

use std::sync::atomic::Ordering;

use noroshi_taxii::client::CallFault;
use serde_json::json;

use super::server::{Answer, Fake};
use super::*;

const DAY: i64 = 86_400;

/// Plant these answers, ask, and tell what failed.
fn failed(answers: impl IntoIterator<Item = Answer>) -> (Stage, Fake, RoundAnswer) {
    let (stage, fake) = connected();
    fake.plant(answers);
    let answer = round(&stage.jp, &fake);
    (stage, fake, answer)
}

fn settled(party: &Party) -> Value {
    shown(party, "cert")["cursor"]["settled"].clone()
}

/// Clause: I2
#[test]
fn a_status_that_is_no_success_is_told_by_its_kind_and_nothing_is_followed() {
    for (answer, code) in [
        (
            Answer::status(301).with("location", "https://evil.example/x"),
            "redirected",
        ),
        (Answer::status(307), "redirected"),
        (Answer::status(400), "refused"),
        (Answer::status(401), "unauthorised"),
        (Answer::status(403), "forbidden"),
        (Answer::status(404), "absent"),
        (Answer::status(413), "too_large_there"),
        (Answer::status(429), "busy"),
        (Answer::status(500), "server"),
        (Answer::status(502), "server"),
        (Answer::status(503), "busy"),
        (Answer::status(204), "unexpected"),
        (Answer::status(206), "unexpected"),
        (Answer::status(304), "redirected"),
    ] {
        let status = answer.status;
        let (stage, fake, told) = failed([answer]);
        assert_eq!(told.problem.as_deref(), Some(code), "{status}");
        let asked = fake.heard();
        assert!(
            asked
                .iter()
                .all(|heard| heard.url.starts_with("https://taxii.example/"))
        );
        let row = shown(&stage.jp, "cert");
        assert_eq!(
            (&row["state"], &row["failures"]),
            (&json!("failing"), &json!(1))
        );
        // Once it answers again, everything comes.
        fake.add("2026-08-20T08:00:00Z", object(1, 20));
        assert_eq!(round(&stage.jp, &fake).admitted, 1, "{status}");
        assert_eq!(shown(&stage.jp, "cert")["state"], "good");
    }
}

#[test]
fn what_is_no_whole_answer_is_told_by_its_kind() {
    for (fault, code) in [
        (CallFault::Connect("gone".into()), "unreachable"),
        (CallFault::Plain, "plain"),
        (CallFault::Tls("another key".into()), "tls"),
        (CallFault::Slow, "slow"),
        (CallFault::TooLarge, "too_large"),
        (CallFault::Damaged("cut".into()), "damaged"),
        (CallFault::Here("full".into()), "here"),
    ] {
        let (stage, fake) = connected();
        fake.fail(fault);
        assert_eq!(round(&stage.jp, &fake).problem.as_deref(), Some(code));
    }
}

#[test]
fn another_spelling_of_the_media_type_is_tried_and_then_it_is_said() {
    let (stage, fake) = connected();
    fake.heard();
    fake.plant([Answer::status(406), Answer::status(415)]);
    fake.add("2026-08-20T08:00:00Z", object(1, 20));
    assert_eq!(round(&stage.jp, &fake).admitted, 1);
    let accepted: Vec<String> = fake.heard().into_iter().map(|heard| heard.accept).collect();
    assert_eq!(
        accepted,
        [
            "application/taxii+json;version=2.1",
            "application/taxii+json; version=2.1",
            "application/json"
        ]
    );
    fake.plant([406; 3].map(Answer::status));
    assert_eq!(
        round(&stage.jp, &fake).problem.as_deref(),
        Some("unacceptable")
    );
}

#[test]
fn a_server_that_asks_to_be_left_alone_is_left_alone() {
    for (header, least) in [("7200", 7200), ("Mon, 21 Sep 2026 15:00:00 GMT", 2700)] {
        let (stage, fake, _) = failed([Answer::status(429).with("retry-after", header)]);
        assert_eq!(stage.jp.node.channels_due().unwrap(), Vec::<String>::new());
        stage.hands.forward(least - 1);
        assert!(stage.jp.node.channels_due().unwrap().is_empty(), "{header}");
        stage.hands.forward(2 * DAY);
        assert_eq!(stage.jp.node.channels_due().unwrap(), ["cert"]);
        drop(fake);
    }
    // It may not ask for ever.
    let (stage, _, _) = failed([Answer::status(503).with("retry-after", "4000000000")]);
    stage.hands.forward(DAY + 1);
    assert_eq!(stage.jp.node.channels_due().unwrap(), ["cert"]);
}

#[test]
fn each_failure_in_a_row_waits_longer_and_a_success_ends_it() {
    let (stage, fake) = connected();
    let mut waits = Vec::new();
    for _ in 0..9 {
        fake.plant([Answer::status(500)]);
        round(&stage.jp, &fake);
        let mut waited = 0;
        while stage.jp.node.channels_due().unwrap().is_empty() {
            stage.hands.forward(10);
            waited += 10;
        }
        waits.push(waited);
    }
    assert!(
        waits[0] <= 40 && waits[8] >= 1800 && waits[8] <= 3610,
        "{waits:?}"
    );
    assert!(round(&stage.jp, &fake).problem.is_none());
    assert_eq!(shown(&stage.jp, "cert")["failures"], 0);
}

#[test]
fn what_is_no_envelope_changes_nothing() {
    for body in [
        "",
        "<html>sign in</html>",
        "[]",
        "{\"objects\":[{\"type\":\"indi",
        "{\"objects\":7}",
        "{\"more\":true,\"more\":false,\"objects\":[]}",
    ] {
        let (stage, fake) = connected();
        let answer = Answer {
            status: 200,
            body: body.into(),
            ..Answer::default()
        };
        fake.plant([answer.dated("2026-08-20T08:00:00Z", "2026-08-20T08:00:00Z")]);
        let told = round(&stage.jp, &fake);
        assert_eq!(
            (told.problem.as_deref(), told.read),
            (Some("unreadable"), 0),
            "{body}"
        );
        assert!(settled(&stage.jp).is_null());
    }
}

/// Clause: I2
#[test]
fn pages_that_lead_in_a_circle_come_twice_or_never_end_are_left() {
    let page = |from: u32, next: Option<&str>| {
        let mut body = envelope(&objects(from..from + 2));
        body["more"] = true.into();
        if let Some(next) = next {
            body["next"] = next.into();
        }
        Answer::json(&body)
    };
    let empty =
        |next: u32| Answer::json(&json!({ "more": true, "next": next.to_string(), "objects": [] }));
    for (code, came, pages) in [
        (
            "loops",
            4,
            vec![page(1, Some("a")), page(3, Some("b")), page(1, Some("a"))],
        ),
        ("repeats", 2, vec![page(1, Some("a")), page(1, Some("a"))]),
        ("unstated", 2, vec![page(1, None)]),
        (
            "unstated",
            4,
            vec![
                page(1, None).dated("2026-08-20T08:00:00Z", "2026-08-20T08:00:00Z"),
                page(3, None).dated("2026-08-20T08:00:00Z", "2026-08-20T08:00:00Z"),
            ],
        ),
        ("endless", 0, (1..9).map(empty).collect()),
    ] {
        let (stage, fake, told) = failed(pages);
        assert_eq!(told.problem.as_deref(), Some(code));
        // What came stays; the cursor has not moved, and the next round begins behind it.
        assert_eq!(
            (told.admitted, settled(&stage.jp)),
            (came, Value::Null),
            "{code}"
        );
        fake.heard();
        round(&stage.jp, &fake);
        let again = &fake.heard()[0].url;
        assert!(
            !again.contains("next=") && !again.contains("added_after="),
            "{again}"
        );
        stage.jp.verifies();
    }
}

#[test]
fn a_listing_without_an_end_is_read_in_parts_and_goes_on_where_it_was() {
    let (stage, fake) = connected();
    let page = |number: u32| {
        let mut body = envelope(&objects(number..number + 1));
        body["more"] = true.into();
        body["next"] = format!("place-{number}").into();
        Answer::json(&body)
    };
    fake.plant((1..=250).map(page));
    fake.plant([Answer::json(&envelope(&[]))]);
    let told = round(&stage.jp, &fake);
    assert_eq!((told.admitted, told.problem), (200, None));
    assert_eq!(stage.jp.node.channels_due().unwrap(), ["cert"]);
    fake.heard();
    round(&stage.jp, &fake);
    assert!(fake.heard()[0].url.ends_with("next=place-200"));
}

#[test]
fn a_place_that_the_server_forgot_is_begun_again_behind_what_is_settled() {
    let (stage, fake) = connected();
    let mut body = envelope(&objects(1..3));
    body["more"] = true.into();
    body["next"] = "soon-forgotten".into();
    fake.plant([Answer::json(&body)]);
    fake.fail(CallFault::Slow);
    assert_eq!(round(&stage.jp, &fake).problem.as_deref(), Some("slow"));
    (1..5).for_each(|number| fake.add("2026-08-20T08:00:00Z", object(number, 20)));
    fake.plant([Answer::status(400)]);
    fake.heard();
    let told = round(&stage.jp, &fake);
    assert_eq!((told.admitted, told.known, told.problem), (2, 2, None));
    assert!(fake.heard()[0].url.contains("next=soon-forgotten"));
}

/// Clause: I2
#[test]
fn dates_that_cannot_be_right_move_no_cursor() {
    let (future, past) = ("2028-01-01T00:00:00Z", "2026-08-01T00:00:00Z");
    for (what, first, last) in [
        ("next year", past, future),
        ("the year 9999", past, "9999-12-31T00:00:00Z"),
        ("the last before the first", "2026-08-20T08:00:00Z", past),
        ("no date", past, "yesterday"),
        ("no time zone", past, "2026-08-20T08:00:00"),
    ] {
        let page = Answer::json(&envelope(&objects(1..3))).dated(first, last);
        let (stage, fake, told) = failed([page]);
        assert_eq!((told.admitted, told.problem), (2, None), "{what}");
        assert_eq!(told.note.as_deref(), Some("wrong_date"), "{what}");
        assert!(settled(&stage.jp).is_null(), "{what}");
        // What is added from now on is not behind a wrong cursor.
        fake.add("2026-08-21T08:00:00Z", object(9, 20));
        assert_eq!(round(&stage.jp, &fake).admitted, 1, "{what}");
    }
    // A date before the one that was asked for.
    let (stage, fake) = connected();
    fake.add("2026-08-20T08:00:00Z", object(1, 20));
    round(&stage.jp, &fake);
    let before = settled(&stage.jp);
    fake.plant([Answer::json(&envelope(&objects(2..3))).dated(past, past)]);
    assert_eq!(round(&stage.jp, &fake).note.as_deref(), Some("wrong_date"));
    assert_eq!(settled(&stage.jp), before);
}

#[test]
fn a_server_without_dates_is_read_whole_each_time_and_nothing_is_taken_twice() {
    let page = || Answer::json(&envelope(&objects(1..4)));
    let (stage, fake, told) = failed([page()]);
    assert_eq!((told.admitted, told.note.as_deref()), (3, Some("undated")));
    fake.plant([page()]);
    let again = round(&stage.jp, &fake);
    assert_eq!((again.admitted, again.known, again.problem), (0, 3, None));
    assert_eq!(shown(&stage.jp, "cert")["note"], "undated");
}

/// Many servers give an object its time before it can be seen.
#[test]
fn an_object_that_becomes_visible_late_is_not_passed_by() {
    let (stage, fake) = connected();
    let now = stage.jp.node.now();
    let ago = |seconds: i64| now.plus_seconds(-seconds).to_string();
    fake.add(&ago(10), object(1, 20));
    assert_eq!(round(&stage.jp, &fake).admitted, 1);
    // Its time is earlier than that of the one before.
    lock_first(&fake, &ago(20), 2);
    assert_eq!(round(&stage.jp, &fake).admitted, 1);
    // When both are long past, they are asked for no more.
    stage.hands.forward(600);
    round(&stage.jp, &fake);
    let quiet = round(&stage.jp, &fake);
    assert_eq!((quiet.read, quiet.problem), (0, None));
}

fn lock_first(fake: &Fake, at: &str, number: u32) {
    let mut held = crate::node::lock(&fake.held);
    held.insert(0, (at.to_owned(), object(number, 20)));
}

/// Clause: I2
#[test]
fn malformed_objects_are_refused_by_name_and_the_rest_is_taken() {
    let mut without_name = object(1, 20);
    without_name.as_object_mut().unwrap().remove("name");
    let mut wrong_id = object(2, 20);
    wrong_id["id"] = "campaign--../../etc".into();
    let older = json!({
        "type": "campaign", "id": id(4), "created": "2016-01-01T00:00:00.000Z",
        "modified": "2016-01-01T00:00:00.000Z", "name": "An older one",
    });
    let mut unmarked = object(5, 20);
    unmarked["object_marking_refs"] =
        json!(["marking-definition--00000000-0000-4000-8000-00000000dead"]);
    let all = [
        without_name,
        wrong_id,
        object(3, 20),
        older,
        unmarked,
        json!(7),
    ];
    let (stage, fake, told) = failed([
        Answer::json(&envelope(&all)).dated("2026-08-20T08:00:00Z", "2026-08-20T08:00:00Z")
    ]);
    assert_eq!(
        (told.read, told.admitted, told.held, told.refused),
        (6, 2, 1, 3)
    );
    assert_eq!(told.problem, None);
    let row = shown(&stage.jp, "cert");
    let refused = row["refused"].as_array().unwrap();
    assert!(refused.iter().any(|one| one["id"] == id(1)), "{refused:?}");
    assert_eq!(refused.len(), 3);
    assert_eq!(stage.jp.state(&id(4)).as_deref(), Some("admitted"));
    assert_eq!(row["counts"]["held"], 1);
    drop(fake);
}

#[test]
fn a_larger_page_than_is_taken_is_left_and_told() {
    let (stage, fake) = connected();
    fake.fail(CallFault::TooLarge);
    assert_eq!(
        round(&stage.jp, &fake).problem.as_deref(),
        Some("too_large")
    );
    let huge = "x".repeat(5000);
    fake.plant([Answer::json(&json!({ "more": true, "next": huge }))]);
    assert_eq!(
        round(&stage.jp, &fake).problem.as_deref(),
        Some("unreadable")
    );
    assert!(shown(&stage.jp, "cert").to_string().len() < 5000);
}

/// The cursor is durable with the objects before it: a node that died between two pages loses
/// nothing of the second, also where the server has spent its `next` on it.
///
/// Clause: I2
#[test]
fn pages_come_once_in_order_and_go_on_after_the_node_was_opened_again() {
    let (stage, fake) = connected();
    for number in 1..=25 {
        fake.add(
            &format!("2026-08-20T08:00:{number:02}Z"),
            object(number, 20),
        );
    }
    *crate::node::lock(&fake.page) = Some(10);
    // The second page never comes.
    let first = fake_page(&fake, 0);
    fake.plant([first]);
    fake.fail(CallFault::Damaged("the process dies here".into()));
    assert_eq!(round(&stage.jp, &fake).admitted, 10);
    let stage = stage.restarted(&["JPN"]);
    fake.heard();
    let told = round(&stage.jp, &fake);
    // Its place is not believed any more: the server may have moved on behind the page that never
    // came. The time of the last page is, and what has that time comes again.
    assert_eq!((told.read, told.admitted, told.known), (16, 15, 1));
    let asked = fake.heard();
    let by_time = "added_after=2026-08-20T08%3A00%3A09.000Z";
    let url = &asked[0].url;
    assert!(url.contains(by_time) && !url.contains("next="), "{url}");
    assert_eq!(settled(&stage.jp), "2026-08-20T08:00:25.000Z");
    fake.heard();
    assert_eq!(round(&stage.jp, &fake).read, 0);
    let later = &fake.heard()[0].url;
    assert!(
        later.ends_with("added_after=2026-08-20T08%3A00%3A25.000Z"),
        "{later}"
    );
    fake.add("2026-08-21T08:00:00Z", object(26, 20));
    assert_eq!(round(&stage.jp, &fake).admitted, 1);
    stage.jp.verifies();
}

/// The honest first page, as an answer to be planted.
fn fake_page(fake: &Fake, from: usize) -> Answer {
    let held = crate::node::lock(&fake.held);
    let page: Vec<Value> = held
        .iter()
        .skip(from)
        .take(10)
        .map(|(_, o)| o.clone())
        .collect();
    let mut body = envelope(&page);
    body["more"] = true.into();
    body["next"] = (from + 10).to_string().into();
    Answer::json(&body).dated("2026-08-20T08:00:01Z", "2026-08-20T08:00:10Z")
}

/// A page that cannot be recorded leaves neither objects nor cursor.
#[test]
fn an_order_that_changed_meanwhile_takes_nothing_under_the_old_one() {
    let (stage, fake) = connected();
    fake.add("2026-08-20T08:00:00Z", object(1, 20));
    let party = &stage.jp;
    let changed = std::sync::atomic::AtomicBool::new(false);
    let hook = Hook {
        fake: &fake,
        then: &|| {
            if !changed.swap(true, Ordering::SeqCst) {
                party.order(connect(ConnectCommand::Pause {
                    name: "cert".into(),
                    person: party.first().into(),
                }));
            }
        },
    };
    let mut silent = crate::sink::Silent;
    let told = party
        .node
        .channel_round("cert", &hook, &mut silent)
        .unwrap();
    assert_eq!(told.problem.as_deref(), Some("here"));
    assert_eq!(party.state(&id(1)), None);
    assert!(settled(party).is_null());
    assert_eq!(shown(party, "cert")["state"], "paused");
}

/// Something happens here while the server answers.
struct Hook<'a> {
    fake: &'a Fake,
    then: &'a (dyn Fn() + Sync),
}

impl crate::outside::Outside for Hook<'_> {
    fn pair(
        &self,
        address: &str,
        message: &[u8],
    ) -> Result<(Vec<u8>, noroshi_model::KeyId), crate::OutsideError> {
        self.fake.pair(address, message)
    }

    fn recover(
        &self,
        address: &str,
        message: &[u8],
    ) -> Result<(Vec<u8>, noroshi_model::KeyId), crate::OutsideError> {
        self.fake.recover(address, message)
    }

    fn exchange(
        &self,
        address: &str,
        pinned: &[noroshi_model::KeyId],
        frames: &[u8],
    ) -> Result<Vec<u8>, crate::OutsideError> {
        self.fake.exchange(address, pinned, frames)
    }

    fn call(
        &self,
        call: &noroshi_taxii::client::Call<'_>,
        out: &mut dyn std::io::Write,
    ) -> Result<noroshi_taxii::client::Reply, CallFault> {
        let reply = self.fake.call(call, out);
        (self.then)();
        reply
    }

    fn wake(&self, _: &noroshi_model::NodeId) {}

    fn present(&self, _: &[u8]) {}
}
