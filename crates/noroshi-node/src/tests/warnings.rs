//! The warning desk: who may say what, the same level on both sides, a warning that is acknowledged
//! and stood down, and that goes over two hops by consent only.

use serde_json::{Value, json};

use super::stage::{Party, Stage, field};
use super::third::Three;
use crate::command::{Command, Failure};
use crate::warning::{IssueOrder, SendOrder, WarningCommand};

fn refused(party: &Party, order: WarningCommand) -> String {
    let failure: Failure = party.try_ask(Command::Warning(order)).unwrap_err();
    failure.code
}

/// Ordered and signed by one person; the ids of what was made.
fn made(party: &Party, order: WarningCommand) -> Vec<String> {
    let done = party.order(Command::Warning(order));
    assert!(done.act.approver.is_none());
    let items = done.act.document["subject"]["items"].clone();
    let items = items.as_array().unwrap().iter();
    items.map(|item| field(item, "id")).collect()
}

fn problem(party: &Party, marking: &str) -> String {
    let order = problem_order(party, 50, &[marking]);
    made(party, order).remove(0)
}

fn problem_order(party: &Party, prior_permille: u16, markings: &[&str]) -> WarningCommand {
    WarningCommand::Problem {
        title: "Ports".to_owned(),
        question: "Will port control systems be attacked?".to_owned(),
        hypothesis: "An attack on ports is being prepared".to_owned(),
        prior_permille,
        markings: markings.iter().map(|it| (*it).to_owned()).collect(),
        person: party.first().to_owned(),
    }
}

fn indicator(party: &Party, problem: &str, weight: &str) -> WarningCommand {
    WarningCommand::Indicator {
        problem: problem.to_owned(),
        statement: "Remote access is tested".to_owned(),
        weight: weight.to_owned(),
        markings: Vec::new(),
        person: party.first().to_owned(),
    }
}

fn state(party: &Party, indicator: &str, state: &str, evidence: &[&str]) -> WarningCommand {
    WarningCommand::State {
        indicator: indicator.to_owned(),
        state: state.to_owned(),
        evidence: evidence.iter().map(|it| (*it).to_owned()).collect(),
        at: None,
        person: party.first().to_owned(),
    }
}

fn issue(party: &Party, problem: &str, follows: Option<&str>) -> IssueOrder {
    IssueOrder {
        problem: problem.to_owned(),
        follows: follows.map(str::to_owned),
        confidence: "moderate".to_owned(),
        basis: "Two partners saw it".to_owned(),
        basis_ja: "二者が確認した".to_owned(),
        hours: 24,
        person: party.first().to_owned(),
        ..IssueOrder::default()
    }
}

fn ack(party: &Party, report: &str) -> WarningCommand {
    WarningCommand::Ack {
        report: report.to_owned(),
        opinion: "agree".to_owned(),
        text: "We watch port 502".to_owned(),
        person: party.first().to_owned(),
    }
}

fn send(party: &Party, item: &str, to: &[&str]) {
    party.order(sending(party, item, to, false));
}

fn sending(party: &Party, item: &str, to: &[&str], dry_run: bool) -> Command {
    Command::Warning(WarningCommand::Send(SendOrder {
        item: item.to_owned(),
        to: to.iter().map(|it| (*it).to_owned()).collect(),
        purpose: "defence".to_owned(),
        person: party.first().to_owned(),
        dry_run,
        accept: Vec::new(),
    }))
}

fn level(party: &Party, problem: &str) -> Value {
    let problem = problem.to_owned();
    party.ask(Command::Warning(WarningCommand::Level {
        problem,
        at: None,
    }))
}

fn show(party: &Party, problem: &str) -> Value {
    let problem = problem.to_owned();
    party.ask(Command::Warning(WarningCommand::Show { problem }))
}

/// It knows the project's types, and has said so: objects of them come to it as they are.
fn knows_types(party: &Party) {
    party.import("own", &super::types::definitions());
    party.order(party.share(&[noroshi_model::agreement::ONTOLOGY_EXTENSION]));
    party.sync();
}

