//! A node to look at: a partner under an agreement, a few items in both languages.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail};
use noroshi_testkit::{Node, befriend, free_address, stop};
use serde_json::{Value, json};

use super::story::{PASSPHRASE, Setting};

/// A node that serves until this is dropped.
pub(super) struct Served {
    child: Child,
    /// What it writes is below this.
    pub(super) folder: PathBuf,
    /// What it printed for the first person.
    pub(super) link: String,
    /// The node, as the command line asks it.
    node: Node,
}

impl Served {
    /// Something comes in behind the pages.
    pub(super) fn bring(&self, name: &str) -> Result<()> {
        let mut actor = object("threat-actor", 7);
        actor["name"] = name.into();
        let file = self.folder.join("brought.json");
        std::fs::write(&file, serde_json::to_vec(&bundle(vec![actor]))?)?;
        self.node.run(&["import", &file.display().to_string()])?;
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A node with something in it, serving.
pub(super) fn serve(setting: &Setting<'_>) -> Result<Served> {
    let name = format!("noroshi-browser-{}-{}", std::process::id(), setting.lang);
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    let node = Node::new(setting.binary, &folder, "JPN", &free_address()?)?;
    let people = ["root", "sato", "suzuki"].map(|name| format!("{name}: {PASSPHRASE}\n"));
    std::fs::write(&node.passphrases, people.concat())?;
    let console = free_address()?;
    let init = [
        "init",
        "--name-en",
        "Ministry of Defense",
        "--name-ja",
        "防衛省",
        "--nation",
        "JPN",
        "--person",
        "sato",
        "--person",
        "suzuki",
        "--listen",
        &node.address,
        "--console",
        &console,
        "--cheap-keys",
    ];
    node.run(&init)?;
    let file = folder.join("items.json");
    std::fs::write(&file, serde_json::to_vec(&items())?)?;
    node.run(&["import", &file.display().to_string()])?;
    let mut child = node.command(&["serve"]).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("its output")?;
    let mut served = Served {
        child,
        folder,
        link: String::new(),
        node,
    };
    for line in BufReader::new(output).lines() {
        let told: Value = serde_json::from_str(&line?)?;
        if told["kind"] == "console" {
            let link = told["answer"]["link"].as_str().unwrap_or_default();
            served.link = link.to_owned();
            partner(setting, &served)?;
            return Ok(served);
        }
    }
    bail!("serve tells no link")
}

/// An agreement in force with another node, which then goes away.
fn partner(setting: &Setting<'_>, served: &Served) -> Result<()> {
    let folder = served.folder.join("partner");
    let other = Node::new(setting.binary, &folder, "USA", &free_address()?)?;
    other.init()?;
    let server = other.serve()?;
    let made = befriend(&served.node, &other);
    stop(server)?;
    made
}

/// Something to look at, in both languages.
fn items() -> Value {
    let mut malware = object("malware", 1);
    malware["name"] = "狼煙 Loader".into();
    malware["description"] = "Loads what comes next. 次の段階を読み込む。".into();
    malware["is_family"] = true.into();
    let mut actor = object("threat-actor", 2);
    actor["name"] = "GREY HERON".into();
    let mut indicator = object("indicator", 3);
    indicator["name"] = "Address of its server".into();
    indicator["pattern"] = "[ipv4-addr:value = '198.51.100.7']".into();
    indicator["pattern_type"] = "stix".into();
    indicator["valid_from"] = "2026-11-25T07:00:00.000Z".into();
    let mut uses = object("relationship", 4);
    uses["relationship_type"] = "uses".into();
    uses["source_ref"] = actor["id"].clone();
    uses["target_ref"] = malware["id"].clone();
    let mut shows = object("relationship", 5);
    shows["relationship_type"] = "indicates".into();
    shows["source_ref"] = indicator["id"].clone();
    shows["target_ref"] = malware["id"].clone();
    bundle(vec![malware, actor, indicator, uses, shows])
}

fn bundle(objects: Vec<Value>) -> Value {
    json!({ "type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000009",
        "objects": objects })
}

/// One that says nothing yet.
fn object(kind: &str, n: u32) -> Value {
    let marking = "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487";
    json!({
        "type": kind, "spec_version": "2.1",
        "id": format!("{kind}--00000000-0000-4000-8000-00000000000{n}"),
        "created": "2026-11-25T07:00:00.000Z", "modified": "2026-11-25T07:00:00.000Z",
        "object_marking_refs": [marking],
    })
}
