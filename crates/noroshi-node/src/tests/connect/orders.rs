//! Who may order a channel, what is refused, and where its secret is.

use noroshi_taxii::client::{Credential, Word};

use super::server::{Answer, Fake};
use super::*;
use crate::Secret;

const SECRET: &str = "hunter2-of-the-channel";

fn set(party: &Party, change: impl FnOnce(&mut Server)) -> Command {
    let mut command = pull(party, "cert");
    let Command::Connect(ConnectCommand::Set { server, .. }) = &mut command else {
        panic!("no order");
    };
    change(server);
    command
}

fn refusal(party: &Party, fake: &Fake, command: Command) -> Failure {
    prepare(party, fake, command).unwrap_err()
}

#[test]
fn what_is_no_channel_is_refused() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    party.profile("cert", "TLP:GREEN", false);
    for (what, url) in [
        ("plain HTTP abroad", "http://taxii.example/api/"),
        ("a user in the address", "https://sato:word@taxii.example/"),
        ("no address", "taxii.example"),
    ] {
        let failure = refusal(party, &fake, set(party, |server| server.url = url.into()));
        assert_eq!(failure.code, "channel.refused", "{what}");
    }
    type Change = fn(&mut Server);
    let changes: [(&str, Change); 5] = [
        ("a user without a password", |server| {
            server.user = Some("sato".into())
        }),
        ("a token of two lines", |server| {
            server.secret = Some(Secret("a\nb".into()))
        }),
        ("an empty token", |server| {
            server.secret = Some(Secret(String::new()))
        }),
        ("no pin", |server| server.pins = vec!["abc".into()]),
        ("a user with a colon", |server| {
            server.user = Some("a:b".into());
            server.secret = Some(Secret("c".into()));
        }),
    ];
    for (what, change) in changes {
        let failure = refusal(party, &fake, set(party, change));
        assert_eq!(failure.code, "channel.refused", "{what}");
    }
    // Nothing was asked of anybody so far.
    assert!(fake.heard().is_empty());
    party.profile("mine", "TLP:GREEN", true);
    let changed = |change: &dyn Fn(&mut ConnectCommand)| {
        let Command::Connect(mut command) = pull(party, "cert") else {
            panic!("no order");
        };
        change(&mut command);
        refusal(party, &fake, Command::Connect(command)).code
    };
    let with = |change: fn(&mut Option<String>, &mut Option<String>, &mut Option<u64>)| {
        changed(&move |command| {
            if let ConnectCommand::Set {
                pull,
                push,
                every_seconds,
                ..
            } = command
            {
                change(pull, push, every_seconds);
            }
        })
    };
    assert_eq!(
        with(|pull, _, _| *pull = Some("mine".into())),
        "channel.refused"
    );
    assert_eq!(
        with(|pull, _, _| *pull = Some("nobody".into())),
        "profile.unknown"
    );
    assert_eq!(with(|pull, _, _| *pull = None), "channel.refused");
    assert_eq!(
        with(|_, push, _| *push = Some("all".into())),
        "channel.refused"
    );
    assert_eq!(
        with(|pull, push, _| (*pull, *push) = (None, Some("nothing".into()))),
        "collection.unknown"
    );
    assert_eq!(with(|_, _, every| *every = Some(59)), "channel.refused");
    assert_eq!(
        changed(&|command| {
            if let ConnectCommand::Set { collection, .. } = command {
                *collection = Some("another".into());
            }
        }),
        "channel.collection"
    );
    for name in ["no-such", "cert"] {
        let failure = party.try_ask(connect(ConnectCommand::Now { name: name.into() }));
        assert_eq!(failure.unwrap_err().code, "channel.unknown");
    }
}

