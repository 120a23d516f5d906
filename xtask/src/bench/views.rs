//! What people look at first, at many items and many lines of the ledger: each view asked over the
//! command socket of a node that serves, the time of the calling process included.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use noroshi_testkit::{Node, stop};

use super::Stage;
use super::node::now;

/// Items of one import.
const CHUNK: u32 = 100_000;
/// How often each view is asked.
const ASKED: usize = 60;

pub(super) fn measure(stage: &Stage, many: u32) -> Result<()> {
    let node = stage.node("views", "JPN", 17_491)?;
    let mut made = 0;
    while made < many {
        let path = write(stage, made, CHUNK.min(many - made))?;
        node.run(&["import", &path.display().to_string(), "--profile", "bench"])?;
        made += CHUNK;
    }
    let server = node.serve()?;
    let outcome = ask_all(&node, many);
    stop(server)?;
    outcome
}

fn ask_all(node: &Node, many: u32) -> Result<()> {
    println!("views at {many} items, the calling process included:");
    // Half of the items have the word, one in a thousand has the rare one.
    let views: [(&str, &[&str]); 12] = [
        ("nothing but the process", &["completions", "fish"]),
        ("search, newest", &["search", "--facets"]),
        ("search, common word", &["search", "campaign", "--facets"]),
        ("search, rare word", &["search", "selten", "--facets"]),
        ("search, Japanese", &["search", "重要インフラ", "--facets"]),
        (
            "search, common word of a rare type",
            &["search", "campaign", "--type", "tool"],
        ),
        (
            "search, a day long ago",
            &["search", "--until", "2020-01-01"],
        ),
        ("search, best first, rare word", &["search", "selten"]),
        (
            "item with its surroundings",
            &[
                "show",
                "campaign--00000064-0000-4000-8000-000000000000",
                "--around",
            ],
        ),
        ("now", &["now", "--as", "sato"]),
        ("actors", &["threat", "actors"]),
        (
            "ledger, newest of a rare kind",
            &["ledger", "list", "--newest", "--kind", "genesis"],
        ),
    ];
    for (name, args) in views {
        let mut times = Vec::with_capacity(ASKED);
        for _ in 0..ASKED {
            let began = now();
            let output = node.output(args)?;
            times.push(began.elapsed());
            anyhow::ensure!(output.status.success(), "{args:?}");
        }
        times.sort();
        let at = |share: usize| milliseconds(times[times.len() * share / 100]);
        println!("  {name}: p50 {:.1} ms, p95 {:.1} ms", at(50), at(95));
    }
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn write(stage: &Stage, from: u32, count: u32) -> Result<PathBuf> {
    let path = stage.folder.join("views.json");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path)?);
    for number in from..from + count {
        let kind = if number % 2 == 0 {
            "campaign"
        } else {
            "malware"
        };
        let rare = if number % 1_000 == 0 { " selten" } else { "" };
        let name = if number % 4 == 0 {
            "重要インフラへの攻撃"
        } else {
            "Campaign"
        };
        let more = if kind == "malware" {
            r#""is_family":false,"#
        } else {
            ""
        };
        writeln!(
            out,
            r#"{{"type":"{kind}","spec_version":"2.1","id":"{kind}--{number:08x}-0000-4000-8000-000000000000","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z",{more}"name":"{name} {number}","description":"One campaign of many.{rare}"}}"#
        )?;
    }
    out.flush()?;
    Ok(path)
}
