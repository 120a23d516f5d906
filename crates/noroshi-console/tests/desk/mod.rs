//! A node with two people at its console, without a socket.

use std::io::Cursor;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use noroshi_console::{Console, Request, Response, Seat};
use noroshi_model::org::OrganisationKind;
use noroshi_model::{Clock, KeyId, NodeId, Timestamp, World};
use noroshi_node::messages::Lang;
use noroshi_node::signin::{Enrol, SigninCommand, Whence, form_token};
use noroshi_node::sink::Collected;
use noroshi_node::{Command, Event, Init, Node, Outside, OutsideError, init};
use noroshi_seal::SystemRng;
use noroshi_seal::totp::Secret;
use serde_json::json;

const FROM: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const AGENT: &str = "test";
const PORT: u16 = 7480;
/// What a partner might call something.
const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}";

/// A clock that moves when told to.
struct Hands(AtomicI64);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// Nobody is out there.
struct Nobody;

fn nobody<T>(address: &str) -> Result<T, OutsideError> {
    Err(OutsideError {
        address: address.to_owned(),
        problem: "nobody is there".to_owned(),
    })
}

impl Outside for Nobody {
    fn pair(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        nobody(address)
    }

    fn recover(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        nobody(address)
    }

    fn exchange(&self, address: &str, _: &[KeyId], _: &[u8]) -> Result<Vec<u8>, OutsideError> {
        nobody(address)
    }

    fn wake(&self, _: &NodeId) {}

    fn present(&self, _: &[u8]) {}
}

/// The node and its console.
pub(crate) struct Stage {
    node: Arc<Node>,
    console: Console,
    hands: Arc<Hands>,
    _folder: tempfile::TempDir,
}

/// Somebody's browser.
pub(crate) struct Browser<'a> {
    stage: &'a Stage,
    session: String,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hands = Arc::new(Hands(AtomicI64::new(1_790_000_000_000_000)));
        let params = Init {
            name_en: "Ministry".to_owned(),
            name_ja: "防衛省".to_owned(),
            nation: "JPN".parse().unwrap(),
            kind: OrganisationKind::Ministry,
            world: World::Operational,
            listen: "127.0.0.1:7461".to_owned(),
            address: "jpn.example:7461".to_owned(),
            console: format!("127.0.0.1:{PORT}"),
            lang: Lang::En,
            root_passphrase: "passphrase".to_owned(),
            persons: ["sato", "suzuki"]
                .iter()
                .map(|name| (name.parse().unwrap(), "passphrase".to_owned()))
                .collect(),
            now: hands.now(),
            cheap_keys: true,
        };
        let home = folder.path().join("node");
        init(&home, &params).unwrap();
        let clock: Arc<dyn Clock> = Arc::<Hands>::clone(&hands);
        let node = Arc::new(Node::open(&home, clock, Arc::new(SystemRng)).unwrap());
        let seat = Seat {
            is_secure: false,
            port: PORT,
        };
        let stage = Self {
            console: Console::new(Arc::clone(&node), Arc::new(Nobody), seat),
            node,
            hands,
            _folder: folder,
        };
        stage.import();
        stage
    }

    fn run(&self, command: Command, input: &str) -> Vec<Event> {
        let (mut sink, mut input) = (Collected::default(), input.as_bytes());
        let done = self.node.run(command, Some(&mut input), &Nobody, &mut sink);
        done.unwrap();
        sink.0
    }

    /// What a partner or a file might bring.
    fn import(&self) {
        let clear = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
        let id = |kind: &str, number: u32| format!("{kind}--00000000-0000-4000-8000-{number:012}");
        let object = |kind: &str, number: u32, more: serde_json::Value| {
            let mut made = json!({
                "type": kind, "spec_version": "2.1", "id": id(kind, number),
                "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
                "object_marking_refs": [clear],
            });
            if kind != "relationship" {
                made["name"] = json!(HOSTILE);
            }
            for (name, value) in more.as_object().unwrap() {
                made[name] = value.clone();
            }
            made
        };
        let phase = json!([{ "kill_chain_name": HOSTILE, "phase_name": HOSTILE }]);
        let target = json!({ "relationship_type": "targets",
            "source_ref": id("intrusion-set", 1), "target_ref": id("identity", 2) });
        let actor = json!({ "aliases": [HOSTILE], "primary_motivation": HOSTILE });
        let indicator = json!({ "pattern": "[domain-name:value = 'evil.co.jp']",
            "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00.000Z" });
        let objects = json!({ "type": "bundle", "objects": [
            object("intrusion-set", 1, actor),
            object("identity", 2, json!({ "identity_class": "class" })),
            object("relationship", 3, target),
            object("attack-pattern", 4, json!({ "kill_chain_phases": phase })),
            object("indicator", 5, indicator),
        ]});
        let command = Command::Import {
            paths: vec![PathBuf::from("-")],
            profile: None,
        };
        self.run(command, &objects.to_string());
    }

    /// Somebody's account is set up, and they sign in.
    pub(crate) fn signed_in(&self, person: &str, lang: Lang) -> Browser<'_> {
        let code = match self.node.first_code().unwrap() {
            Some(first) => first.code,
            None => {
                let command = Command::Signin(SigninCommand::Code {
                    name: person.to_owned(),
                    person: person.to_owned(),
                });
                let told = self.run(command, "");
                let Some(Event::Answer { answer, .. }) = told.last() else {
                    panic!("no code");
                };
                answer["code"].as_str().unwrap().to_owned()
            }
        };
        let whence = Whence {
            address: FROM,
            agent: AGENT,
        };
        let secret = from_base32(&self.node.enrolment(&code, "browser").unwrap().secret);
        let password = "a long password";
        let enrol = Enrol {
            person,
            passphrase: "passphrase",
            password,
            code: &secret.code(self.hands.now()),
            visitor: "browser",
            lang,
            organisation: Some((OrganisationKind::Ministry, "Asia/Tokyo")),
        };
        self.node.enrol(&code, &enrol, whence).unwrap();
        self.hands.0.fetch_add(60_000_000, Ordering::SeqCst);
        let code = secret.code(self.hands.now());
        let session = self.node.sign_in(person, password, &code, whence);
        Browser {
            stage: self,
            session: session.unwrap(),
        }
    }
}