/// Clause: I6
#[test]
fn one_person_alone_opens_no_channel_and_closes_one_at_once() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    party.profile("cert", "TLP:GREEN", false);
    let act = prepare(party, &fake, pull(party, "cert")).unwrap();
    let asked = party.endorse(&act, 0).unwrap();
    assert_eq!(asked.act.state, "pending");
    assert!(party.node.channels_due().unwrap().is_empty());
    party.endorse(&act, 1).unwrap();
    assert_eq!(party.node.channels_due().unwrap(), ["cert"]);
    let by = |party: &Party| party.first().to_owned();
    let pause = ConnectCommand::Pause {
        name: "cert".into(),
        person: by(party),
    };
    let act = prepare(party, &fake, connect(pause)).unwrap();
    assert_eq!(party.endorse(&act, 0).unwrap().act.state, "done");
    assert!(party.node.channels_due().unwrap().is_empty());
    let now = party.try_ask(connect(ConnectCommand::Now {
        name: "cert".into(),
    }));
    assert_eq!(now.unwrap_err().code, "channel.paused");
    let resume = ConnectCommand::Resume {
        name: "cert".into(),
        person: by(party),
    };
    let act = prepare(party, &fake, connect(resume)).unwrap();
    assert_eq!(party.endorse(&act, 0).unwrap().act.state, "pending");
    party.endorse(&act, 1).unwrap();
    assert_eq!(party.node.channels_due().unwrap(), ["cert"]);
    let remove = ConnectCommand::Remove {
        name: "cert".into(),
        person: by(party),
    };
    let act = prepare(party, &fake, connect(remove)).unwrap();
    assert_eq!(party.endorse(&act, 0).unwrap().act.state, "done");
    assert!(
        party
            .rows(connect(ConnectCommand::List))
            .iter()
            .all(|row| row["name"] != "cert")
    );
    party.verifies();
}

/// Clause: I6
#[test]
fn a_credential_goes_to_its_host_and_stands_in_nothing_that_is_kept_or_told() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    party.profile("cert", "TLP:GREEN", false);
    let command = set(party, |server| {
        server.user = Some("sato".into());
        server.secret = Some(Secret(SECRET.into()));
    });
    assert!(!format!("{command:?}").contains(SECRET));
    order(party, &fake, command);
    fake.add("2026-08-20T08:00:00Z", object(1, 20));
    round(party, &fake);
    let basic = Credential::Basic {
        user: "sato".into(),
        password: Word(SECRET.into()),
    };
    let heard = fake.heard();
    assert!(
        heard
            .iter()
            .all(|heard| heard.credential.as_ref() == Some(&basic))
    );
    let home = party.node.home().path().to_path_buf();
    let mut found = Vec::new();
    search(&home, &mut found);
    assert!(
        matches!(&found[..], [one] if one.starts_with("channel-")),
        "{found:?}"
    );
    let told = format!(
        "{} {:?}",
        shown(party, "cert"),
        party.rows(Command::LedgerList {
            from: 0,
            limit: 1000,
            kind: None
        })
    );
    assert!(!told.contains(SECRET));
    // Another host that the server names is shown nothing.
    let elsewhere = json!({ "title": "x", "api_roots": ["https://evil.example/api/"] });
    fake.fix("/lure/", Ok(Answer::json(&elsewhere)));
    let lure = ConnectCommand::Find {
        server: Server {
            url: "https://taxii.example/lure/".into(),
            secret: Some(Secret(SECRET.into())),
            ..Server::default()
        },
    };
    let failure = ask(party, &fake, connect(lure)).unwrap_err();
    assert_eq!(failure.code, "channel.failed");
    assert!(
        fake.heard()
            .iter()
            .all(|heard| heard.url.starts_with("https://taxii.example/"))
    );
    // With the channel its secret goes.
    party.order(connect(ConnectCommand::Remove {
        name: "cert".into(),
        person: party.first().into(),
    }));
    let mut found = Vec::new();
    search(&home, &mut found);
    assert_eq!(found, Vec::<String>::new());
}