#[test]
fn what_is_no_word_no_problem_or_anothers_is_refused() {
    let stage = Stage::new();
    let jp = &stage.jp;
    assert_eq!(
        refused(jp, problem_order(jp, 0, &["TLP:CLEAR"])),
        "warning.word"
    );
    assert_eq!(refused(jp, problem_order(jp, 50, &[])), "warning.marking");
    let ports = problem(jp, "TLP:CLEAR");
    assert_eq!(refused(jp, indicator(jp, &ports, "heavy")), "warning.word");
    assert_eq!(refused(jp, indicator(jp, &ports, "20001")), "warning.word");
    let tested = made(jp, indicator(jp, &ports, "strong")).remove(0);
    assert_eq!(refused(jp, indicator(jp, &tested, "fair")), "warning.kind");
    assert_eq!(refused(jp, state(jp, &tested, "seen", &[])), "warning.word");
    let unknown = state(
        jp,
        &tested,
        "observed",
        &["campaign--00000000-0000-4000-8000-000000000009"],
    );
    assert_eq!(refused(jp, unknown), "item.unknown");
    let wrong: [fn(&mut IssueOrder); 6] = [
        |it| it.confidence = "likely".to_owned(),
        |it| it.likelihood = Some("high".to_owned()),
        |it| it.basis_ja.clear(),
        |it| it.hours = 0,
        |it| it.level = Some(6),
        |it| it.change = Some("in one language".to_owned()),
    ];
    for change in wrong {
        let mut order = issue(jp, &ports, None);
        change(&mut order);
        let code = refused(jp, WarningCommand::Issue(order));
        assert!(matches!(&*code, "warning.word" | "warning.text"), "{code}");
    }
}

/// Clause: I4c
#[test]
fn both_sides_compute_the_same_level_and_a_warning_is_acknowledged_followed_up_and_stood_down() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    knows_types(us);
    jp.import("own", &[super::stage::object(1, 40)]);
    let ports = problem(jp, "TLP:CLEAR");
    let tested = made(jp, indicator(jp, &ports, "decisive")).remove(0);
    let called = made(jp, indicator(jp, &ports, "1200")).remove(0);
    assert_eq!(level(jp, &ports)["gaps"], 2);
    made(jp, state(jp, &tested, "observed", &[&super::stage::id(1)]));
    stage.hands.forward(86_400);
    made(jp, state(jp, &called, "possible", &[]));
    let here = level(jp, &ports);
    assert_eq!(here["level"], 2, "{here}");
    assert_eq!(here["contributions"][0]["evidence"][0]["known"], true);
    let proposed = jp.rows(Command::Warning(WarningCommand::Proposals));
    assert_eq!(proposed.len(), 1, "{proposed:?}");
    assert_eq!(proposed[0]["why"], "level");

    let report = made(jp, WarningCommand::Issue(issue(jp, &ports, None))).remove(0);
    assert!(
        jp.rows(Command::Warning(WarningCommand::Proposals))
            .is_empty()
    );
    send(jp, &report, &["USA"]);
    jp.sync();
    let there = level(us, &ports);
    assert_eq!(there["bits"], here["bits"]);
    assert_eq!(there["evidence"], here["evidence"]);
    assert_eq!(
        (&there["level"], &there["history"]),
        (&here["level"], &here["history"])
    );
    // What it rests on stays where it is unless it was shared: the partner sees that it is not
    // here.
    assert_eq!(there["contributions"][0]["evidence"][0]["known"], false);

    let came = show(us, &ports);
    let came = &came["reports"][0];
    assert_eq!(
        (&came["basis_ja"], &came["issued_by"]),
        (&json!("二者が確認した"), &json!("sato"))
    );
    assert_eq!(
        (&came["likelihood"], &came["confidence"]),
        (&json!("likely"), &json!("moderate"))
    );
    let waits = us.ask(Command::View(crate::ViewCommand::Now { person: None }));
    assert_eq!(waits["waits"]["warnings"].as_array().unwrap().len(), 1);
    assert_eq!(show(jp, &ports)["reports"][0]["outstanding"], 1);
    // Only who answers for a warning or an indicator versions it.
    assert_eq!(
        refused(us, state(us, &tested, "negated", &[])),
        "warning.not_ours"
    );

    let acknowledged = made(us, ack(us, &report)).remove(0);
    send(us, &acknowledged, &[]);
    us.sync();
    let answered = show(jp, &ports);
    let answered = &answered["reports"][0];
    assert_eq!(answered["outstanding"], 0, "{answered}");
    assert_eq!(
        (
            &answered["acks"][0]["person"],
            &answered["acks"][0]["opinion"]
        ),
        (&json!("smith"), &json!("agree"))
    );
    let waits = us.ask(Command::View(crate::ViewCommand::Now { person: None }));
    assert!(waits["waits"]["warnings"].as_array().unwrap().is_empty());

    // A follow-up wants an acknowledgement of its own.
    stage.hands.forward(3_600);
    made(jp, WarningCommand::Issue(issue(jp, &ports, Some(&report))));
    send(jp, &report, &["USA"]);
    jp.sync();
    assert_eq!(show(jp, &ports)["reports"][0]["outstanding"], 1);

    stage.hands.forward(3_600);
    made(
        jp,
        WarningCommand::StandDown {
            report: report.clone(),
            basis: "It is over".to_owned(),
            basis_ja: "終息した".to_owned(),
            confidence: "high".to_owned(),
            person: jp.first().to_owned(),
        },
    );
    send(jp, &report, &["USA"]);
    jp.sync();
    let over = show(us, &ports);
    assert_eq!(over["reports"].as_array().unwrap().len(), 1);
    assert_eq!(over["reports"][0]["state"], "stood-down");
    jp.verifies();
    us.verifies();
}