/// A secret as an authenticator takes it.
fn from_base32(text: &str) -> Secret {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in text.chars().filter(char::is_ascii_alphanumeric) {
        bits = bits << 5 | u32::try_from(alphabet.find(c).unwrap()).unwrap();
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    Secret::from_bytes(bytes.as_slice().try_into().unwrap())
}

impl Browser<'_> {
    pub(crate) fn send(&self, method: &str, address: &str, body: &str) -> Response {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let cookie = format!("noroshi-{PORT}={}", self.session);
        let header = |name: &str| match name {
            "host" => Some(format!("127.0.0.1:{PORT}")),
            "cookie" => Some(cookie.clone()),
            "user-agent" => Some(AGENT.to_owned()),
            "sec-fetch-site" => Some("same-origin".to_owned()),
            "content-type" => Some("application/x-www-form-urlencoded".to_owned()),
            _ => None,
        };
        let mut body = Cursor::new(body.as_bytes());
        let mut request = Request {
            method,
            path,
            query,
            from: FROM,
            header: &header,
            body: &mut body,
        };
        self.stage.console.answer(&mut request)
    }

    pub(crate) fn get(&self, address: &str) -> String {
        let response = self.send("GET", address, "");
        let body = String::from_utf8(response.body).unwrap();
        assert_eq!(response.status, 200, "{address}: {body}");
        body
    }

    /// Post the fields with the session's token.
    pub(crate) fn post(&self, address: &str, fields: &[(&str, &str)]) -> Response {
        let token = form_token(&self.session);
        let fields = fields.iter().copied().chain([("token", &*token)]);
        let body: Vec<String> = fields
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        self.send("POST", address, &body.join("&"))
    }

    /// Post, and where it leads.
    pub(crate) fn led(&self, address: &str, fields: &[(&str, &str)]) -> String {
        let response = self.post(address, fields);
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert_eq!(response.status, 303, "{address}: {body}");
        response.header("location").unwrap().to_owned()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
