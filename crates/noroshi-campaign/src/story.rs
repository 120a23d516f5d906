//! The way from import to recall, station by station, with a hand that may strike the process that
//! writes at each. What was acknowledged is kept here, and looked for after every restart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use noroshi_testkit::{Node, befriend, bundle, free_address, object_id, stop};
use serde_json::Value;

use crate::canary;
use crate::victim::Ended;

/// Objects of one round, and how many of them are released at its beginning.
const OBJECTS: u32 = 12;
const FIRST: u32 = 8;

/// Where a process is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Station {
    /// A file is imported.
    Import,
    /// A second person approves.
    Act,
    /// A release is queued.
    Release,
    /// The sender exchanges.
    Send,
    /// The sender takes the partner's receipts.
    Receipt,
    /// A recall is queued.
    Recall,
    /// The partner takes what is sent.
    Receive,
    /// A server starts.
    Restart,
}

impl Station {
    pub(crate) const ALL: [Self; 8] = [
        Self::Import,
        Self::Act,
        Self::Release,
        Self::Send,
        Self::Receipt,
        Self::Recall,
        Self::Receive,
        Self::Restart,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Act => "act",
            Self::Release => "release",
            Self::Send => "send",
            Self::Receipt => "receipt",
            Self::Recall => "recall",
            Self::Receive => "receive",
            Self::Restart => "restart",
        }
    }
}

/// Whose process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Jp,
    Us,
}

/// Who strikes. The node is back as it is after a restart when these return.
pub(crate) trait Hand {
    /// Run a command that may be struck.
    fn command(&mut self, station: Station, side: Side, command: Command) -> Result<Ended>;

    /// Run a server that may be struck while the other side's command calls it.
    fn server(
        &mut self,
        station: Station,
        side: Side,
        server: Command,
        caller: Command,
    ) -> Result<(Ended, Option<Ended>)>;
}

/// What a station came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// How often it was gone through.
    pub(crate) runs: u64,
    /// How often the process was struck there.
    pub(crate) struck: u64,
    /// Of those, how often it had acknowledged before.
    pub(crate) acknowledged: u64,
}

/// Two nodes, and what they acknowledged.
pub(crate) struct Story {
    jp: Node,
    us: Node,
    work: PathBuf,
    /// Objects made so far; their numbers.
    made: u32,
    recalled: BTreeSet<u32>,
    round: u32,
    pub(crate) tallies: BTreeMap<Station, Tally>,
    /// What was lost, doubled or damaged, in words.
    pub(crate) wrong: Vec<String>,
}

impl Story {
    /// Two nodes with their homes in these folders, paired, with an agreement in force.
    pub(crate) fn begin(binary: &Path, work: &Path, homes: [&Path; 2]) -> Result<Self> {
        let node = |home: &Path, nation: &str| -> Result<Node> {
            let folder = work.join(nation);
            let mut node = Node::new(binary, &folder, nation, &free_address()?)?;
            node.home = home.join("node");
            node.init()?;
            Ok(node)
        };
        let (jp, us) = (node(homes[0], "JPN")?, node(homes[1], "USA")?);
        let servers = [jp.serve()?, us.serve()?];
        let befriended = befriend(&jp, &us);
        for server in servers {
            stop(server)?;
        }
        befriended?;
        let mut wrong = Vec::new();
        for node in [&jp, &us] {
            wrong.extend(canary::seed(node, work)?);
        }
        Ok(Self {
            jp,
            us,
            work: work.to_path_buf(),
            made: 0,
            recalled: BTreeSet::new(),
            round: 0,
            tallies: BTreeMap::new(),
            wrong,
        })
    }

    /// The node that imports and sends.
    pub(crate) fn jp(&self) -> &Node {
        &self.jp
    }

    /// What to prove to see a partner's receipt.
    pub(crate) fn receipt_args(&self) -> Result<Vec<String>> {
        let object = (0..self.made).find(|number| !self.recalled.contains(number));
        let shown = self
            .jp
            .answer(&["show", &object_id(object.context("no item")?)])?;
        let hash = shown["item"]["hash"].as_str().context("no hash")?;
        let args = ["--item", hash, "--peer", "USA", "--receipt"];
        Ok(args.map(str::to_owned).to_vec())
    }

