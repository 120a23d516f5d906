//! The stage: two organisations with their persons, a clock that stands, a road that can be bent.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use noroshi_model::manifest::Purpose;
use noroshi_model::org::OrganisationKind;
use noroshi_model::{Clock, KeyId, NodeId, Rng, Timestamp, World};
use noroshi_seal::SystemRng;
use serde_json::{Value, json};

use super::canary::{self, Watch};
use crate::command::{ActAnswer, Command, EndorseAnswer, Event, Failure, Selection, SyncAnswer};
use crate::messages::Lang;
use crate::node::{Node, lock};
use crate::outside::{Outside, OutsideError};
use crate::sink::Collected;
use crate::{Init, init, persons};

/// A clock that moves when told to.
pub(super) struct Hands(AtomicI64);

impl Hands {
    pub(super) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// What happens to bytes on their way: `None` loses them.
type Bend = Box<dyn FnMut(&[u8]) -> Option<Vec<u8>> + Send>;

/// The road from one node to the other.
pub(super) struct Road {
    from: Arc<Node>,
    to: Arc<Node>,
    /// Bends what is asked, in place of passing it on as it is.
    pub(super) bend: Mutex<Option<Bend>>,
    /// Bends what is answered after a restore.
    pub(super) retell: Mutex<Option<Bend>>,
    /// Every byte that went over it, there and back.
    pub(super) tape: Mutex<Vec<Vec<u8>>>,
}

impl Road {
    fn new(from: &Arc<Node>, to: &Arc<Node>) -> Self {
        Self {
            from: Arc::clone(from),
            to: Arc::clone(to),
            bend: Mutex::new(None),
            retell: Mutex::new(None),
            tape: Mutex::default(),
        }
    }
}

/// The key that a node presents.
fn tls_of(node: &Node) -> KeyId {
    KeyId::of(&noroshi_seal::tls::public_of(&node.tls_key()).unwrap())
}

impl Outside for Road {
    fn pair(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        canary::stays(message);
        let reply = self.to.pair(&tls_of(&self.from), message);
        let reply = reply.map_err(|error| lost(address, &error.to_string()))?;
        Ok((reply, tls_of(&self.to)))
    }

    fn recover(&self, address: &str, message: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        canary::stays(message);
        let reply = self.to.recover(&tls_of(&self.from), message);
        let reply = reply.map_err(|error| lost(address, &error.to_string()))?;
        let retold = match &mut *lock(&self.retell) {
            None => Some(reply),
            Some(retell) => retell(&reply),
        };
        let retold = retold.ok_or_else(|| lost(address, "lost on the way"))?;
        Ok((retold, tls_of(&self.to)))
    }

    fn exchange(
        &self,
        address: &str,
        pinned: &[KeyId],
        frames: &[u8],
    ) -> Result<Vec<u8>, OutsideError> {
        if !pinned.contains(&tls_of(&self.to)) {
            return Err(lost(address, "another key is pinned"));
        }
        let bent = match &mut *lock(&self.bend) {
            None => Some(frames.to_vec()),
            Some(bend) => bend(frames),
        };
        let bent = bent.ok_or_else(|| lost(address, "lost on the way"))?;
        let presented = tls_of(&self.from);
        let known = self.to.peer_of_tls(&presented);
        let known = known.or_else(|| self.to.peer_introduced(&presented, &bent));
        let known = known.ok_or_else(|| lost(address, "there is nothing here"))?;
        let reply = self.to.exchange(&known, &bent);
        canary::stays(frames);
        reply.iter().for_each(|reply| canary::stays(reply));
        let mut tape = lock(&self.tape);
        tape.push(frames.to_vec());
        tape.extend(reply.iter().cloned());
        reply.map_err(|error| lost(address, &error.to_string()))
    }

    fn wake(&self, _: &NodeId) {}

