//! A node in a folder of its own, driven by the real binary as its people would drive it. For the
//! benches and the campaign, and canaries for every test; no part of a node.

pub mod canary;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// Exchanges until a release must be answered.
const EXCHANGES_MAX: u32 = 1_000;

/// A node: its binary, its folder, who it is.
#[derive(Clone, Debug)]
pub struct Node {
    /// The program.
    pub binary: PathBuf,
    /// The node's own folder.
    pub home: PathBuf,
    /// The file with the passphrases of root, sato and suzuki.
    pub passphrases: PathBuf,
    /// Three letters.
    pub nation: String,
    /// Where its link listens.
    pub address: String,
}

impl Node {
    /// Name a node; [`Node::init`] makes it. The passphrases go into a file in the folder, the
    /// node's home below it.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(binary: &Path, folder: &Path, nation: &str, address: &str) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let passphrases = folder.join("passphrases");
        let people = "root: the root\nsato: the first\nsuzuki: the second\n";
        std::fs::write(&passphrases, people)?;
        std::fs::set_permissions(&passphrases, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            binary: binary.to_path_buf(),
            home: folder.join("node"),
            passphrases,
            nation: nation.to_owned(),
            address: address.to_owned(),
        })
    }

    /// The binary with these arguments, answering in JSON.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--json").arg("--home").arg(&self.home);
        command
            .arg("--passphrase-file")
            .arg(&self.passphrases)
            .args(args)
            .env("NOROSHI_LANG", "en")
            .stdin(Stdio::null());
        command
    }

    /// What it says and how it ends.
    ///
    /// # Errors
    /// It does not start.
    pub fn output(&self, args: &[&str]) -> Result<Output> {
        let mut command = self.command(args);
        command.output().context("the binary does not start")
    }

    /// Its events; it must end well.
    ///
    /// # Errors
    /// It does not, with what it complained of.
    pub fn run(&self, args: &[&str]) -> Result<Vec<Value>> {
        let output = self.output(args)?;
        let complained = String::from_utf8_lossy(&output.stderr);
        let said = args.join(" ");
        ensure!(output.status.success(), "noroshi {said}: {complained}");
        Ok(events(&output.stdout))
    }

    /// The last word of a command that must end well.
    ///
    /// # Errors
    /// It does not, or says nothing.
    pub fn answer(&self, args: &[&str]) -> Result<Value> {
        last_word(&self.run(args)?).context("no answer")
    }

    /// Ask as sato; where a second person must approve, approve as suzuki.
    ///
    /// # Errors
    /// One of both is refused.
    pub fn order(&self, args: &[&str]) -> Result<Value> {
        let asked = self.answer(&[args, &["--as", "sato"]].concat())?;
        if asked["act"]["state"] != "pending" {
            return Ok(asked);
        }
        let act = asked["act"]["id"].as_str().unwrap_or_default();
        self.answer(&["act", "approve", act, "--as", "suzuki"])
    }

    /// The command that makes the node, with keys locked at the lowest cost.
    #[must_use]
    pub fn init_command(&self) -> Command {
        let name = format!("Organisation of {}", self.nation);
        self.command(&[
            "init",
            "--console",
            "",
            "--name-en",
            &name,
            "--name-ja",
            "試験",
            "--nation",
            &self.nation,
            "--listen",
            &self.address,
            "--person",
            "sato",
            "--person",
            "suzuki",
            "--cheap-keys",
        ])
    }

    /// Make the node.
    ///
    /// # Errors
    /// Its folder is occupied.
    pub fn init(&self) -> Result<()> {
        let output = self.init_command().output()?;
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "noroshi init: {complained}");
        Ok(())
    }

    /// Set a source profile for the organisation's own work under that marking.
    ///
    /// # Errors
    /// It is refused.
    pub fn profile(&self, name: &str, marking: &str) -> Result<()> {
        let set = ["profile", "set", name, "--title", name, "--marking"];
        self.order(&[&set[..], &[marking]].concat())?;
        Ok(())
    }

    /// A server that is ready.
    ///
    /// # Errors
    /// It ends before it is.
    pub fn serve(&self) -> Result<Child> {
        use std::io::BufRead;
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        let mut line = String::new();
        std::io::BufReader::new(stdout).read_line(&mut line)?;
        if line.is_empty() {
            let status = stop(child)?;
            bail!("the server ended before it was ready: {status}");
        }
        Ok(child)
    }

    /// This node's own fingerprint, in digits.
    ///
    /// # Errors
    /// It says none.
    pub fn fingerprint(&self) -> Result<String> {
        let own = self.answer(&["peer", "list"])?;
        text_at(&own, "/fingerprint/digits")
    }
}

/// The events in what a command printed.
#[must_use]
pub fn events(printed: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(printed);
    let lines = text.lines();
    lines
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The last event's content: an answer, or a row.
#[must_use]
pub fn last_word(events: &[Value]) -> Option<Value> {
    let last = events.last()?;
    let word = last.get("answer").or_else(|| last.get("row"));
    Some(word.cloned().unwrap_or_default())
}

fn text_at(value: &Value, pointer: &str) -> Result<String> {
    let text = value.pointer(pointer).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("no {pointer} in {value}"))?
        .to_owned())
}

