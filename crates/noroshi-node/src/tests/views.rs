//! What people look at first: every view tells what is so, and no more than its caps allow.

use noroshi_model::json::Object;
use noroshi_model::ledger::LineKind;
use noroshi_store::{Effort, Sought, WriteError};
use serde_json::{Value, json};

use super::stage::{Party, Stage, field, id, object};
use crate::catalogues::CatalogueCommand;
use crate::command::{Command, Event};
use crate::messages::{Lang, render};
use crate::sink::Collected;
use crate::views::{ActorsOrder, LedgerOrder, SearchOrder, ViewCommand};

const GREEN: &str = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb";

fn of_kind(kind: &str, number: u32, more: Value) -> Value {
    let mut made = json!({
        "type": kind, "spec_version": "2.1", "id": named(kind, number),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
    });
    for (name, value) in more.as_object().unwrap() {
        made[name] = value.clone();
    }
    made
}

fn named(kind: &str, number: u32) -> String {
    format!("{kind}--00000000-0000-4000-8000-{number:012}")
}

fn relationship(number: u32, kind: &str, from: &str, to: &str) -> Value {
    let ends = json!({ "relationship_type": kind, "source_ref": from, "target_ref": to });
    of_kind("relationship", number, ends)
}

fn order(party: &Party, order: &SearchOrder) -> Vec<String> {
    let found = party.node.find(order).unwrap();
    found.items.into_iter().map(|row| row.id).collect()
}

#[test]
fn a_search_is_narrowed_by_what_items_are_and_counts_what_it_found() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let mut green = object(2, 10);
    green["object_marking_refs"] = json!([GREEN]);
    green["name"] = json!("重要インフラへの攻撃");
    jp.import("own", &[object(1, 10), green]);
    stage.hands.forward(3 * 24 * 3600);
    jp.import(
        "feed",
        &[of_kind(
            "identity",
            3,
            json!({ "name": "Campaign target", "identity_class": "organization" }),
        )],
    );
    let words = |text: &str| SearchOrder {
        text: Some(text.to_owned()),
        ..SearchOrder::default()
    };
    assert_eq!(order(jp, &words("インフラ")), [id(2)]);
    assert_eq!(
        order(jp, &words("campaign")),
        [named("identity", 3), id(2), id(1)]
    );
    let found = jp.node.find(&words("campaign")).unwrap();
    let facets = |facet: &[crate::views::Facet]| -> Vec<(String, u64)> {
        facet.iter().map(|f| (f.value.clone(), f.count)).collect()
    };
    let pairs = |pairs: &[(&str, u64)]| -> Vec<(String, u64)> {
        pairs
            .iter()
            .map(|(value, count)| ((*value).to_owned(), *count))
            .collect()
    };
    assert_eq!((found.total, found.is_capped, found.next), (3, false, None));
    assert_eq!(
        facets(&found.facets.kinds),
        pairs(&[("campaign", 2), ("identity", 1)])
    );
    assert_eq!(
        facets(&found.facets.markings),
        pairs(&[("tlp:clear", 2), ("tlp:green", 1)])
    );
    assert_eq!(
        facets(&found.facets.sources),
        pairs(&[("own", 2), ("feed", 1)])
    );
    let me = jp.node.me().to_string();
    assert_eq!(facets(&found.facets.by), pairs(&[(&me, 3)]));
    assert_eq!(found.names[&me].nation, "JPN");

    let narrowed = |narrow: &dyn Fn(&mut SearchOrder)| {
        let mut made = words("campaign");
        narrow(&mut made);
        order(jp, &made)
    };
    assert_eq!(
        narrowed(&|o| o.kind = Some("identity".into())),
        [named("identity", 3)]
    );
    assert_eq!(narrowed(&|o| o.marking = Some("TLP:GREEN".into())), [id(2)]);
    assert_eq!(narrowed(&|o| o.source = Some("own".into())), [id(2), id(1)]);
    assert_eq!(narrowed(&|o| o.by = Some("own".into())).len(), 3);
    assert_eq!(narrowed(&|o| o.by = Some("USA".into())).len(), 0);
    assert_eq!(narrowed(&|o| o.kind = Some("no-such-word".into())).len(), 0);
    // The clock of the stage stands on 2026-09-21; three days later the third came.
    assert_eq!(
        narrowed(&|o| o.since = Some("2026-09-23".into())),
        [named("identity", 3)]
    );
    assert_eq!(
        narrowed(&|o| o.until = Some("2026-09-23".into())),
        [id(2), id(1)]
    );
    assert_eq!(narrowed(&|o| o.since = Some("2027-01-01".into())).len(), 0);
    let refused = |narrow: &dyn Fn(&mut SearchOrder)| {
        let mut made = words("campaign");
        narrow(&mut made);
        jp.node.find(&made).unwrap_err().code
    };
    assert_eq!(refused(&|o| o.text = Some("。".into())), "search.text");
    assert_eq!(
        refused(&|o| o.text = Some("a".repeat(3_000))),
        "search.text"
    );
    assert_eq!(refused(&|o| o.state = Some("gone".into())), "list.state");
    assert_eq!(
        refused(&|o| o.since = Some("yesterday".into())),
        "view.instant"
    );
    assert_eq!(refused(&|o| o.by = Some("FRA".into())), "peer.unknown");
    assert_eq!(refused(&|o| o.limit = 1_001), "search.limit");
}