    fn node(&self, side: Side) -> &Node {
        match side {
            Side::Jp => &self.jp,
            Side::Us => &self.us,
        }
    }

    /// Go the whole way once.
    pub(crate) fn round(&mut self, hand: &mut dyn Hand) -> Result<()> {
        self.round += 1;
        let first = self.made;
        self.import(hand)?;
        self.act(hand)?;
        self.release(hand, first)?;
        self.send(hand)?;
        self.receipt(hand)?;
        self.recall(hand, first + self.round % FIRST)?;
        self.share(first + FIRST, OBJECTS - FIRST)?;
        self.receive(hand)?;
        self.restart(hand)?;
        self.settle()
    }

    /// Count a run, and verify the victim's ledger and logs from genesis.
    fn after(&mut self, station: Station, side: Side, ended: &Ended, acknowledged: bool) {
        let tally = self.tallies.entry(station).or_default();
        tally.runs += 1;
        tally.struck += u64::from(ended.died);
        tally.acknowledged += u64::from(ended.died && acknowledged);
        self.expect_silent(station, ended);
        if let Err(error) = self.node(side).run(&["ledger", "verify"]) {
            self.report(station, format_args!("does not verify: {error:#}"));
        }
    }

    /// No process names a canary in what it prints or complains of, however it ended.
    fn expect_silent(&mut self, station: Station, ended: &Ended) {
        let named = canary::named_by(ended);
        if !named.is_empty() {
            self.report(
                station,
                format_args!("LEFT: canaries {named:?} were printed"),
            );
        }
    }

    fn report(&mut self, station: Station, what: impl std::fmt::Display) {
        let told = format!("round {}, {}: {what}", self.round, station.name());
        self.wrong.push(told);
    }

    fn import(&mut self, hand: &mut dyn Hand) -> Result<()> {
        let station = Station::Import;
        let path = self.work.join("objects.json");
        std::fs::write(&path, bundle(self.made, OBJECTS))?;
        let path = path.display().to_string();
        self.made += OBJECTS;
        let args = ["import", &path];
        let ended = hand.command(station, Side::Jp, self.jp.command(&args))?;
        let acknowledged = answered(&ended, "import");
        self.after(station, Side::Jp, &ended, acknowledged.is_some());
        // Who was not answered asks again; who was answered must find everything there.
        let again = self.jp.answer(&args)?;
        let (new, known) = (number(&again, "admitted"), number(&again, "known"));
        if new + known != u64::from(OBJECTS) {
            self.report(station, format_args!("{again}"));
        }
        if acknowledged.is_some() && new > 0 {
            self.report(station, format_args!("LOST: {new} acknowledged items"));
        }
        Ok(())
    }

    fn act(&mut self, hand: &mut dyn Hand) -> Result<()> {
        let station = Station::Act;
        let name = format!("profile-{}", self.round);
        let asked = self.jp.answer(&[
            "profile",
            "set",
            &name,
            "--title",
            "One of many",
            "--marking",
            "TLP:CLEAR",
            "--as",
            "sato",
        ])?;
        let act = asked["act"]["id"].as_str().context("no act")?.to_owned();
        let approve = ["act", "approve", &act, "--as", "suzuki"];
        let ended = hand.command(station, Side::Jp, self.jp.command(&approve))?;
        let acknowledged = answered(&ended, "endorsed").is_some();
        self.after(station, Side::Jp, &ended, acknowledged);
        let shown = self.jp.answer(&["act", "show", &act])?;
        match (shown["state"].as_str(), acknowledged) {
            (Some("done"), _) => {}
            (Some("pending"), false) => {
                self.jp.run(&approve)?;
            }
            (state, _) => self.report(station, format_args!("LOST: the act is {state:?}")),
        }
        let profiles = self.jp.run(&["profile", "list"])?;
        let listed = profiles
            .iter()
            .filter(|event| event["row"]["name"] == *name);
        if listed.count() != 1 {
            self.report(station, "the profile is not there once");
        }
        Ok(())
    }

