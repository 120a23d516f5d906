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
    servers: Vec<Serving>,
}

/// Seconds of a day.
#[cfg(debug_assertions)]
const DAY: u32 = 86_400;

impl Three {
    /// All three serve, and are parties of one agreement for so many days.
    fn agreed(days: &str) -> Self {
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
            "--days",
            days,
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
            servers,
        };
        three.settle();
        order(&three.jp, &["agreement", "sign", &three.agreement]);
        order(&three.au, &["agreement", "sign", &three.agreement]);
        three.settle();
        three
    }

    /// Japan shares its own work, items 1 to 4, with the United States, which may not pass it on.
    fn own_work(&self) {
        let set = ["--title", "own work", "--marking", "TLP:AMBER", "--own"];
        order(
            &self.jp,
            &[&["profile", "set", "closed"], &set[..]].concat(),
        );
        let clear = "94868c89-83c2-464b-929b-a1a8aa3c8487";
        let amber = "55d920b0-5e8b-4f79-9ee9-91f868d9b421";
        let file = write(&self.jp, "closed.json", &bundle(6).replace(clear, amber));
        self.jp.ok(&["import", &file, "--profile", "closed"]);
        let all: Vec<String> = (1..5).map(item).collect();
        let mut share: Vec<&str> = vec!["share"];
        share.extend(all.iter().map(String::as_str));
        share.extend(["--to", "USA"]);
        order(&self.jp, &share);
        self.settle();
        for number in 1..5 {
            assert_eq!(state(&self.us, number).as_deref(), Some("admitted"));
        }
    }

    /// All three are stopped, and serve again so many days later. Only what was built to be tested
    /// lets its clock be moved.
    #[cfg(debug_assertions)]
    fn after(&mut self, days: u32) {
        self.servers.clear();
        let homes = [&self.jp, &self.us, &self.au];
        for home in homes {
            home.ahead.set(home.ahead.get() + days * DAY);
        }
        self.servers = homes.map(Serving::of).into();
        self.settle();
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
    fn share_on(&self, number: u32) -> String {
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
        said
    }
}

/// Clause: I6
#[cfg(debug_assertions)]
#[test]
fn an_agreement_that_ends_by_its_date_ends_what_goes_on_under_it_and_nothing_else() {
    let mut three = Three::agreed("1");
    three.own_work();
    three.consented(1);
    three.share_on(1);
    assert_eq!(state(&three.au, 1).as_deref(), Some("admitted"));
    three.consented(2);

    three.after(2);
    let (jp, us, au) = (&three.jp, &three.us, &three.au);
    for home in [jp, us, au] {
        let listed = rows(home, &["agreement", "list"]);
        let ended = listed.iter().find(|row| row["id"] == *three.agreement);
        assert_eq!(ended.unwrap()["standing"], "ended");
    }
    // Consent that still holds is no agreement.
    let said = three.share_on(2);
    assert!(said.contains("ended"), "{said}");
    assert_eq!(state(au, 2), None);
    // What stands beside it goes on: the agreement of two, and recalls.
    order(jp, &["share", &item(5), "--to", "USA"]);
    let why = ["--mode", "destroy", "--reason", "wrong"];
    order(jp, &[&["recall", &item(1)], &why[..]].concat());
    three.settle();
    assert_eq!(state(us, 5).as_deref(), Some("admitted"));
    assert_eq!(state(us, 1).as_deref(), Some("destroyed"));
    assert_eq!(state(au, 1).as_deref(), Some("destroyed"));
    for home in [jp, us, au] {
        home.ok(&["ledger", "verify"]);
        assert!(rows(home, &["ledger", "list", "--kind", "alarm"]).is_empty());
    }
}

/// Clause: I6, I1
#[test]
fn what_goes_on_goes_with_its_makers_consent_and_comes_back_from_every_hop() {
    let three = Three::agreed("365");
    let (jp, us, au) = (&three.jp, &three.us, &three.au);
    three.own_work();

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
