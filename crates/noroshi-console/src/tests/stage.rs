//! A node with two founders, its console, and a browser that keeps cookies.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use noroshi_model::org::OrganisationKind;
use noroshi_model::{Clock, KeyId, NodeId, PersonId, Timestamp, World};
use noroshi_node::command::ActAnswer;
use noroshi_node::messages::Lang;
use noroshi_node::sink::Collected;
use noroshi_node::{
    Command, Event, Failure, Init, Node, Outside, OutsideError, SigninCommand, init, persons,
};
use noroshi_seal::SystemRng;
use noroshi_seal::totp::Secret;
use serde_json::Value;

use crate::{Console, Request, Response, Seat};

pub(super) const SEAT: Seat = Seat {
    is_secure: false,
    port: 7480,
};
pub(super) const PASSPHRASE: &str = "sato's own passphrase";
pub(super) const PASSWORD: &str = "a long and quiet sentence";

/// A clock that stands until it is moved.
pub(super) struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

struct Nowhere;

impl Nowhere {
    fn refused<T>(address: &str) -> Result<T, OutsideError> {
        Err(OutsideError {
            address: address.to_owned(),
            problem: "nobody is there".to_owned(),
        })
    }
}

impl Outside for Nowhere {
    fn pair(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        Self::refused(address)
    }
    fn recover(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        Self::refused(address)
    }
    fn exchange(&self, address: &str, _: &[KeyId], _: &[u8]) -> Result<Vec<u8>, OutsideError> {
        Self::refused(address)
    }
    fn wake(&self, _: &NodeId) {}
    fn present(&self, _: &[u8]) {}
}