#[test]
fn a_search_pages_without_a_gap_and_its_work_ends_at_the_cap() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let objects: Vec<Value> = (1..=23).map(|number| object(number, 10)).collect();
    jp.import("own", &objects);
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = SearchOrder {
            kind: Some("campaign".to_owned()),
            limit: 10,
            before,
            ..SearchOrder::default()
        };
        let found = jp.node.find(&page).unwrap();
        seen.extend(found.items.into_iter().map(|row| row.id));
        before = found.next;
        if before.is_none() {
            break;
        }
    }
    let expected: Vec<String> = (1..=23).rev().map(id).collect();
    assert_eq!(seen, expected);

    // Of many candidates none is sought: the look ends, and says where the next one begins.
    let reader = jp.node.local().unwrap();
    let sought = |before| Sought {
        text: Some("campaign".to_owned()),
        kind: Some("tool".to_owned()),
        before,
        ..Sought::default()
    };
    let few = Effort {
        rows: 5,
        examined: 20,
    };
    let first = reader.find(&sought(None), few).unwrap();
    assert!(first.is_capped && first.rows.is_empty() && first.total == 0);
    let second = reader.find(&sought(first.next), few).unwrap();
    assert!(!second.is_capped && second.next.is_none());
}

#[test]
fn an_item_is_shown_with_who_holds_it_and_what_surrounds_it() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let identity = json!({ "name": "Power company", "identity_class": "organization" });
    let report = json!({ "name": "Report", "published": "2026-01-01T00:00:00.000Z", "object_refs": [id(1)] });
    let sighting =
        json!({ "sighting_of_ref": id(1), "count": 7, "last_seen": "2026-02-01T00:00:00.000Z" });
    let mut campaign = object(1, 10);
    campaign["created_by_ref"] = json!(named("identity", 9));
    jp.import(
        "own",
        &[
            campaign,
            object(2, 10),
            of_kind(
                "identity",
                9,
                json!({ "name": "Desk", "identity_class": "organization" }),
            ),
            of_kind("identity", 3, identity),
            relationship(4, "targets", &id(1), &named("identity", 3)),
            of_kind("report", 5, report),
            of_kind("sighting", 6, sighting),
        ],
    );
    let view = |party: &Party| party.node.item_view(&id(1)).unwrap();
    let seen = view(jp);
    assert!(seen.holders.is_empty() && !seen.relations_capped);
    let mut told: Vec<(&str, &str, &str, &str)> = seen
        .relations
        .iter()
        .map(|row| (&*row.direction, &*row.label, &*row.kind, &*row.title))
        .collect();
    told.sort_unstable();
    let expected = [
        ("in", "object_refs", "report", "Report"),
        ("out", "created_by_ref", "identity", "Desk"),
        ("out", "targets", "identity", "Power company"),
    ];
    assert_eq!(told, expected);
    assert_eq!((seen.sightings.len(), seen.sightings[0].count), (1, 7));
    let line = seen.line.unwrap();
    assert_eq!(line["index"], seen.item.ledger_line.unwrap());
    // Seen from the other end.
    let target = jp.node.item_view(&named("identity", 3)).unwrap();
    assert_eq!(target.relations.len(), 1);
    assert_eq!(
        (&*target.relations[0].direction, &*target.relations[0].id),
        ("in", &*id(1))
    );

    let state = || {
        let seen = view(jp);
        let holder = seen.holders.first().cloned().unwrap_or_default();
        assert!(seen.holders.len() <= 1 && !holder.reduced);
        holder.state
    };
    jp.order(jp.share(&[&id(1)]));
    assert_eq!(state(), "waiting");
    jp.sync();
    jp.sync();
    assert_eq!(state(), "holds");
    assert_eq!(view(&stage.us).item.item.title, "Campaign 1");
    jp.order(jp.recall(&id(1), "withdraw"));
    // What is taken back shows no content, and still who holds it.
    let recalled = view(jp);
    assert!(recalled.relations.is_empty() && recalled.item.object.is_none());
    assert_eq!(recalled.holders[0].state, "recalling");
    let now = jp.node.now_view(None).unwrap();
    assert_eq!(now.waits.recalls.len(), 1);
    jp.sync();
    jp.sync();
    assert_eq!(state(), "recalled");
    assert!(jp.node.now_view(None).unwrap().waits.recalls.is_empty());
    assert_eq!(jp.node.item_view(&id(77)).unwrap_err().code, "item.unknown");
}

