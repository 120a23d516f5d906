//! The nodes of a bench, driven as a person would drive them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

#[expect(clippy::disallowed_methods, reason = "a bench measures real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// A node in a folder of its own, driven by the release binary.
pub(super) struct Node {
    pub(super) binary: PathBuf,
    pub(super) home: PathBuf,
    pub(super) passphrases: PathBuf,
    pub(super) nation: String,
    pub(super) address: String,
}

impl Node {
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.arg("--json").arg("--home").arg(&self.home);
        command
            .arg("--passphrase-file")
            .arg(&self.passphrases)
            .args(args)
            .stdin(Stdio::null());
        command
    }

    pub(super) fn run(&self, args: &[&str]) -> Result<Vec<serde_json::Value>> {
        let output = self.command(args).output()?;
        let complained = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "noroshi {}: {complained}",
            args.join(" ")
        );
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    pub(super) fn answer(&self, args: &[&str]) -> Result<serde_json::Value> {
        let events = self.run(args)?;
        let last = events.last().context("no answer")?;
        Ok(last
            .get("answer")
            .or_else(|| last.get("row"))
            .cloned()
            .unwrap_or_default())
    }

    pub(super) fn order(&self, args: &[&str]) -> Result<()> {
        let asked = self.answer(&[args, &["--as", "sato"]].concat())?;
        if asked["act"]["state"] == "pending" {
            let act = asked["act"]["id"].as_str().unwrap_or_default().to_owned();
            self.answer(&["act", "approve", &act, "--as", "suzuki"])?;
        }
        Ok(())
    }

    pub(super) fn init(&self) -> Result<()> {
        self.run(&[
            "init",
            "--name-en",
            "Bench",
            "--name-ja",
            "計測",
            "--nation",
            &self.nation,
            "--listen",
            &self.address,
            "--person",
            "sato",
            "--person",
            "suzuki",
            "--cheap-keys",
        ])?;
        self.order(&[
            "profile",
            "set",
            "bench",
            "--title",
            "Bench",
            "--marking",
            "TLP:CLEAR",
        ])
    }

    pub(super) fn import(&self, bundle: &Path) -> Result<(Duration, u64)> {
        let path = bundle.display().to_string();
        let began = now();
        let answer = self.answer(&["import", &path, "--profile", "bench"])?;
        Ok((
            began.elapsed(),
            answer["admitted"].as_u64().unwrap_or_default(),
        ))
    }

    pub(super) fn serve(&self) -> Result<Child> {
        use std::io::BufRead;
        let mut child = self.command(&["serve"]).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no output")?;
        std::io::BufReader::new(stdout).read_line(&mut String::new())?;
        Ok(child)
    }
}

/// Pair two nodes that serve, and put an agreement in force between them.
pub(super) fn befriend(jp: &Node, us: &Node) -> Result<()> {
    let code = jp.answer(&["peer", "invite", "--as", "sato"])?;
    let code = code["code"].as_str().unwrap_or_default().to_owned();
    us.run(&["peer", "accept", &jp.address, &code, "--as", "sato"])?;
    let own = |node: &Node| -> Result<String> {
        let row = node.answer(&["peer", "list"])?;
        Ok(row["fingerprint"]["digits"]
            .as_str()
            .unwrap_or_default()
            .to_owned())
    };
    us.order(&["peer", "confirm", "JPN", "--fingerprint", &own(jp)?])?;
    jp.order(&["peer", "confirm", "USA", "--fingerprint", &own(us)?])?;
    us.run(&["peer", "sync"])?;
    let draft = jp.answer(&["agreement", "template", "--with", "USA"])?;
    let file = jp.home.join("draft.json");
    std::fs::write(&file, draft["agreement"].to_string())?;
    jp.order(&["agreement", "propose", &file.display().to_string()])?;
    jp.run(&["peer", "sync"])?;
    us.order(&[
        "agreement",
        "sign",
        draft["agreement"]["id"].as_str().unwrap_or_default(),
    ])?;
    us.run(&["peer", "sync"])?;
    jp.run(&["peer", "sync"])?;
    Ok(())
}

/// Release what a share names, and exchange until every release is answered.
pub(super) fn share(jp: &Node, what: &[&str]) -> Result<()> {
    jp.order(&[&["share"], what, &["--to", "USA"]].concat())?;
    for _ in 0..1_000 {
        jp.run(&["peer", "sync"])?;
        let open = jp.run(&["receipts", "--outstanding", "--limit", "1"])?;
        if !open.iter().any(|event| event["kind"] == "receipt") {
            return Ok(());
        }
    }
    anyhow::bail!("releases stay unanswered")
}