    fn share_args(&self, first: u32, count: u32) -> Vec<String> {
        let ids = (first..first + count).map(object_id);
        let order = ["--to", "USA", "--as", "sato"].map(str::to_owned);
        std::iter::once("share".to_owned())
            .chain(ids)
            .chain(order)
            .collect()
    }

    fn share(&self, first: u32, count: u32) -> Result<()> {
        let args = self.share_args(first, count);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.jp.run(&args).map(|_| ())
    }

    fn release(&mut self, hand: &mut dyn Hand, first: u32) -> Result<()> {
        let station = Station::Release;
        let args = self.share_args(first, FIRST);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let ended = hand.command(station, Side::Jp, self.jp.command(&args))?;
        let acknowledged = answered(&ended, "endorsed").is_some();
        self.after(station, Side::Jp, &ended, acknowledged);
        let again = self.jp.output(&args)?;
        let nothing_left = again.status.code() == Some(3);
        if acknowledged && !nothing_left {
            self.report(station, "LOST: acknowledged releases were released anew");
        }
        if !again.status.success() && !nothing_left {
            bail!("share: {}", String::from_utf8_lossy(&again.stderr));
        }
        Ok(())
    }

    fn send(&mut self, hand: &mut dyn Hand) -> Result<()> {
        let server = self.us.serve()?;
        let sync = self.jp.command(&["peer", "sync"]);
        let ended = hand.command(Station::Send, Side::Jp, sync);
        stop(server)?;
        self.after(Station::Send, Side::Jp, &ended?, false);
        Ok(())
    }

    fn serve_and_sync(&mut self, hand: &mut dyn Hand, station: Station, side: Side) -> Result<()> {
        let other = match side {
            Side::Jp => Side::Us,
            Side::Us => Side::Jp,
        };
        let server = self.node(side).command(&["serve"]);
        let caller = self.node(other).command(&["peer", "sync"]);
        let (ended, called) = hand.server(station, side, server, caller)?;
        if let Some(called) = called {
            self.expect_silent(station, &called);
        }
        self.after(station, side, &ended, false);
        Ok(())
    }

    fn receipt(&mut self, hand: &mut dyn Hand) -> Result<()> {
        self.serve_and_sync(hand, Station::Receipt, Side::Jp)
    }

    fn receive(&mut self, hand: &mut dyn Hand) -> Result<()> {
        self.serve_and_sync(hand, Station::Receive, Side::Us)
    }