#[test]
fn now_tells_what_came_since_the_persons_last_look_and_what_waits_for_them() {
    let stage = Stage::new();
    let jp = &stage.jp;
    jp.import("own", &[object(1, 10), object(2, 10)]);
    let now = |person| jp.node.now_view(Some(person)).unwrap();
    let before = now("sato");
    // The canary of the stage came within the day as well.
    assert_eq!((before.came.total, before.last_look), (3, None));
    jp.node.looked("sato", None).unwrap();
    assert_eq!(now("sato").came.total, 0);
    assert_eq!(now("suzuki").came.total, 3);
    jp.import("own", &[object(3, 10)]);
    let after = now("sato");
    assert_eq!(after.came.items[0].id, id(3));
    assert_eq!(after.came.total, 1);
    // A look never goes back.
    jp.node.looked("sato", None).unwrap();
    assert_eq!(
        jp.node.looked("sato", Some(1)).unwrap().position,
        after.position
    );
    assert_eq!(
        jp.node.looked("nobody", None).unwrap_err().code,
        "person.unknown"
    );
    assert_eq!(
        jp.node.now_view(Some("nobody")).unwrap_err().code,
        "person.unknown"
    );

    // An act waits for the other person, not for who asked.
    let act = jp.prepare(Command::PersonAdd {
        name: "tanaka".to_owned(),
        public_key: "11".repeat(32),
        person: "sato".to_owned(),
    });
    jp.endorse(&act.unwrap(), 0).unwrap();
    assert_eq!(now("suzuki").waits.acts.len(), 1);
    assert!(now("sato").waits.acts.is_empty());
    assert_eq!(jp.bring(None, &[object(9, 10)])["held"]["gate.unmarked"], 1);
    let held = now("sato").waits;
    assert_eq!((held.held, held.held_items[0].id.clone()), (1, id(9)));
}

#[test]
fn now_counts_each_open_alarm_once_and_lights_partners_by_their_last_contact() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let alarm = |why: &str| {
        let line = jp
            .node
            .line(LineKind::Alarm, None, Object::new().with("why", why));
        let told = jp.node.store.write(|tx| tx.append(&line));
        told.map_err(|error: WriteError| error).unwrap()
    };
    let alarms = || jp.node.now_view(None).unwrap().waits.alarms;
    assert_eq!(alarms().count, 0);
    alarm("one");
    assert_eq!(alarms().count, 1);
    let last = alarm("two");
    assert_eq!(
        (alarms().count, alarms().lines[0]["index"].as_u64()),
        (2, Some(last))
    );
    jp.node.alarm_answer(last, "seen to", "sato").unwrap();
    assert_eq!(alarms().count, 0);
    alarm("three");
    assert_eq!(alarms().count, 1);

    let light = || {
        let lights = jp.node.partner_lights().unwrap();
        let [only] = &lights[..] else {
            panic!("one partner, not {lights:?}");
        };
        (only.light.clone(), only.code.clone())
    };
    let says = |light: &str, code: &str| (light.to_owned(), code.to_owned());
    assert_eq!(light(), says("green", "peer"));
    stage.hands.forward(2 * 24 * 3600);
    assert_eq!(light(), says("amber", "peer-away"));
    stage.hands.forward(20 * 24 * 3600);
    assert_eq!(light(), says("red", "peer-lost"));
}