/// The node and its console.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    pub(super) hands: Arc<Hands>,
    pub(super) node: Arc<Node>,
    pub(super) console: Console,
    secrets: BTreeMap<String, Secret>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("node");
        // 2026-11-25T08:00:00Z
        let hands = Arc::new(Hands(AtomicI64::new(1_795_593_600_000_000)));
        let people = ["sato", "suzuki"];
        let params = Init {
            name_en: "Ministry <b>of</b> Defense".to_owned(),
            name_ja: "防衛省".to_owned(),
            nation: "JPN".parse().unwrap(),
            kind: OrganisationKind::Ministry,
            world: World::Operational,
            listen: "127.0.0.1:7460".to_owned(),
            address: "127.0.0.1:7460".to_owned(),
            console: "127.0.0.1:7480".to_owned(),
            lang: Lang::En,
            root_passphrase: PASSPHRASE.to_owned(),
            persons: people
                .map(|name| (name.parse().unwrap(), PASSPHRASE.to_owned()))
                .to_vec(),
            now: hands.now(),
            cheap_keys: true,
        };
        init(&home, &params).unwrap();
        let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&hands);
        let node = Arc::new(Node::open(&home, clock, Arc::new(SystemRng)).unwrap());
        let console = Console::new(Arc::clone(&node), Arc::new(Nowhere), SEAT);
        Self {
            folder,
            hands,
            node,
            console,
            secrets: BTreeMap::new(),
        }
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.hands
            .0
            .fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Ask the node as the person at the machine.
    pub(super) fn ask(&self, command: Command) -> Result<Vec<Event>, Failure> {
        let mut told = Collected::default();
        self.node.run(command, None, &Nowhere, &mut told)?;
        Ok(told.0)
    }

    /// Take objects in.
    pub(super) fn import(&self, objects: &Value) {
        let bundle = serde_json::json!({ "type": "bundle",
            "id": "bundle--11111111-1111-4111-8111-111111111111", "objects": objects });
        let bytes = serde_json::to_vec(&bundle).unwrap();
        let command = Command::Import {
            paths: vec!["-".into()],
            profile: None,
        };
        let mut told = Collected::default();
        let input = &mut bytes.as_slice();
        self.node
            .run(command, Some(input), &Nowhere, &mut told)
            .unwrap();
    }

    /// A code for the person's account, given by sato.
    pub(super) fn code_for(&self, name: &str) -> String {
        if let Some(first) = self.node.first_code().unwrap() {
            return first.code;
        }
        let told = self.ask(Command::Signin(SigninCommand::Code {
            name: name.to_owned(),
            person: "sato".to_owned(),
        }));
        match &told.unwrap()[0] {
            Event::Answer { answer, .. } => answer["code"].as_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// The secret that a code's page showed a browser.
    pub(super) fn secret_of(&self, browser: &Browser, code: &str) -> Secret {
        let shown = self.node.enrolment(code, &browser.token).unwrap().secret;
        let bytes = data_encoding::BASE32_NOPAD
            .decode(shown.as_bytes())
            .unwrap();
        Secret::from_bytes(bytes.try_into().unwrap())
    }

    /// Set up an account by the page.
    pub(super) fn enrol(&mut self, name: &str) {
        let code = self.code_for(name);
        let mut browser = Browser::default();
        let shown = browser.get(self, &format!("/enrol?code={code}"));
        assert_eq!(shown.status, 200);
        let secret = self.secret_of(&browser, &code);
        let digits = secret.code(self.hands.now());
        let fields = [
            ("enrolment", &*code),
            ("person", name),
            ("passphrase", PASSPHRASE),
            ("password", PASSWORD),
            ("again", PASSWORD),
            ("code", &digits),
            ("kind", "agency"),
            ("zone", "Asia/Tokyo"),
            ("lang", "en"),
        ];
        let set = browser.post(self, "/enrol", &fields);
        assert_eq!(set.status, 303, "{}", text(&set));
        self.secrets.insert(name.to_owned(), secret);
        self.pass(60);
    }

    /// Sign in by the page; a browser that has.
    pub(super) fn signed_in(&self, name: &str) -> Browser {
        self.pass(60);
        let mut browser = Browser::default();
        browser.get(self, "/signin");
        let code = self.secrets[name].code(self.hands.now());
        let fields = [("name", name), ("password", PASSWORD), ("code", &code)];
        let answer = browser.post(self, "/signin", &fields);
        assert_eq!(answer.status, 303, "{}", text(&answer));
        browser
    }

    pub(super) fn code_of(&self, name: &str) -> String {
        self.secrets[name].code(self.hands.now())
    }

    /// The act that a command writes down or shows.
    pub(super) fn act(&self, command: Command) -> ActAnswer {
        let told = self.ask(command);
        let last = told.unwrap().into_iter().rev();
        let answer = last.into_iter().find_map(|event| match event {
            Event::Answer { answer, .. } => Some(answer),
            _ => None,
        });
        serde_json::from_value(answer.expect("an act")).unwrap()
    }

    /// Set a person's duties, as sato asks and suzuki approves.
    pub(super) fn duties(&self, name: &str, duties: &[&str]) {
        let act = self.act(Command::Signin(SigninCommand::Duties {
            name: name.to_owned(),
            duties: duties.iter().map(|&duty| duty.to_owned()).collect(),
            person: "sato".to_owned(),
        }));
        let home = self.folder.path().join("node");
        for (person, is_requester) in [("sato", true), ("suzuki", false)] {
            let name: PersonId = person.parse().unwrap();
            let signer = persons::unlock(&home, &name, PASSPHRASE).unwrap();
            let id = act.id.parse().unwrap();
            let signature =
                persons::sign_act(&*signer, World::Operational, &id, &name, is_requester);
            let digits: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
            self.ask(Command::Endorse {
                act: act.id.clone(),
                person: person.to_owned(),
                signature: digits,
                root_signature: None,
            })
            .unwrap();
        }
    }

    /// Does a line of the ledger with these words stand among the last?
    pub(super) fn ledger_says(&self, words: &str) -> bool {
        let told = self.ask(Command::LedgerList {
            from: 0,
            limit: 1000,
            kind: None,
        });
        let told = told.unwrap();
        told.iter()
            .any(|event| serde_json::to_string(event).unwrap().contains(words))
    }
}

/// What a browser says of itself, and the cookies it keeps.
#[derive(Clone)]
pub(super) struct Browser {
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<&'static str, String>,
    pub(super) from: IpAddr,
    /// The token of the last page.
    pub(super) token: String,
}

impl Default for Browser {
    fn default() -> Self {
        Self {
            cookies: BTreeMap::new(),
            headers: BTreeMap::from([
                ("host", "127.0.0.1:7480".to_owned()),
                ("user-agent", "Browser/1".to_owned()),
                ("sec-fetch-site", "same-origin".to_owned()),
            ]),
            from: Ipv4Addr::LOCALHOST.into(),
            token: String::new(),
        }
    }
}

impl Browser {
    pub(super) fn get(&mut self, stage: &Stage, target: &str) -> Response {
        self.send(stage, "GET", target, "")
    }

    /// Send a form with the token of the last page.
    pub(super) fn post(&mut self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut body = format!("token={}", self.token);
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", crate::form::encoded(value)));
        }
        self.send(stage, "POST", path, &body)
    }

    pub(super) fn send(
        &mut self,
        stage: &Stage,
        method: &str,
        target: &str,
        body: &str,
    ) -> Response {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let headers = self.headers.clone();
        let is_form = method == "POST" && !headers.contains_key("content-type");
        let header = move |name: &str| match name {
            "cookie" => Some(cookies.clone()),
            "content-type" if is_form => Some("application/x-www-form-urlencoded".to_owned()),
            name => headers.get(name).cloned(),
        };
        let response = stage.console.answer(&mut Request {
            method,
            path,
            query,
            from: self.from,
            header: &header,
            body: &mut body.as_bytes(),
        });
        for (name, value) in &response.headers {
            if *name == "set-cookie" {
                let (name, rest) = value.split_once('=').unwrap();
                let value = rest.split(';').next().unwrap();
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let shown = text(&response);
        if let Some((_, rest)) = shown.split_once("name=\"token\" value=\"") {
            self.token = rest.split('"').next().unwrap().to_owned();
        }
        response
    }
}

pub(super) fn text(response: &Response) -> String {
    String::from_utf8_lossy(&response.body).into_owned()
}