/// Clause: I6
#[test]
fn a_warning_goes_over_two_hops_by_consent_only() {
    let three = Three::new(false);
    let (jp, us, au) = (&three.stage.jp, &three.us, &three.au);
    au.profile("own", "TLP:CLEAR", true);
    knows_types(&three.stage.us);
    knows_types(au);
    let ports = problem(jp, "TLP:AMBER");
    let report = made(jp, WarningCommand::Issue(issue(jp, &ports, None))).remove(0);
    send(jp, &report, &["USA"]);
    three.settle();
    assert_eq!(us.state(&report).as_deref(), Some("admitted"));
    let plan = us.ask(us.share(&[&ports, &report]));
    let plan = &plan["recipients"][0];
    assert_eq!((&plan["refer"], &plan["whole"]), (&json!(2), &json!(0)));
    for item in [&ports, &report] {
        us.order(Command::ConsentRequest {
            item: item.clone(),
            to: "AUS".to_owned(),
            purpose: "defence".to_owned(),
            reason: "their ports as well".to_owned(),
            days: 7,
            person: us.first().to_owned(),
        });
        three.settle();
        jp.order(three.grant(three.open(), "2026-10-10"));
        three.settle();
    }
    assert_eq!(au.state(&report), None);
    us.order(us.share(&[&ports, &report]));
    three.settle();
    assert_eq!(au.state(&report).as_deref(), Some("admitted"));
    assert_eq!(show(au, &ports)["reports"][0]["issued_by"], "sato");
}

/// Clause: I4c
#[test]
fn sightings_of_several_organisations_raise_one_proposal() {
    let stage = Stage::new();
    let (jp, us) = (&stage.jp, &stage.us);
    let uuid = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let stamp = "2026-01-01T00:00:00.000Z";
    let of = |kind: &str, n: u32, rest: Value| {
        let mut object = json!({ "type": kind, "spec_version": "2.1",
            "id": format!("{kind}--{}", uuid(n)), "created": stamp, "modified": stamp });
        for (name, value) in rest.as_object().unwrap() {
            object[name] = value.clone();
        }
        object
    };
    let indicator = |n: u32| {
        let pattern = format!("[ipv4-addr:value = '198.51.100.{n}']");
        of(
            "indicator",
            n,
            json!({ "pattern": pattern, "pattern_type": "stix", "valid_from": stamp }),
        )
    };
    let points = |n: u32| {
        of(
            "relationship",
            n,
            json!({ "relationship_type": "indicates",
            "source_ref": format!("indicator--{}", uuid(n)), "target_ref": super::stage::id(9) }),
        )
    };
    let sighting = |n: u32, of_indicator: u32| {
        of(
            "sighting",
            n,
            json!({ "sighting_of_ref": format!("indicator--{}", uuid(of_indicator)) }),
        )
    };
    let proposals = || jp.rows(Command::Warning(WarningCommand::Proposals));
    let campaign = super::stage::object(9, 40);
    jp.import(
        "own",
        &[campaign, indicator(1), indicator(2), points(1), points(2)],
    );
    jp.import("own", &[sighting(11, 1)]);
    assert!(proposals().is_empty(), "one organisation alone");
    us.import("own", &[sighting(12, 2)]);
    us.order(us.share(&[&format!("sighting--{}", uuid(12))]));
    us.sync();
    let raised = proposals();
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["about"], super::stage::id(9));
    assert_eq!(
        (
            &raised[0]["sightings"],
            raised[0]["nodes"].as_array().unwrap().len()
        ),
        (&json!(2), 2)
    );
    assert_eq!(raised, proposals(), "the same at every look");
    // What stands on a list as evidence is taken up.
    let ports = problem(jp, "TLP:CLEAR");
    let listed = made(jp, self::indicator(jp, &ports, "fair")).remove(0);
    made(
        jp,
        state(
            jp,
            &listed,
            "observed",
            &[&format!("sighting--{}", uuid(11))],
        ),
    );
    let taken = proposals();
    assert_eq!(
        taken.iter().find(|row| row["why"] == "sightings").unwrap()["taken_up"],
        ports
    );
    // Later they no longer belong together.
    stage.hands.forward(80 * 3_600);
    assert!(proposals().iter().all(|row| row["why"] == "level"));
}
