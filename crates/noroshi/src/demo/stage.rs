//! The stage: two folders, two servers, and the command line as a person would use it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use noroshi_model::{Clock, Timestamp};
use noroshi_node::Failure;
use noroshi_node::messages::Lang;
use noroshi_node::system::SystemClock;
use serde_json::{Value, json};

use super::Voice;
use crate::interrupt::Interrupt;

/// Now, for telling how long it took.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// One organisation's node with its people.
pub(crate) struct Actor {
    home: PathBuf,
    passphrases: PathBuf,
    voice: Voice,
    interrupt: Interrupt,
    server: Option<Child>,
    /// Who asks and who approves.
    pub(crate) people: [&'static str; 2],
    pub(crate) name: &'static str,
    pub(crate) address: String,
}

/// Both nodes in a folder of their own, which goes when the stage goes.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    pub(crate) jp: Actor,
    pub(crate) us: Actor,
    interrupt: Interrupt,
}

impl Stage {
    /// Make both nodes and start their servers.
    pub(crate) fn build(voice: Voice) -> Result<Self, Failure> {
        // From here on a signal ends the story and not the process: the folder is taken away.
        let interrupt = Interrupt::listen().map_err(|error| trouble("listen", &error))?;
        let name = format!("noroshi-demo-{}-{}", std::process::id(), now().micros());
        let folder = std::env::temp_dir().join(name);
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        std::fs::create_dir_all(&folder).map_err(|error| trouble("make a folder", &error))?;
        let passphrases = folder.join("passphrases");
        let people = ["root", "sato", "suzuki", "smith", "jones"];
        let text: String = people
            .iter()
            .map(|who| format!("{who}: demonstration of {who}\n"))
            .collect();
        std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&passphrases)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| trouble("write a file", &error))?;
        let actor = |short: &str, name, people| -> Result<Actor, Failure> {
            Ok(Actor {
                home: folder.join(short),
                passphrases: passphrases.clone(),
                voice,
                interrupt: interrupt.clone(),
                server: None,
                people,
                name,
                address: free_address()?,
            })
        };
        let (jp_name, us_name) = match voice.lang {
            Lang::En => (
                "Ministry of Defense, Japan",
                "Department of Defense, United States",
            ),
            Lang::Ja => ("防衛省", "米国国防総省"),
        };
        let jp = actor("jp", jp_name, ["sato", "suzuki"])?;
        let us = actor("us", us_name, ["smith", "jones"])?;
        Ok(Self {
            folder,
            jp,
            us,
            interrupt,
        })
    }

    /// Leave both running until the person stops the demonstration.
    pub(crate) fn wait(&self) {
        self.interrupt.wait();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.jp.stop();
        self.us.stop();
        // The folder held nothing but the demonstration.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Actor {
    /// `init` as its people would type it.
    pub(crate) fn init(&self, en: &str, ja: &str, nation: &str) -> Result<(), Failure> {
        let [first, second] = self.people;
        self.run(&[
            "init",
            "--console",
            "",
            "--name-en",
            en,
            "--name-ja",
            ja,
            "--nation",
            nation,
            "--listen",
            &self.address,
            "--person",
            first,
            "--person",
            second,
            "--cheap-keys",
        ])
        .map(|_| ())
    }

    /// Start `serve` and wait until it says that it is ready.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        let mut child = self
            .command(&["serve"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| trouble("start a server", &error))?;
        let stdout = child.stdout.take();
        self.server = Some(child);
        let mut line = String::new();
        if let Some(stdout) = stdout {
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        if line.contains("\"serve\"") {
            Ok(())
        } else {
            Err(trouble("start a server", &"it ended before it was ready"))
        }
    }

    /// Stop the server in good order, as an administrator would.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.server.take() {
            let pid = i32::try_from(child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            let asked = pid.is_some_and(|pid| {
                rustix::process::kill_process(pid, rustix::process::Signal::TERM).is_ok()
            });
            if !asked {
                let _ = child.kill();
            }
            let _ = child.wait();
        }
    }

    /// The store's file, for planting a fault from outside.
    pub(crate) fn database(&self) -> PathBuf {
        self.home.join("store").join("noroshi.db")
    }

    /// Commands for this node, to be pasted as they are from any folder.
    pub(crate) fn how_to_talk(&self, other: &str) -> String {
        let words = [
            "peer list".to_owned(),
            "list --limit 5".to_owned(),
            "receipts --limit 5".to_owned(),
            format!("share --all --to {other} --as {} --dry-run", self.people[0]),
        ];
        let begin = [
            quoted(&program()),
            format!("--lang {}", self.voice.lang.as_str()),
            format!("--home {}", quoted(&self.home)),
            format!("--passphrase-file {}", quoted(&self.passphrases)),
        ];
        let begin = begin.join(" ");
        let lines = words.map(|words| format!("{begin} {words}"));
        format!("# {}\n{}", self.name, lines.join("\n"))
    }

    /// The same for a program.
    pub(crate) fn whereabouts(&self) -> Value {
        json!({
            "name": self.name,
            "program": program(),
            "home": self.home,
            "passphrase_file": self.passphrases,
            "people": self.people,
            "address": self.address,
        })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["--json", "--lang", self.voice.lang.as_str()])
            .arg("--home")
            .arg(&self.home)
            .arg("--passphrase-file")
            .arg(&self.passphrases)
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// A command as a person would type it; its events, one a line.
    pub(crate) fn run(&self, args: &[&str]) -> Result<Vec<Value>, Failure> {
        if self.interrupt.came() {
            return Err(trouble("go on", &"stopped by a signal"));
        }
        let output = self
            .command(args)
            .output()
            .map_err(|error| trouble("run a command", &error))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = format!("{}: {} {}", self.name, args.join(" "), said.trim());
            return Err(trouble("run a command", &said));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    /// A command's last answer of that kind.
    pub(crate) fn answer(&self, args: &[&str], kind: &str) -> Result<Value, Failure> {
        let events = self.run(args)?;
        let found = events.into_iter().rev().find(|event| event["kind"] == kind);
        found.map(|event| event["answer"].clone()).ok_or_else(|| {
            trouble(
                "run a command",
                &format!("{} gave no {kind}", args.join(" ")),
            )
        })
    }

    /// A command's rows of that kind.
    pub(crate) fn rows(&self, args: &[&str], kind: &str) -> Result<Vec<Value>, Failure> {
        let events = self.run(args)?;
        let rows = events.into_iter().filter(|event| event["kind"] == kind);
        Ok(rows.map(|event| event["row"].clone()).collect())
    }

    /// An order that one person gives and, where it needs it, the other approves.
    pub(crate) fn order(&self, args: &[&str]) -> Result<Value, Failure> {
        let [first, second] = self.people;
        let asked = [args, &["--as", first]].concat();
        let endorsed = self.answer(&asked, "endorsed")?;
        if endorsed["act"]["state"] != "pending" {
            return Ok(endorsed);
        }
        let act = endorsed["act"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        self.answer(&["act", "approve", &act, "--as", second], "endorsed")
    }

    /// Tell what a command answered, in the person's language.
    pub(crate) fn tell(&self, answer: &Value) {
        if self.voice.json {
            let row = json!({ "name": self.name, "answer": answer });
            return self.voice.row("demo_import", &row);
        }
        let event = noroshi_node::Event::Answer {
            kind: "import".into(),
            answer: answer.clone(),
        };
        let text = noroshi_node::messages::render(self.voice.lang, &event);
        crate::call::print(&format!("    {}: {text}", self.name));
    }

    /// Is there anything with these words here?
    pub(crate) fn finds(&self, words: &str) -> Result<bool, Failure> {
        Ok(!self.rows(&["search", words], "item")?.is_empty())
    }

    /// The object of a STIX id as this node shows it; nothing where it knows none.
    pub(crate) fn show(&self, id: &str) -> Option<Value> {
        self.answer(&["show", id], "item").ok()
    }
}

/// This program, wherever it is called from.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("noroshi"))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if path.chars().all(is_plain) {
        path
    } else {
        format!("'{}'", path.replace('\'', r"'\''"))
    }
}

/// An address on this machine that is free now.
fn free_address() -> Result<String, Failure> {
    std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.to_string())
        .map_err(|error| trouble("find a free port", &error))
}

/// Write a file for an import.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| trouble("write a file", &error))
}

pub(crate) fn trouble(doing: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::new("demo.trouble", 1, format_args!("cannot {doing}: {why}"))
}