    fn recall(&mut self, hand: &mut dyn Hand, object: u32) -> Result<()> {
        let station = Station::Recall;
        // By hash: an object that is destroyed has no current version to be named by.
        let shown = self.jp.answer(&["show", &object_id(object)])?;
        let hash = shown["item"]["hash"]
            .as_str()
            .context("no hash")?
            .to_owned();
        let args = [
            "recall", &hash, "--mode", "destroy", "--reason", "campaign", "--as", "sato",
        ];
        let ended = hand.command(station, Side::Jp, self.jp.command(&args))?;
        let acknowledged = answered(&ended, "endorsed").is_some();
        self.after(station, Side::Jp, &ended, acknowledged);
        let rows = self
            .jp
            .run(&["receipts", "--item", &hash, "--limit", "100"])?;
        let entries = |kind: &'static str| {
            let rows = rows.iter().map(|event| &event["row"]);
            rows.filter(move |row| row["entry"] == kind)
        };
        // Struck before a single frame left, the release is only voided: a recall would tell the
        // partner of what it never had.
        let never_left = entries("release").all(|row| row["void"] == true && row["fate"].is_null());
        match (entries("recall").count(), acknowledged) {
            (1, _) => {}
            (0, true) if never_left => {}
            (0, false) => {
                self.jp.run(&args)?;
            }
            (count, _) => self.report(station, format_args!("LOST or doubled: {count} recalls")),
        }
        self.recalled.insert(object);
        Ok(())
    }

    fn restart(&mut self, hand: &mut dyn Hand) -> Result<()> {
        let side = if self.round.is_multiple_of(2) {
            Side::Jp
        } else {
            Side::Us
        };
        let serve = self.node(side).command(&["serve"]);
        let ended = hand.command(Station::Restart, side, serve)?;
        self.after(Station::Restart, side, &ended, false);
        Ok(())
    }

    /// Let both exchange until everything is answered; then both must hold exactly what they must.
    fn settle(&mut self) -> Result<()> {
        let server = self.us.serve()?;
        let settled = noroshi_testkit::settle(&self.jp);
        stop(server)?;
        settled?;
        let station = Station::Restart;
        let all: BTreeSet<String> = (0..self.made).map(object_id).collect();
        let recalled: BTreeSet<String> = self.recalled.iter().copied().map(object_id).collect();
        let kept: BTreeSet<String> = all.difference(&recalled).cloned().collect();
        // A recall that destroys does so at home too.
        for side in [Side::Jp, Side::Us] {
            let mut expected = kept.clone();
            expected.insert(canary::id(&self.node(side).nation));
            let found = ids(self.node(side), &["list", "--state", "admitted"])?;
            let unique: BTreeSet<String> = found.iter().cloned().collect();
            if unique.len() != found.len() {
                self.report(station, format_args!("DOUBLED: items at {side:?}"));
            }
            if unique != expected {
                let missing = expected.difference(&unique).count();
                let extra = unique.difference(&expected).count();
                self.report(
                    station,
                    format_args!("LOST: {side:?} misses {missing} items, has {extra} too many"),
                );
            }
        }
        for side in [Side::Jp, Side::Us] {
            if let Some(problem) = canary::kept_wrongly(self.node(side)) {
                self.report(station, problem);
            }
        }
        self.check_receipts(&all, &recalled)
    }

    /// Each object was released once and answered; each recall destroyed it.
    fn check_receipts(
        &mut self,
        all: &BTreeSet<String>,
        recalled: &BTreeSet<String>,
    ) -> Result<()> {
        let rows = self.jp.run(&["receipts", "--limit", "10000"])?;
        let mut seen: BTreeMap<(String, String), Vec<Option<String>>> = BTreeMap::new();
        for row in rows.iter().filter(|event| event["kind"] == "receipt") {
            let text = |name: &str| row["row"][name].as_str().map(str::to_owned);
            let key = (
                text("id").unwrap_or_default(),
                text("entry").unwrap_or_default(),
            );
            if row["row"]["void"] == false {
                seen.entry(key).or_default().push(text("fate"));
            }
        }
        let mut wrong = Vec::new();
        for id in all {
            let releases = seen.get(&(id.clone(), "release".to_owned()));
            if releases.is_none_or(|fates| fates.len() != 1 || fates[0].is_none()) {
                // What was voided before it left needs no answer.
                if !recalled.contains(id) {
                    wrong.push(format!("{id}: releases {releases:?}"));
                }
            }
        }
        for problem in wrong {
            self.report(Station::Receipt, format_args!("LOST or DOUBLED: {problem}"));
        }
        Ok(())
    }
}

fn ids(node: &Node, args: &[&str]) -> Result<Vec<String>> {
    let rows = node.run(&[args, &["--limit", "10000"]].concat())?;
    let rows = rows.iter().filter(|event| event["kind"] == "item");
    let found: Vec<String> = rows
        .filter_map(|event| event["row"]["id"].as_str().map(str::to_owned))
        .collect();
    ensure!(found.len() < 10_000, "a story of too many rounds");
    Ok(found)
}

/// The answer of that kind, if the process gave it before it ended.
fn answered<'a>(ended: &'a Ended, kind: &str) -> Option<&'a Value> {
    let answers = ended.events.iter();
    answers
        .filter(|event| event["event"] == "answer" && event["kind"] == kind)
        .find_map(|event| event.get("answer"))
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_default()
}