    fn present(&self, _: &[u8]) {}
}

fn lost(address: &str, problem: &str) -> OutsideError {
    OutsideError {
        address: address.to_owned(),
        problem: problem.to_owned(),
    }
}

/// One organisation at its node, with the road to the other.
pub(super) struct Party {
    pub(super) node: Arc<Node>,
    pub(super) road: Road,
    pub(super) people: [&'static str; 2],
    /// How it names the other.
    pub(super) other: &'static str,
}

/// Both, paired, with an agreement in force.
pub(super) struct Stage {
    pub(super) jp: Party,
    pub(super) us: Party,
    pub(super) hands: Arc<Hands>,
    // Looks at everything before the folder goes.
    pub(super) watch: Watch,
    pub(super) folder: tempfile::TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let hands = Arc::new(Hands(AtomicI64::new(1_790_000_000_000_000)));
        let jp = found(folder.path(), &hands, "JPN", ["sato", "suzuki"]);
        let us = found(folder.path(), &hands, "USA", ["smith", "jones"]);
        let stage = Self {
            jp: Party::new(&jp, &us, ["sato", "suzuki"], "USA"),
            us: Party::new(&us, &jp, ["smith", "jones"], "JPN"),
            hands,
            watch: Watch::of(folder.path()),
            folder,
        };
        pair(&stage.jp, &stage.us);
        stage.agree();
        for party in [&stage.jp, &stage.us] {
            party.profile("own", "TLP:CLEAR", true);
            party.profile("feed", "TLP:CLEAR", false);
        }
        stage
    }

    /// Japan's node as a thief has it who copied its folder just now.
    pub(super) fn stolen(&self) -> Party {
        let (from, to) = (
            self.jp.node.home().path(),
            self.folder.path().join("stolen"),
        );
        let mut private = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        for part in ["", "keys", "persons", "store"] {
            private.create(to.join(part)).unwrap();
            for entry in std::fs::read_dir(from.join(part)).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_file() {
                    std::fs::copy(entry.path(), to.join(part).join(entry.file_name())).unwrap();
                }
            }
        }
        let thief = open(&to, &self.hands);
        Party::new(&thief, &self.us.node, self.jp.people, "USA")
    }

    /// The same after the processes of these nations have ended and started again.
    pub(super) fn restarted(self, nations: &[&str]) -> Self {
        let Self {
            jp,
            us,
            hands,
            watch,
            folder,
        } = self;
        let (people, nodes) = ([jp.people, us.people], [jp.node, us.node]);
        drop((jp.road, us.road));
        let [jp, us] = nodes.map(|node| {
            let home = node.home().path().to_path_buf();
            if !nations.contains(&node.nation().as_str()) {
                return node;
            }
            drop(node);
            open(&home, &hands)
        });
        Self {
            jp: Party::new(&jp, &us, people[0], "USA"),
            us: Party::new(&us, &jp, people[1], "JPN"),
            hands,
            watch,
            folder,
        }
    }

    /// Japan's node is lost, and another stands in its place.
    pub(super) fn replaced(self, jp: &Arc<Node>) -> Self {
        let Self {
            jp: lost,
            us,
            hands,
            watch,
            folder,
        } = self;
        Self {
            jp: Party::new(jp, &us.node, lost.people, "USA"),
            us: Party::new(&us.node, jp, us.people, "JPN"),
            hands,
            watch,
            folder,
        }
    }

    /// A third organisation, paired with Japan only.
    pub(super) fn australia(&self) -> Party {
        let au = self.stranger("AUS");
        let jp = Party::new(&self.jp.node, &au.node, self.jp.people, "AUS");
        pair(&jp, &au);
        au
    }

    /// One more organisation, with a road to Japan, paired with nobody.
    pub(super) fn stranger(&self, nation: &str) -> Party {
        let people = ["bruce", "sheila"];
        let node = found(self.folder.path(), &self.hands, nation, people);
        Party::new(&node, &self.jp.node, people, "JPN")
    }

    /// A third organisation, paired with the United States only: the one that passes on as it
    /// sees the third, and the third.
    pub(super) fn beyond(&self) -> (Party, Party) {
        self.past(&self.us, "USA", "AUS", ["bruce", "sheila"])
    }

    /// One more organisation, paired with that party only: the party as it sees it, and it.
    pub(super) fn past(
        &self,
        near: &Party,
        near_nation: &'static str,
        nation: &'static str,
        people: [&'static str; 2],
    ) -> (Party, Party) {
        let far = found(self.folder.path(), &self.hands, nation, people);
        let near = Party::new(&near.node, &far, near.people, nation);
        let far = Party::new(&far, &near.node, people, near_nation);
        pair(&near, &far);
        (near, far)
    }

    /// One more organisation, paired with Japan: Japan as it sees it, and it.
    pub(super) fn member(&self, nation: &'static str, people: [&'static str; 2]) -> (Party, Party) {
        let node = found(self.folder.path(), &self.hands, nation, people);
        let jp = Party::new(&self.jp.node, &node, self.jp.people, nation);
        let member = Party::new(&node, &self.jp.node, people, "JPN");
        pair(&jp, &member);
        jp.agree_with(&member);
        (jp, member)
    }

