//! Our client against our own server, in two processes: what comes, what goes, and a client that
//! dies in the middle of a write.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod home;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use home::{BINARY, Home, Serving, bundle, free_address, json, order, write};

/// The signal for a file that would grow too long, on Linux.
const SIGXFSZ: i32 = 25;
const PAGE: u64 = 4096;

/// A node that serves TAXII at the address, with a client that may read and post; and the secret.
fn serving(address: &str) -> (Home, String) {
    let jp = Home::of("JPN", &free_address());
    let config = jp.folder.path().join("node/noroshi.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let (link, taxii) = text.split_once("[taxii]").unwrap();
    let taxii = taxii.replacen("listen = \"\"", &format!("listen = \"{address}\""), 1);
    std::fs::write(&config, format!("{link}[taxii]{taxii}")).unwrap();
    let title = ["--title", "Some"];
    order(
        &jp,
        &[
            &["profile", "set", "posted", "--marking", "TLP:CLEAR"][..],
            &title,
        ]
        .concat(),
    );
    let client = [
        "client",
        "set",
        "ally",
        "--nation",
        "USA",
        "--ceiling",
        "tlp:green",
    ];
    order(&jp, &[&client[..], &title].concat());
    let collection = ["collection", "set", "all", "--client", "ally", "--standing"];
    order(
        &jp,
        &[&collection[..], &title, &["--profile", "posted"]].concat(),
    );
    let token = [
        "--json", "token", "set", "ally-1", "--client", "ally", "--read", "--write",
    ];
    let said = jp.ok(&[&token[..], &["--as", "sato"]].concat());
    let secret = said
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .find_map(|event| Some(event["answer"]["secret"].as_str()?.to_owned()));
    (jp, secret.unwrap())
}

/// A node with a channel to that address, by these further options.
fn connected(address: &str, secret: &str, options: &[&str]) -> Home {
    let us = Home::of("USA", &free_address());
    order(
        &us,
        &[
            "profile",
            "set",
            "cert",
            "--title",
            "Cert",
            "--marking",
            "TLP:CLEAR",
        ],
    );
    add(&us, address, secret, "ally", options);
    us
}

fn add(us: &Home, address: &str, secret: &str, name: &str, options: &[&str]) {
    let url = format!("http://{address}/");
    let file = write(us, "secret", secret);
    let args = [
        "connect",
        "taxii",
        &url,
        "--collection",
        "all",
        "--name",
        name,
    ];
    order(
        us,
        &[&args[..], &["--secret-file", &file], options].concat(),
    );
}

fn shown(home: &Home, name: &str) -> serde_json::Value {
    json(&home.ok(&["--json", "connect", "show", name]))
}

/// The bytes in the store's write-ahead log: what is written next comes behind them.
fn written(home: &Home) -> u64 {
    let log = home.folder.path().join("node/store/noroshi.db-wal");
    std::fs::metadata(log).map_or(0, |meta| meta.len())
}

/// Ask the channel under a limit on the size of files; `true`: the process was killed in a write.
fn killed(home: &Home, bytes: u64) -> Option<bool> {
    let script = format!("ulimit -c 0; ulimit -f {}; exec \"$0\" \"$@\"", bytes / 512);
    let mut command = Command::new("sh");
    command
        .args(["-c", &script, BINARY, "--home"])
        .arg(home.folder.path().join("node"))
        .args(["connect", "now", "ally"])
        .env("NOROSHI_LANG", "en")
        .stdin(Stdio::null());
    let status = command.output().unwrap().status;
    match (status.signal(), status.code()) {
        (Some(SIGXFSZ), _) => Some(true),
        (_, Some(0)) => Some(false),
        _ => None,
    }
}

/// Clause: I2
#[test]
fn a_client_killed_at_any_write_loses_nothing_and_takes_nothing_twice() {
    let address = free_address();
    let (jp, secret) = serving(&address);
    jp.ok(&["import", &write(&jp, "whole.json", &bundle(6000))]);
    let server = Serving::of(&jp);
    // The server is there when it answers.
    let us = connected(&address, &secret, &["--source-profile", "cert"]);
    let (mut kills, mut pages) = (0, 40);
    // Its first listing is at its end when a time is settled.
    while shown(&us, "ally")["cursor"]["settled"].is_null() {
        match killed(&us, written(&us) + pages * PAGE) {
            Some(true) => kills += 1,
            Some(false) => {}
            None => panic!("neither killed nor well"),
        }
        us.ok(&["ledger", "verify"]);
        pages += 60;
    }
    assert!(kills >= 5, "it died {kills} times only");
    assert!(
        us.ok(&["list", "--limit", "10000"]).contains("6000 rows"),
        "each object once"
    );
    // A listing that broke off goes on from a little before its last object: what is read again is
    // known, and counts as that.
    let counts = &shown(&us, "ally")["counts"];
    let count = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(count("read") - count("known"), 6000, "{counts}");
    drop(server);
}

/// Clause: I2
#[test]
fn what_is_released_to_an_allys_server_arrives_there_and_what_is_not_stays() {
    let address = free_address();
    let (jp, secret) = serving(&address);
    let server = Serving::of(&jp);
    let us = connected(&address, &secret, &["--source-profile", "cert"]);
    let title = ["--title", "Some"];
    let client = [
        "client",
        "set",
        "japan",
        "--nation",
        "JPN",
        "--ceiling",
        "tlp:green",
    ];
    order(&us, &[&client[..], &title].concat());
    let collection = [
        "collection",
        "set",
        "out",
        "--client",
        "japan",
        "--standing",
    ];
    order(
        &us,
        &[&collection[..], &title, &["--type", "malware"]].concat(),
    );
    add(&us, &address, &secret, "to-japan", &["--push", "out"]);
    let whole = bundle(3);
    let red = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1";
    let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    let at = whole.rfind(clear).unwrap();
    let whole = format!("{}{red}{}", &whole[..at], &whole[at + clear.len()..]);
    us.ok(&["import", &write(&us, "whole.json", &whole)]);
    let round = json(&us.ok(&["--json", "connect", "now", "to-japan"]));
    assert_eq!(
        (&round["sent"], &round["problem"]),
        (&2.into(), &serde_json::Value::Null)
    );
    let there = jp.ok(&["list", "--type", "malware"]);
    assert!(there.contains("2 rows"), "{there}");
    // And back: what the ally shows comes, known already.
    let back = json(&us.ok(&["--json", "connect", "now", "ally"]));
    assert_eq!((&back["read"], &back["known"]), (&2.into(), &2.into()));
    drop(server);
    let gone = us.refused(&["connect", "now", "ally"], 6);
    assert!(gone.contains("no connection"), "{gone}");
    assert_eq!(shown(&us, "ally")["problem"]["code"], "unreachable");
}

#[test]
fn what_is_typed_wrongly_is_told_before_anybody_is_asked() {
    let home = Home::new();
    let url = ["connect", "taxii", "http://192.0.2.1/taxii2/"];
    assert!(home.refused(&url, 2).contains("https://"));
    let collection = ["--collection", "x"];
    assert!(
        home.refused(&[&url[..], &collection].concat(), 2)
            .contains("--name")
    );
    home.refused(&["connect", "show", "nobody"], 4);
    home.refused(
        &[
            "connect",
            "document",
            "https://x.example/",
            "--every",
            "soon",
        ],
        2,
    );
    let feeds = home.ok(&["feed", "list"]);
    assert!(
        feeds.contains("cisa-kev") && feeds.contains("TLP:CLEAR"),
        "{feeds}"
    );
    home.refused(&["feed", "on", "nothing", "--as", "sato"], 4);
    assert!(home.ok(&["doctor"]).contains("channels"));
}
