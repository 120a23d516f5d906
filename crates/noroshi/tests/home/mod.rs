//! A node in a folder of its own, and the binary as its people call it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(dead_code, reason = "each test program uses its part")]

mod canary;

use std::cell::Cell;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_noroshi");

pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) nation: String,
    pub(crate) address: String,
    /// Then it holds a canary.
    has_partner: Cell<bool>,
    /// How far its clock is ahead from now on, in seconds.
    pub(crate) ahead: Cell<u32>,
}

impl Drop for Home {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            canary::expect_kept(self);
        }
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self::of("JPN", "127.0.0.1:7461")
    }

    /// A node of that nation that listens there; its people are sato and suzuki.
    pub(crate) fn of(nation: &str, listen: &str) -> Self {
        let home = Self {
            folder: tempfile::tempdir().unwrap(),
            nation: nation.to_owned(),
            address: listen.to_owned(),
            has_partner: Cell::new(false),
            ahead: Cell::new(0),
        };
        let lines = "root: the root passphrase\nsato: the first passphrase\n\
                     suzuki: the second one\nbackup: the backup passphrase\n";
        std::fs::write(home.passphrases(), lines).unwrap();
        std::fs::set_permissions(home.passphrases(), std::fs::Permissions::from_mode(0o600))
            .unwrap();
        home.ok(&[
            "init",
            "--console",
            "",
            "--name-en",
            "Test",
            "--name-ja",
            "試験",
            "--nation",
            nation,
            "--listen",
            listen,
            "--person",
            "sato",
            "--person",
            "suzuki",
            "--cheap-keys",
        ]);
        home
    }

    pub(crate) fn passphrases(&self) -> PathBuf {
        self.folder.path().join("passphrases")
    }

    /// What its servers complain of.
    fn log(&self) -> PathBuf {
        self.folder.path().join("serve.log")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command
            .arg("--home")
            .arg(self.folder.path().join("node"))
            .arg("--passphrase-file")
            .arg(self.passphrases())
            .args(args)
            .env("NOROSHI_LANG", "en")
            .env("NOROSHI_TEST_AHEAD", self.ahead.get().to_string())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().unwrap();
        canary::expect_own(self, &output.stdout);
        canary::expect_own(self, &output.stderr);
        output
    }

    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {said}{complained}");
        said
    }

    pub(crate) fn refused(&self, args: &[&str], exit: i32) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(exit), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

pub(crate) fn bundle(count: u32) -> String {
    let objects: Vec<String> = (0..count)
        .map(|number| {
            format!(
                r#"{{"type":"malware","spec_version":"2.1","id":"malware--00000000-0000-4000-8000-{number:012x}",
                "created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","is_family":true,
                "name":"m{number}","object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}}"#
            )
        })
        .collect();
    format!(r#"{{"type":"bundle","objects":[{}]}}"#, objects.join(","))
}

pub(crate) fn write(home: &Home, name: &str, text: &str) -> String {
    let path: &Path = &home.folder.path().join(name);
    std::fs::write(path, text).unwrap();
    path.display().to_string()
}

pub(crate) fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A server; `None` when it died before it was ready.
pub(crate) fn serve(command: Command) -> (Child, bool) {
    serve_with(command, Stdio::null())
}

fn serve_with(mut command: Command, complaints: Stdio) -> (Child, bool) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(complaints)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let stdout = child.stdout.take().unwrap();
    let ready = BufReader::new(stdout).read_line(&mut line).unwrap() > 0;
    (child, ready)
}

pub(crate) fn stop(mut child: Child) -> ExitStatus {
    // It may be dead already: then this does nothing.
    let _ = child.kill();
    child.wait().unwrap()
}

pub(crate) fn json(text: &str) -> serde_json::Value {
    let last = text.lines().last().unwrap_or_default();
    let event: serde_json::Value = serde_json::from_str(last).unwrap();
    event
        .get("answer")
        .or_else(|| event.get("row"))
        .cloned()
        .unwrap()
}

/// Ask as sato and approve as suzuki.
pub(crate) fn order(home: &Home, args: &[&str]) {
    let asked = json(&home.ok(&[&["--json"], args, &["--as", "sato"]].concat()));
    if asked["act"]["state"] == "pending" {
        let act = asked["act"]["id"].as_str().unwrap();
        home.ok(&["act", "approve", act, "--as", "suzuki"]);
    }
}

/// A server that ends with its test, also where that fails.
pub(crate) struct Serving(Child);

impl Serving {
    pub(crate) fn of(home: &Home) -> Self {
        let mut log = std::fs::OpenOptions::new();
        let log = log.create(true).append(true).open(home.log()).unwrap();
        Self(serve_with(home.command(&["--json", "serve"]), log.into()).0)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Pair both, and put an agreement in force.
pub(crate) fn befriend(jp: &Home, us: &Home) {
    let servers = [jp, us].map(Serving::of);
    pair(jp, us);
    let draft = json(&jp.ok(&["--json", "agreement", "template", "--with", &us.nation]));
    let file = write(jp, "draft.json", &draft["agreement"].to_string());
    order(jp, &["agreement", "propose", &file]);
    jp.ok(&["peer", "sync"]);
    let id = draft["agreement"]["id"].as_str().unwrap();
    order(us, &["agreement", "sign", id]);
    us.ok(&["peer", "sync"]);
    jp.ok(&["peer", "sync"]);
    drop(servers);
}

/// Pair two that serve, by code and fingerprints.
pub(crate) fn pair(jp: &Home, us: &Home) {
    for home in [jp, us] {
        canary::seed(home);
        home.has_partner.set(true);
    }
    let code = json(&jp.ok(&["--json", "peer", "invite", "--as", "sato"]));
    let code = code["code"].as_str().unwrap();
    us.ok(&["peer", "accept", &jp.address, code, "--as", "sato"]);
    let digits = |home: &Home| {
        let own = json(&home.ok(&["--json", "peer", "list"]));
        own["fingerprint"]["digits"].as_str().unwrap().to_owned()
    };
    order(
        us,
        &["peer", "confirm", &jp.nation, "--fingerprint", &digits(jp)],
    );
    order(
        jp,
        &["peer", "confirm", &us.nation, "--fingerprint", &digits(us)],
    );
    us.ok(&["peer", "sync"]);
}