    fn agree(&self) {
        self.jp.agree_with(&self.us);
    }
}

/// Found an organisation with two persons.
fn found(folder: &Path, hands: &Arc<Hands>, nation: &str, people: [&str; 2]) -> Arc<Node> {
    let home = folder.join(nation);
    let params = Init {
        name_en: format!("Organisation of {nation}"),
        name_ja: "組織".to_owned(),
        nation: nation.parse().unwrap(),
        kind: OrganisationKind::Ministry,
        world: World::Operational,
        listen: "127.0.0.1:7461".to_owned(),
        address: format!("{}.example:7461", nation.to_lowercase()),
        console: "127.0.0.1:7480".to_owned(),
        lang: Lang::En,
        root_passphrase: "passphrase".to_owned(),
        persons: people
            .iter()
            .map(|name| (name.parse().unwrap(), "passphrase".to_owned()))
            .collect(),
        now: hands.now(),
        cheap_keys: true,
    };
    init(&home, &params).unwrap();
    let node = open(&home, hands);
    canary::seed(&node, nation, &Road::new(&node, &node));
    node
}

fn open(home: &Path, hands: &Arc<Hands>) -> Arc<Node> {
    open_with(home, hands, Arc::new(SystemRng))
}

pub(super) fn open_with(home: &Path, hands: &Arc<Hands>, rng: Arc<dyn Rng>) -> Arc<Node> {
    let clock: Arc<dyn Clock> = Arc::<Hands>::clone(hands);
    Arc::new(Node::open(home, clock, rng).unwrap())
}

/// One invites, the other accepts, and both type what the other reads out.
fn pair(inviter: &Party, accepter: &Party) {
    let person = |party: &Party| party.people[0].to_owned();
    let invited = inviter.ask(Command::PeerInvite {
        person: person(inviter),
    });
    accepter.ask(Command::PeerAccept {
        address: inviter.node.config().address.clone(),
        code: field(&invited, "code"),
        person: person(accepter),
    });
    for (party, other) in [(accepter, inviter), (inviter, accepter)] {
        let own = other.events(Command::PeerList).unwrap();
        let own = own.iter().find_map(|event| match event {
            Event::Row { kind, row } if kind == "own" => Some(row.clone()),
            _ => None,
        });
        party.order(Command::PeerConfirm {
            peer: party.other.to_owned(),
            fingerprint: field(&own.unwrap()["fingerprint"], "digits"),
            person: person(party),
        });
    }
    accepter.sync();
}

impl Party {
    pub(super) fn new(
        node: &Arc<Node>,
        to: &Arc<Node>,
        people: [&'static str; 2],
        other: &'static str,
    ) -> Self {
        Self {
            road: Road::new(node, to),
            node: Arc::clone(node),
            people,
            other,
        }
    }

    /// The person who asks.
    pub(super) fn first(&self) -> &'static str {
        self.people[0]
    }

    /// An agreement between the two, in force at both.
    pub(super) fn agree_with(&self, other: &Self) {
        let draft = self.ask(Command::AgreementTemplate {
            with: vec![self.other.to_owned()],
            title: None,
            days: 30,
        });
        let agreement = draft["agreement"].clone();
        self.order(Command::AgreementPropose {
            agreement: agreement.clone(),
            person: self.people[0].to_owned(),
        });
        self.sync();
        other.sign(&field(&agreement, "id"));
        other.sync();
        self.sync();
    }

    /// Sign what a partner proposed.
    pub(super) fn sign(&self, agreement: &str) {
        self.order(Command::AgreementSign {
            agreement: agreement.to_owned(),
            person: self.people[0].to_owned(),
        });
    }

    pub(super) fn events(&self, command: Command) -> Result<Vec<Event>, Failure> {
        let mut sink = Collected::default();
        self.node.run(command, None, &self.road, &mut sink)?;
        Ok(sink.0)
    }

    pub(super) fn try_ask(&self, command: Command) -> Result<Value, Failure> {
        Ok(match self.events(command)?.pop() {
            Some(Event::Answer { answer, .. }) => answer,
            _ => Value::Null,
        })
    }

