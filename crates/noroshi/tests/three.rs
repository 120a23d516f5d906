//! Three nations, three processes: what Japan shares with the United States goes on to Australia
//! with Japan's consent and not without, and Japan takes it back from both. Japan and Australia
//! have no link with each other.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod home;

use home::{Home, Serving, befriend, bundle, free_address, json, order, pair, write};
use serde_json::Value;

/// What a command lists.
fn rows(home: &Home, args: &[&str]) -> Vec<Value> {
    let said = home.ok(&[&["--json"], args].concat());
    let events = said
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    events
        .filter_map(|event| event.get("row").cloned())
        .collect()
}

/// The state of Japan's item of that number at a node.
fn state(home: &Home, number: u32) -> Option<String> {
    let listed = rows(home, &["list"]);
    let row = listed.into_iter().find(|row| row["id"] == item(number))?;
    Some(row["state"].as_str().unwrap().to_owned())
}

fn item(number: u32) -> String {
    format!("malware--00000000-0000-4000-8000-{number:012x}")
}

struct Three {
    jp: Home,
    us: Home,
    au: Home,
    agreement: String,
    _servers: Vec<Serving>,
}

impl Three {
    /// All three serve, and are parties of one agreement.
    fn new() -> Self {
        let [jp, us, au] = ["JPN", "USA", "AUS"].map(|n| Home::of(n, &free_address()));
        befriend(&jp, &us);
        let servers = [&jp, &us, &au].map(Serving::of).into();
        pair(&us, &au);
        let with = [
            "--json",
            "agreement",
            "template",
            "--with",
            "JPN",
            "--with",
            "AUS",
        ];
        let draft = json(&us.ok(&with));
        let file = write(&us, "three.json", &draft["agreement"].to_string());
        order(&us, &["agreement", "propose", &file]);
        let agreement = draft["agreement"]["id"].as_str().unwrap().to_owned();
        let three = Self {
            jp,
            us,
            au,
            agreement,
            _servers: servers,
        };
        three.settle();
        order(&three.jp, &["agreement", "sign", &three.agreement]);
        order(&three.au, &["agreement", "sign", &three.agreement]);
        three.settle();
        three
    }

    /// Everybody exchanges until nothing moves.
    fn settle(&self) {
        for _ in 0..3 {
            for home in [&self.jp, &self.us, &self.au] {
                home.ok(&["peer", "sync"]);
            }
        }
    }

    /// The United States asks for an item to go on, and Japan grants it.
    fn consented(&self, number: u32) -> String {
        let ask = [
            "consent",
            "request",
            &item(number),
            "--to",
            "AUS",
            "--reason",
            "they see the same actor",
        ];
        order(&self.us, &ask);
        self.settle();
        let listed = rows(&self.jp, &["consent", "list"]);
        let open = listed.iter().find(|row| row["state"] == "open").unwrap();
        let request = open["request"].as_str().unwrap().to_owned();
        let until = open["expires"].as_str().unwrap();
        order(&self.jp, &["consent", "grant", &request, "--until", until]);
        self.settle();
        request
    }

    /// The United States shares an item on; what does not leave is said and no mistake.
    fn share_on(&self, number: u32) {
        let args = [
            "--json",
            "share",
            &item(number),
            "--to",
            "AUS",
            "--as",
            "sato",
        ];
        let said = self.us.run(&args).stdout;
        let said = String::from_utf8_lossy(&said).into_owned();
        if said.contains("\"pending\"") {
            let act = json(&said)["act"]["id"].as_str().unwrap().to_owned();
            self.us.ok(&["act", "approve", &act, "--as", "suzuki"]);
        }
        self.settle();
    }
}

/// Clause: I6, I1
#[test]
fn what_goes_on_goes_with_its_makers_consent_and_comes_back_from_every_hop() {
    let three = Three::new();
    let (jp, us, au) = (&three.jp, &three.us, &three.au);
    let set = ["--title", "own work", "--marking", "TLP:AMBER", "--own"];
    order(jp, &[&["profile", "set", "closed"], &set[..]].concat());
    let clear = "94868c89-83c2-464b-929b-a1a8aa3c8487";
    let amber = "55d920b0-5e8b-4f79-9ee9-91f868d9b421";
    let file = write(jp, "closed.json", &bundle(5).replace(clear, amber));
    jp.ok(&["import", &file, "--profile", "closed"]);
    let all: Vec<String> = (1..5).map(item).collect();
    let mut share: Vec<&str> = vec!["share"];
    share.extend(all.iter().map(String::as_str));
    share.extend(["--to", "USA"]);
    order(jp, &share);
    three.settle();
    for number in 1..5 {
        assert_eq!(state(us, number).as_deref(), Some("admitted"));
    }

    // Without consent, nothing; with it, that item and no other.
    three.share_on(1);
    assert_eq!(state(au, 1), None);
    three.consented(1);
    three.share_on(1);
    three.share_on(2);
    assert_eq!(state(au, 1).as_deref(), Some("admitted"));
    assert_eq!(state(au, 2), None);

    // Consent that is taken back before the item went.
    let request = three.consented(2);
    let withdraw = [
        "consent",
        "withdraw",
        &request,
        "--reason",
        "source at risk",
    ];
    order(jp, &withdraw);
    three.settle();
    three.share_on(2);
    assert_eq!(state(au, 2), None);

    // The agreement rests: what was consented to stays, and a recall goes all the same.
    three.consented(3);
    order(au, &["agreement", "suspend", &three.agreement]);
    three.settle();
    three.share_on(3);
    assert_eq!(state(au, 3), None);
    let why = ["--mode", "destroy", "--reason", "wrong"];
    order(jp, &[&["recall", &item(1)], &why[..]].concat());
    three.settle();
    assert_eq!(state(us, 1).as_deref(), Some("destroyed"));
    assert_eq!(state(au, 1).as_deref(), Some("destroyed"));

    // Japan has everybody's word: that of the partner, and that of the hop behind it.
    let hash = rows(jp, &["list"]);
    let hash = hash.iter().find(|row| row["id"] == item(1)).unwrap()["hash"].clone();
    let told = rows(jp, &["receipts", "--item", hash.as_str().unwrap()]);
    let hop = told.iter().find(|row| row["nation"] == "AUS").unwrap();
    assert_eq!(
        (&hop["fate"], &hop["proof"]),
        (&"destroyed".into(), &"receipt".into())
    );
    let direct = told.iter().find(|row| row["entry"] == "recall").unwrap();
    assert_eq!(direct["fate"], "destroyed");
    assert!(rows(jp, &["receipts", "--outstanding"]).is_empty());
    for home in [jp, us, au] {
        home.ok(&["ledger", "verify"]);
        assert!(rows(home, &["ledger", "list", "--kind", "alarm"]).is_empty());
    }
}