#[test]
fn threats_stand_in_the_order_of_their_matrix_with_what_refers_to_them_and_whom_they_target() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let mitre = |id: &str| json!([{ "source_name": "mitre-attack", "external_id": id }]);
    let technique = |number, code: &str, name: &str, phase: &str, revoked: bool| {
        let phases = json!([{ "kill_chain_name": "mitre-attack", "phase_name": phase }]);
        let more = json!({ "name": name, "external_references": mitre(code),
            "kill_chain_phases": phases, "revoked": revoked });
        of_kind("attack-pattern", number, more)
    };
    let tactic = |number, name: &str, short: &str| {
        of_kind(
            "x-mitre-tactic",
            number,
            json!({ "name": name, "x_mitre_shortname": short }),
        )
    };
    let refs = [named("x-mitre-tactic", 12), named("x-mitre-tactic", 11)];
    let matrix = json!({ "name": "Enterprise ATT&CK", "tactic_refs": refs,
        "external_references": mitre("enterprise-attack") });
    jp.import(
        "own",
        &[
            technique(1, "T1002", "Second", "execution", false),
            technique(2, "T1001", "First", "execution", false),
            technique(3, "T2000", "Other", "initial-access", false),
            technique(4, "T3000", "Past", "execution", true),
            tactic(11, "Execution", "execution"),
            tactic(12, "Initial Access", "initial-access"),
            of_kind("x-mitre-matrix", 13, matrix),
            of_kind(
                "intrusion-set",
                21,
                json!({ "name": "Group", "aliases": ["Group", "Bear"],
            "primary_motivation": "espionage" }),
            ),
            of_kind(
                "identity",
                22,
                json!({ "name": "Energy", "identity_class": "class" }),
            ),
            relationship(
                31,
                "uses",
                &named("intrusion-set", 21),
                &named("attack-pattern", 1),
            ),
            relationship(
                32,
                "targets",
                &named("intrusion-set", 21),
                &named("identity", 22),
            ),
        ],
    );
    let view = jp.node.matrix_view().unwrap();
    let [chain] = &view.chains[..] else {
        panic!("one kill chain, not {view:?}");
    };
    assert_eq!(chain.title, "Enterprise ATT&CK");
    let titles: Vec<&str> = chain.phases.iter().map(|phase| &*phase.title).collect();
    assert_eq!(titles, ["Initial Access", "Execution"]);
    let told: Vec<(&str, u64)> = chain.phases[1]
        .techniques
        .iter()
        .map(|technique| (&*technique.number, technique.mentions))
        .collect();
    assert_eq!(told, [("T1001", 0), ("T1002", 1)]);
    let actors = jp.node.actors_view(&ActorsOrder::default()).unwrap();
    let group = actors
        .actors
        .iter()
        .find(|actor| actor.kind == "intrusion-set")
        .unwrap();
    assert_eq!(
        (&*group.title, &group.aliases[..]),
        ("Group", &["Bear".to_owned()][..])
    );
    assert_eq!(group.said["primary_motivation"], "espionage");
    assert_eq!(
        (group.is_new, &group.targets[..]),
        (true, &["Energy".to_owned()][..])
    );
    assert_eq!(
        (&*actors.targeted[0].title, actors.targeted[0].by),
        ("Energy", 1)
    );
    let wrong = ActorsOrder {
        kind: Some("identity".to_owned()),
        ..ActorsOrder::default()
    };
    assert_eq!(jp.node.actors_view(&wrong).unwrap_err().code, "threat.kind");
}