/// An address on this machine that is free now.
///
/// # Errors
/// None is.
pub fn free_address() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.to_string())
}

/// Kill a server that may be dead already.
///
/// # Errors
/// It cannot be waited for.
pub fn stop(mut child: Child) -> Result<ExitStatus> {
    // A child that ended by itself cannot be killed: that is no error here.
    let _ = child.kill();
    Ok(child.wait()?)
}

/// Pair two nodes that serve, and put an agreement in force between them.
///
/// # Errors
/// A step is refused.
pub fn befriend(jp: &Node, us: &Node) -> Result<()> {
    let invited = jp.answer(&["peer", "invite", "--as", "sato"])?;
    let code = text_at(&invited, "/code")?;
    us.run(&["peer", "accept", &jp.address, &code, "--as", "sato"])?;
    for (node, other) in [(us, jp), (jp, us)] {
        let digits = other.fingerprint()?;
        let nation = &other.nation;
        node.order(&["peer", "confirm", nation, "--fingerprint", &digits])?;
    }
    us.run(&["peer", "sync"])?;
    let draft = jp.answer(&["agreement", "template", "--with", &us.nation])?;
    let file = jp.passphrases.with_file_name("draft.json");
    std::fs::write(&file, draft["agreement"].to_string())?;
    jp.order(&["agreement", "propose", &file.display().to_string()])?;
    let id = text_at(&draft, "/agreement/id")?;
    // The servers exchange on their own as well: whoever comes second finds nothing to carry.
    for _ in 0..EXCHANGES_MAX {
        jp.run(&["peer", "sync"])?;
        let listed = us.run(&["agreement", "list"])?;
        if listed.iter().any(|event| event["row"]["id"] == *id) {
            break;
        }
    }
    us.order(&["agreement", "sign", &id])?;
    us.run(&["peer", "sync"])?;
    jp.run(&["peer", "sync"])?;
    Ok(())
}

/// Where a node serves TAXII, and how its one client is let in.
#[derive(Clone, Debug)]
pub struct Taxii {
    /// Host and port, plain HTTP.
    pub address: String,
    /// Id of a collection that fills itself; it may be read and posted to.
    pub collection: String,
    /// The credential's name, for HTTP Basic.
    pub user: String,
    /// Its secret.
    pub secret: String,
}

/// Let a node that does not run yet serve TAXII on loopback to one client, under a profile it has.
///
/// # Errors
/// A step is refused.
pub fn with_taxii(node: &Node, profile: &str) -> Result<Taxii> {
    let address = free_address()?;
    let config = node.home.join("noroshi.toml");
    let text = std::fs::read_to_string(&config)?;
    let (before, taxii) = text.split_once("[taxii]").context("no [taxii]")?;
    let taxii = taxii.replacen("listen = \"\"", &format!("listen = \"{address}\""), 1);
    std::fs::write(&config, format!("{before}[taxii]{taxii}"))?;
    let (client, user) = ("bench", "bench-1");
    let set = ["client", "set", client, "--title", "Bench"];
    let within = ["--nation", &*node.nation, "--ceiling", "tlp:clear"];
    node.order(&[&set[..], &within].concat())?;
    let collection = ["collection", "set", "all", "--title", "All"];
    let filled = ["--client", client, "--profile", profile, "--standing"];
    node.order(&[&collection[..], &filled].concat())?;
    let token = ["token", "set", user, "--client", client];
    let given = node.order(&[&token[..], &["--read", "--write"]].concat())?;
    let rows = node.run(&["collection", "list"])?;
    let first = rows.first().context("no collection")?;
    Ok(Taxii {
        address,
        collection: text_at(first, "/row/id")?,
        user: user.to_owned(),
        secret: text_at(&given, "/secret")?,
    })
}

/// Exchange until every release is answered.
///
/// # Errors
/// They stay unanswered, or an exchange fails.
pub fn settle(from: &Node) -> Result<()> {
    for _ in 0..EXCHANGES_MAX {
        from.run(&["peer", "sync"])?;
        let open = from.run(&["receipts", "--outstanding", "--limit", "1"])?;
        if !open.iter().any(|event| event["kind"] == "receipt") {
            return Ok(());
        }
    }
    bail!("releases stay unanswered")
}

/// A bundle of so many objects under TLP:CLEAR; the first number makes their ids.
#[must_use]
pub fn bundle(first: u32, count: u32) -> String {
    let objects: Vec<String> = (first..first + count)
        .map(|number| {
            format!(
                r#"{{"type":"malware","spec_version":"2.1","id":"{}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","is_family":true,"name":"m{number}","object_marking_refs":["marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487"]}}"#,
                object_id(number)
            )
        })
        .collect();
    format!(r#"{{"type":"bundle","objects":[{}]}}"#, objects.join(","))
}

/// The id of an object of such a bundle.
#[must_use]
pub fn object_id(number: u32) -> String {
    format!("malware--00000000-0000-4000-8000-{number:012x}")
}