/// The files below a folder that hold the secret.
fn search(folder: &std::path::Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            search(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes
                .windows(SECRET.len())
                .any(|part| part == SECRET.as_bytes())
        {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
}

#[test]
fn a_credential_that_is_gone_is_told_and_nothing_is_asked_without_it() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    party.profile("cert", "TLP:GREEN", false);
    order(
        party,
        &fake,
        set(party, |server| server.secret = Some(Secret(SECRET.into()))),
    );
    let keys = party.node.home().path().join("keys");
    for entry in std::fs::read_dir(keys).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("channel-") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    fake.heard();
    assert_eq!(round(party, &fake).problem.as_deref(), Some("credential"));
    assert!(fake.heard().is_empty());
}

#[test]
fn what_is_there_is_listed_from_the_host_alone() {
    let stage = Stage::new();
    let (party, fake) = (&stage.jp, Fake::default());
    for url in [
        "https://taxii.example/",
        "https://taxii.example/taxii2/",
        super::ROOT,
    ] {
        let events = ask(
            party,
            &fake,
            connect(ConnectCommand::Find { server: at(url) }),
        )
        .unwrap();
        let Some(Event::Row { row, .. }) = events.first() else {
            panic!("{events:?}");
        };
        assert_eq!(
            (&row["id"], &row["root"]),
            (&json!(super::COLLECTION), &json!(super::ROOT))
        );
    }
    // An API root by its word alone, or without its last slash.
    for root in ["api", "api/", "/api", "https://taxii.example/api"] {
        crate::node::lock(&fake.fixed).clear();
        let body = json!({ "title": "x", "api_roots": [root] });
        fake.fix("/words/", Ok(Answer::json(&body)));
        let find = ConnectCommand::Find {
            server: at("https://taxii.example/words/"),
        };
        let events = ask(party, &fake, connect(find)).unwrap();
        assert!(
            matches!(&events[0], Event::Row { row, .. } if row["root"] == super::ROOT),
            "{root}"
        );
    }
    let older = json!({
        "title": "r", "versions": ["application/vnd.oasis.taxii+json; version=2.0"],
        "max_content_length": 1,
    });
    fake.fix("/old/", Ok(Answer::json(&older)));
    let old = ConnectCommand::Find {
        server: at("https://taxii.example/old/"),
    };
    let failure = ask(party, &fake, connect(old)).unwrap_err();
    assert!(failure.detail.contains("TAXII 2.1"), "{}", failure.detail);
}

#[test]
fn a_channel_set_anew_to_the_same_end_goes_on_and_to_another_begins() {
    let (stage, fake) = connected();
    let party = &stage.jp;
    fake.add("2026-08-20T08:00:00Z", object(1, 20));
    round(party, &fake);
    order(
        party,
        &fake,
        set(party, |server| server.secret = Some(Secret(SECRET.into()))),
    );
    assert_eq!(
        shown(party, "cert")["cursor"]["settled"],
        "2026-08-20T08:00:00.000Z"
    );
    let other = json!({
        "title": "Root", "versions": ["application/taxii+json;version=2.1"],
        "max_content_length": 100_000,
    });
    fake.fix("/other/", Ok(Answer::json(&other)));
    let same = json!({ "collections": [{
        "id": super::COLLECTION, "title": "Indicators", "can_read": true, "can_write": true,
    }] });
    fake.fix("/other/collections/", Ok(Answer::json(&same)));
    let moved = set(party, |server| {
        server.url = "https://taxii.example/other/".into()
    });
    order(party, &fake, moved);
    assert!(shown(party, "cert")["cursor"]["settled"].is_null());
    assert_eq!(shown(party, "cert")["counts"]["read"], 0);
}

#[test]
fn the_doctor_and_the_list_tell_of_a_channel_that_fails_again_and_again() {
    let (stage, fake) = connected();
    let party = &stage.jp;
    let check = |party: &Party| {
        let rows = party.rows(Command::Doctor);
        rows.into_iter()
            .find(|row| row["check"] == "channel")
            .unwrap()
    };
    assert_eq!(check(party)["state"], "good");
    for _ in 0..3 {
        fake.plant([Answer::status(500)]);
        round(party, &fake);
    }
    let told = check(party);
    assert_eq!(
        (&told["state"], &told["args"]["channel"]),
        (&json!("look"), &json!("cert"))
    );
    let rows = party.rows(connect(ConnectCommand::List));
    let row = rows.iter().find(|row| row["name"] == "cert").unwrap();
    assert_eq!(row["problem"]["code"], "server");
    // A partner's link is a channel too.
    assert!(rows.iter().any(|row| row["form"] == "link"));
}
