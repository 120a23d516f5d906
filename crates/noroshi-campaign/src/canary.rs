//! A canary in each node, looked for in what its processes say, also as they are struck, in what
//! the other keeps, and in what is left of a server that crashes with the canary in its memory.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, ensure};
use noroshi_testkit::Node;
use noroshi_testkit::canary::{named_below, named_in, object};

use crate::victim::Ended;

pub(crate) use noroshi_testkit::canary::id;

/// Put its canary into a node through a server, and crash that server: what is wrong with what the
/// crash left behind.
pub(crate) fn seed(node: &Node, work: &Path) -> Result<Vec<String>> {
    let place = work.join(format!("crash-{}", node.nation));
    std::fs::create_dir_all(&place)?;
    let file = work.join("canary.json");
    std::fs::write(&file, object(&node.nation))?;
    let mut server = dumping(&node.command(&["serve"]), &place)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let stdout = server.stdout.take().context("no output")?;
    let mut said = BufReader::new(stdout);
    let mut line = String::new();
    let is_ready = said.read_line(&mut line)? > 0;
    let imported = node.run(&["import", &file.display().to_string()]);
    let pid = server.id().to_string();
    let struck = Command::new("kill").args(["-ABRT", &pid]).status()?;
    let ended = server.wait_with_output()?;
    std::fs::remove_file(&file)?;
    imported?;
    ensure!(is_ready && struck.success(), "no server to crash");
    let mut wrong = Vec::new();
    if dumped(ended.status, &place)? {
        wrong.push(format!("LEFT: {} left a core dump", node.nation));
    }
    let named = named_in(&ended.stderr);
    if !named.is_empty() {
        wrong.push(format!("LEFT: a crash told of canaries {named:?}"));
    }
    Ok(wrong)
}

/// Does this system write core dumps at all? Where it does not, none can be looked for.
pub(crate) fn system_dumps(place: &Path) -> Result<bool> {
    let mut crasher = Command::new("sh");
    crasher.args(["-c", "kill -ABRT $$"]);
    let status = dumping(&crasher, place).status()?;
    dumped(status, place)
}

/// The same command where a core dump may be of any size, in that folder.
fn dumping(command: &Command, place: &Path) -> Command {
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -c unlimited; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(place)
        .stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    limited
}

fn dumped(status: ExitStatus, place: &Path) -> Result<bool> {
    Ok(status.core_dumped() || std::fs::read_dir(place)?.next().is_some())
}

/// The nations whose canaries a process named.
pub(crate) fn named_by(ended: &Ended) -> BTreeSet<String> {
    let mut named = named_in(&ended.printed);
    named.extend(named_in(ended.complained.as_bytes()));
    named
}

/// What is wrong with the canaries that a node's folder names: its own must be there, alone.
pub(crate) fn kept_wrongly(node: &Node) -> Option<String> {
    let named = named_below(&node.home);
    let own = BTreeSet::from([node.nation.clone()]);
    (named != own).then(|| format!("LEFT or LOST: {} keeps canaries {named:?}", node.nation))
}