#[test]
fn the_newest_lines_come_first_and_are_narrowed_by_kind_and_person() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let whole = jp.rows(Command::LedgerList {
        from: 0,
        limit: 10_000,
        kind: None,
    });
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = jp.node.ledger_view(&LedgerOrder {
            limit: 7,
            before,
            ..LedgerOrder::default()
        });
        let page = page.unwrap();
        assert_eq!(page.size, whole.len() as u64);
        seen.extend(page.lines);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    seen.reverse();
    assert_eq!(seen, whole);
    let lines = |kind: Option<&str>, by: Option<&str>| {
        let order = LedgerOrder {
            kind: kind.map(str::to_owned),
            by: by.map(str::to_owned),
            ..LedgerOrder::default()
        };
        jp.node.ledger_view(&order)
    };
    let genesis = lines(Some("genesis"), None).unwrap().lines;
    assert_eq!(
        (genesis.len(), &*field(&genesis[0], "line")),
        (1, "genesis")
    );
    for line in lines(None, Some("suzuki")).unwrap().lines {
        assert_eq!(field(&line, "person"), "suzuki");
    }
    assert_eq!(
        lines(Some("no.such"), None).unwrap_err().code,
        "ledger.kind"
    );
    assert_eq!(lines(None, Some("A B")).unwrap_err().code, "person.name");
}

#[test]
fn every_view_is_a_command_and_says_itself_in_both_languages() {
    let stage = Stage::new();
    let jp = &stage.jp;
    jp.import("own", &[object(1, 10)]);
    jp.order(jp.share(&[&id(1)]));
    let views = [
        ViewCommand::Search(SearchOrder::default()),
        ViewCommand::Item { item: id(1) },
        ViewCommand::Now {
            person: Some("sato".to_owned()),
        },
        ViewCommand::Looked {
            person: "sato".to_owned(),
            position: None,
        },
        ViewCommand::Matrix,
        ViewCommand::Actors(ActorsOrder::default()),
        ViewCommand::Ledger(LedgerOrder::default()),
        ViewCommand::Paste {
            text: "evil[.]co[.]jp 8.8.8.8 127.0.0.1".to_owned(),
        },
        ViewCommand::Take {
            text: "evil[.]co[.]jp".to_owned(),
            chosen: vec!["domain:evil.co.jp".to_owned()],
            profile: "own".to_owned(),
        },
    ];
    for view in views {
        let command = Command::View(view);
        let text = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command);
        let events = jp.events(command).unwrap();
        let Some(Event::Answer { kind, .. }) = events.last() else {
            panic!("{text} has no answer");
        };
        for lang in Lang::ALL {
            for event in &events {
                let said = render(lang, event);
                // A message that is not there is told by its id.
                for id in [
                    "holder-",
                    "facet-",
                    "now-",
                    "found-",
                    "doctor-",
                    "lines-",
                    "relation-",
                    "console-",
                    "paste-",
                ] {
                    assert!(!said.contains(id), "{kind}: {said}");
                }
            }
        }
    }
}