    pub(super) fn ask(&self, command: Command) -> Value {
        self.try_ask(command).unwrap()
    }

    /// Ask, and put under the act the signatures it needs.
    pub(super) fn try_order(&self, command: Command) -> Result<EndorseAnswer, Failure> {
        let act = self.prepare(command)?;
        let asked = self.endorse(&act, 0)?;
        if asked.act.state == "pending" {
            self.endorse(&asked.act, 1)
        } else {
            Ok(asked)
        }
    }

    pub(super) fn order(&self, command: Command) -> EndorseAnswer {
        let done = self.try_order(command).unwrap();
        assert_eq!(done.act.state, "done");
        done
    }

    /// The act a command asks for, not signed by anybody yet.
    pub(super) fn prepare(&self, command: Command) -> Result<ActAnswer, Failure> {
        let answer = self.try_ask(command)?;
        let act = answer.get("act").filter(|act| act.is_object());
        let act = serde_json::from_value(act.unwrap_or(&answer).clone());
        Ok(act.unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    /// The signature of one of the two persons, in digits: 0 asks, 1 approves.
    pub(super) fn signature(&self, act: &ActAnswer, who: usize) -> String {
        let name = self.people[who].parse().unwrap();
        let signer = persons::unlock(self.node.home().path(), &name, "passphrase").unwrap();
        let id = act.id.parse().unwrap();
        let world = World::Operational;
        digits(&persons::sign_act(&*signer, world, &id, &name, who == 0))
    }

    /// Put the signature of one of the two persons under an act.
    pub(super) fn endorse(&self, act: &ActAnswer, who: usize) -> Result<EndorseAnswer, Failure> {
        let answer = self.try_ask(Command::Endorse {
            act: act.id.clone(),
            person: self.people[who].to_owned(),
            signature: self.signature(act, who),
            root_signature: match &act.manifest {
                Some(manifest) if who == 0 => Some(self.root_signature(manifest)),
                _ => None,
            },
        })?;
        Ok(serde_json::from_value(answer).unwrap())
    }

    fn root_signature(&self, manifest: &str) -> String {
        let root = persons::unlock_root(self.node.home().path(), None, "passphrase").unwrap();
        let manifest = noroshi_model::document::unhex(manifest).unwrap();
        digits(&persons::sign_manifest(&*root, &manifest).unwrap())
    }

    pub(super) fn rotate(&self, purpose: Purpose) {
        self.order(Command::KeyRotate {
            purpose: purpose.as_str().to_owned(),
            person: self.people[0].to_owned(),
        });
    }

    /// Revoke every key of the purpose but the current one.
    pub(super) fn revoke_former(&self, purpose: Purpose) {
        let manifest = self.node.keys().manifest.clone();
        let current = manifest.current(purpose).unwrap().id;
        let former = manifest
            .keys
            .iter()
            .filter(|key| key.purpose == purpose && key.id != current && key.revoked.is_none());
        for key in former {
            self.order(Command::KeyRevoke {
                key: key.id.to_string(),
                person: self.people[0].to_owned(),
            });
        }
    }

    pub(super) fn profile(&self, name: &str, marking: &str, own: bool) {
        self.order(Command::ProfileSet {
            name: name.to_owned(),
            title: name.to_owned(),
            markings: vec![marking.to_owned()],
            own,
            person: self.people[0].to_owned(),
        });
    }

    /// Bring in objects of the test's making; all must be admitted.
    pub(super) fn import(&self, profile: &str, objects: &[Value]) {
        let answer = self.bring(Some(profile), objects);
        assert_eq!(answer["admitted"], objects.len(), "{answer}");
    }

    /// Bring in objects, and say what became of them.
    pub(super) fn bring(&self, profile: Option<&str>, objects: &[Value]) -> Value {
        let text = json!({ "type": "bundle", "objects": objects }).to_string();
        let mut sink = Collected::default();
        let command = Command::Import {
            paths: vec![PathBuf::from("-")],
            profile: profile.map(str::to_owned),
        };
        let mut input = text.as_bytes();
        let outcome = self
            .node
            .run(command, Some(&mut input), &self.road, &mut sink);
        // An import of nothing usable fails, and says first what became of each.
        let failure = outcome.err().map(|failure| failure.code);
        assert!(failure.is_none_or(|code| code == "import.refused"));
        match sink.0.pop() {
            Some(Event::Answer { answer, .. }) => answer,
            other => panic!("an import answers, not {other:?}"),
        }
    }

    pub(super) fn share(&self, items: &[&str]) -> Command {
        Command::Share {
            select: Selection {
                items: items.iter().map(|item| (*item).to_owned()).collect(),
                all: items.is_empty(),
                ..Selection::default()
            },
            to: vec![self.other.to_owned()],
            purpose: "defence".to_owned(),
            precedence: "routine".to_owned(),
            person: self.people[0].to_owned(),
            dry_run: false,
            expires_minutes: 60,
            accept: Vec::new(),
        }
    }

    pub(super) fn recall(&self, item: &str, mode: &str) -> Command {
        Command::Recall {
            item: item.to_owned(),
            mode: mode.to_owned(),
            reason: "a mistake".to_owned(),
            person: self.people[0].to_owned(),
        }
    }

    pub(super) fn suspend(&self) {
        let rows = self.rows(Command::AgreementList);
        self.order(Command::AgreementSuspend {
            agreement: field(&rows[0], "id"),
            person: self.people[0].to_owned(),
        });
    }

    pub(super) fn resume(&self) {
        let rows = self.rows(Command::AgreementList);
        self.order(Command::AgreementResume {
            agreement: field(&rows[0], "id"),
            person: self.people[0].to_owned(),
        });
    }

    pub(super) fn try_sync(&self) -> Result<SyncAnswer, Failure> {
        let peer = self.node.find_peer(self.other).unwrap().node();
        self.node.sync_with(&peer, &self.road)
    }

    pub(super) fn sync(&self) -> SyncAnswer {
        self.try_sync().unwrap()
    }

    pub(super) fn rows(&self, command: Command) -> Vec<Value> {
        let rows = self.events(command).unwrap().into_iter();
        rows.filter_map(|event| match event {
            Event::Row { row, .. } => Some(row),
            _ => None,
        })
        .collect()
    }

    /// The state of an object here; `None`: not known.
    pub(super) fn state(&self, id: &str) -> Option<String> {
        let reader = self.node.officer().unwrap();
        let rows = reader.by_stix_id(&id.parse().unwrap()).unwrap();
        rows.first().map(|row| row.state.as_str().to_owned())
    }

    /// How many items are there to be worked with.
    pub(super) fn admitted(&self) -> usize {
        self.rows(Command::List {
            kind: None,
            state: Some("admitted".to_owned()),
            source: None,
            limit: 10_000,
            after: None,
        })
        .iter()
        .filter(|row| {
            !noroshi_testkit::canary::is_named_by(row["title"].as_str().unwrap_or_default())
        })
        .count()
    }

    /// The bodies of the ledger's lines of one kind.
    pub(super) fn lines(&self, kind: &str) -> Vec<Value> {
        self.rows(Command::LedgerList {
            from: 0,
            limit: 10_000,
            kind: Some(kind.to_owned()),
        })
    }

    /// Releases that wait for the partner's answer.
    pub(super) fn unanswered(&self) -> usize {
        self.rows(Command::Receipts {
            item: None,
            peer: None,
            outstanding: true,
            limit: 10_000,
        })
        .len()
    }

    /// Ledger and logs hold together from genesis.
    pub(super) fn verifies(&self) {
        self.ask(Command::LedgerVerify);
    }
}

/// An object of the test's making: the number makes its id, the size its bytes.
pub(super) fn object(number: u32, size: usize) -> Value {
    json!({
        "type": "campaign", "spec_version": "2.1", "id": id(number),
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "name": format!("Campaign {number}"), "description": noise(number, size),
    })
}

/// Text that does not compress, the same for the same number.
fn noise(number: u32, size: usize) -> String {
    let mut block = noroshi_model::Digest::of(&number.to_be_bytes());
    let mut text = String::new();
    while text.len() < size {
        text.push_str(&block.to_string());
        block = noroshi_model::Digest::of(&block.0);
    }
    text.truncate(size);
    text
}

pub(super) fn id(number: u32) -> String {
    format!("campaign--00000000-0000-4000-8000-{number:012}")
}

fn digits(bytes: &[u8]) -> String {
    let hex = noroshi_model::document::hex(bytes);
    hex.as_str().unwrap().to_owned()
}

pub(super) fn field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap().to_owned()
}