#[test]
fn a_text_gives_its_indicators_with_context_doubts_and_who_knows_them() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let indicator = |number, value: &str| {
        let pattern = format!("[domain-name:value = '{value}']");
        let more = json!({ "name": "Beacon", "pattern": pattern, "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00.000Z" });
        of_kind("indicator", number, more)
    };
    jp.import(
        "own",
        &[indicator(1, "evil.co.jp"), indicator(2, "not-evil.co.jp")],
    );
    let text = "First line.\n通信先は evil[.]co[.]jp です。\n\
        Also 10.0.0.1, 192.0.2.7, 8.8.8.8, https://attack.mitre.org/groups/G0007 and\n\
        d41d8cd98f00b204e9800998ecf8427e from 127.0.0.1";
    let view = jp.node.paste_view(text).unwrap();
    let told = |value: &str| {
        let found = view.found.iter().find(|row| row.value == value);
        found.unwrap_or_else(|| panic!("{value} in {view:?}"))
    };
    let evil = told("evil.co.jp");
    assert_eq!(
        (&*evil.defanged, &*evil.context),
        ("evil[.]co[.]jp", "通信先は evil[.]co[.]jp です。")
    );
    assert!(evil.doubts.is_empty() && evil.can_take);
    // Another name that ends so is not this one.
    let known: Vec<&str> = evil.known.iter().map(|row| &*row.title).collect();
    assert_eq!(known, ["Beacon"]);
    assert_eq!(view.names[&evil.known[0].node].nation, "JPN");
    for (value, doubt) in [
        ("10.0.0.1", "internal"),
        ("192.0.2.7", "documentation"),
        ("8.8.8.8", "resolver"),
        ("https://attack.mitre.org/groups/G0007", "reference"),
        ("d41d8cd98f00b204e9800998ecf8427e", "empty_file"),
    ] {
        assert_eq!(told(value).doubts, [doubt], "{value}");
        assert!(told(value).known.is_empty(), "{value}");
    }
    assert_eq!(view.passed_over.len(), 1);
    assert_eq!(&*view.passed_over[0].why, "no_host");

    let take = |chosen: &[&str], profile: &str| {
        let chosen: Vec<String> = chosen.iter().map(|text| (*text).to_owned()).collect();
        let mut sink = crate::sink::Collected::default();
        jp.node.paste_take(text, &chosen, profile, &mut sink)
    };
    let nothing = take(&["domain:other.co.jp"], "own").unwrap_err();
    assert_eq!(nothing.code, "paste.none");
    assert!(take(&["domain:evil.co.jp"], "no-such").is_err());
    let taken = take(&["domain:evil.co.jp", "ipv4:8.8.8.8"], "own").unwrap();
    assert_eq!((taken.ids.len(), taken.import.admitted), (2, 2));
    let made = jp.node.item_view(&taken.ids[0]).unwrap().item;
    assert_eq!(
        made.object.unwrap()["pattern"],
        "[domain-name:value = 'evil.co.jp']"
    );
    for bad in ["", "  ", &"a ".repeat(600_000)] {
        assert_eq!(jp.node.paste_view(bad).unwrap_err().code, "paste.text");
    }
}

#[test]
fn a_catalogue_of_the_program_is_taken_in_and_opens_no_other_way() {
    let stage = Stage::new();
    let jp = &stage.jp;
    let load = |name: &str, person: &str| {
        let command = CatalogueCommand::Load {
            name: name.to_owned(),
            person: person.to_owned(),
        };
        let mut told = Collected::default();
        let done = jp.node.run_catalogue(command, &mut told);
        done.map(|()| told.0)
    };
    assert_eq!(load("cisa", "sato").unwrap_err().code, "catalogue.unknown");
    assert_eq!(
        load("cisa-kev", "nobody").unwrap_err().code,
        "person.unknown"
    );
    let rows = |told: Vec<Event>| -> Vec<Value> {
        let rows = told.into_iter().filter_map(|event| match event {
            Event::Row { row, .. } => Some(row),
            Event::Answer { .. } | Event::Progress { .. } => None,
        });
        rows.collect()
    };
    let list = || {
        let mut told = Collected::default();
        jp.node
            .run_catalogue(CatalogueCommand::List, &mut told)
            .unwrap();
        rows(told.0)
    };
    assert!(list().iter().all(|row| row["loaded"].is_null()));
    let told = load("cisa-kev", "sato").unwrap();
    let Some(Event::Answer { answer, .. }) = told.last() else {
        panic!("no answer")
    };
    assert_eq!(answer["admitted"], 1404, "{answer}");
    let loaded: Vec<bool> = list().iter().map(|row| row["loaded"].is_string()).collect();
    assert_eq!(loaded, [false, true]);
    let found = jp.node.find(&SearchOrder {
        source: Some("cisa-kev".to_owned()),
        ..SearchOrder::default()
    });
    let found = found.unwrap();
    assert_eq!(found.total, 1404);
    assert!(found.items.iter().all(|row| row.marking == "tlp:clear"));
    // Nothing else comes under what the publisher says of its own.
    assert_eq!(
        jp.node.profile("cisa-kev").unwrap_err().code,
        "profile.unknown"
    );
}
