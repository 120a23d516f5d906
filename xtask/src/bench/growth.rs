//! One new item into few and into many that are shared already: the bytes that travel and the work
//! both nodes do must not depend on how many there are. Then a start with as many, after a kill.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Child;

use anyhow::{Context, Result};
use noroshi_testkit::{Node, befriend, stop};

use super::Stage;
use super::node::{now, share};

/// The smaller number shared already.
const FEW: u32 = 10_000;
/// Items of one import and one release.
const CHUNK: u32 = 100_000;
/// New items measured in a round, one at a time: the median of the bytes and the mean of the work
/// count.
const ONES: usize = 101;
/// Rounds, each with both nodes started anew; the median counts. One round alone tells the work to
/// a sixth more or less, with nothing changed.
const ROUNDS: usize = 5;
/// Items before them that are not counted: a fresh start has caches to fill.
const WARM: usize = 3;

/// What one new item cost.
struct Cost {
    bytes: u64,
    nanoseconds: u64,
}

pub(super) fn measure(stage: &Stage, many: u32) -> Result<()> {
    let jp = stage.node("growth-jp", "JPN", 17_481)?;
    let us = stage.node("growth-us", "USA", 17_482)?;
    let mut made = 0;
    let few = {
        serving(&jp, &us, |_| {
            befriend(&jp, &us)?;
            fill(stage, &jp, &mut made, FEW)
        })?;
        typical(stage, &jp, &us, &mut made)?
    };
    serving(&jp, &us, |_| {
        while made < many {
            let count = CHUNK.min(many - made);
            fill(stage, &jp, &mut made, count)?;
        }
        Ok(())
    })?;
    let much = typical(stage, &jp, &us, &mut made)?;
    println!(
        "one new item into {FEW}: {} bytes, {:.1} ms of work; into {many}: {} bytes, {:.1} ms",
        few.bytes,
        milliseconds(few.nanoseconds),
        much.bytes,
        milliseconds(much.nanoseconds),
    );
    println!(
        "  bytes {:+.1} %, work {:+.1} %",
        change(few.bytes, much.bytes),
        change(few.nanoseconds, much.nanoseconds)
    );
    start_again(&jp, many)
}

/// How long a node that was killed takes until it serves, and what its first plan costs: the names
/// that the review looks for are read again then.
fn start_again(jp: &Node, many: u32) -> Result<()> {
    let began = now();
    let server = jp.serve()?;
    let started = began.elapsed();
    let plan = || -> Result<f64> {
        let began = now();
        let item = id(many);
        jp.run(&["share", &item, "--to", "USA", "--as", "sato", "--dry-run"])?;
        Ok(began.elapsed().as_secs_f64())
    };
    let plans = plan().and_then(|first| Ok((first, plan()?)));
    stop(server)?;
    let (first, next) = plans?;
    println!(
        "start with {many} items after a kill: {:.0} ms until it serves; the first plan of one item \
         {first:.2} s, the next {next:.3} s",
        1e3 * started.as_secs_f64()
    );
    Ok(())
}

/// What one new item costs, in the median of some rounds. Both are started anew before each: what
/// a bulk load leaves in memory is no part of it.
fn typical(stage: &Stage, jp: &Node, us: &Node, made: &mut u32) -> Result<Cost> {
    let (mut bytes, mut work) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let cost = serving(jp, us, |servers| one_more(stage, jp, servers, made))?;
        bytes.push(cost.bytes);
        work.push(cost.nanoseconds);
    }
    bytes.sort_unstable();
    work.sort_unstable();
    Ok(Cost {
        bytes: bytes[ROUNDS / 2],
        nanoseconds: work[ROUNDS / 2],
    })
}

/// Do something while both serve.
fn serving<T>(jp: &Node, us: &Node, work: impl FnOnce(&[Child; 2]) -> Result<T>) -> Result<T> {
    let servers = [jp.serve()?, us.serve()?];
    let outcome = work(&servers);
    for server in servers {
        stop(server)?;
    }
    outcome
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn change(before: u64, after: u64) -> f64 {
    100.0 * (after as f64 / before as f64 - 1.0)
}

/// Import and share so many more items.
fn fill(stage: &Stage, jp: &Node, made: &mut u32, count: u32) -> Result<()> {
    let profile = format!("chunk-{made}");
    jp.order(&[
        "profile",
        "set",
        &profile,
        "--title",
        "Chunk",
        "--marking",
        "TLP:CLEAR",
    ])?;
    let path = write(stage, *made, count)?;
    jp.run(&["import", &path.display().to_string(), "--profile", &profile])?;
    *made += count;
    share(jp, &["--source", &profile])
}

/// Import one item, release it, and see what crossed the link and how long both nodes worked.
fn one_more(stage: &Stage, jp: &Node, servers: &[Child; 2], made: &mut u32) -> Result<Cost> {
    let mut bytes = Vec::new();
    let mut work = 0;
    for one in 0..WARM + ONES {
        let path = write(stage, *made, 1)?;
        jp.run(&["import", &path.display().to_string(), "--profile", "bench"])?;
        let item = id(*made);
        *made += 1;
        let (crossed_before, before) = (crossed()?, worked(servers)?);
        share(jp, &[&item])?;
        if one >= WARM {
            work += worked(servers)?.saturating_sub(before);
            bytes.push(crossed()? - crossed_before);
        }
    }
    bytes.sort_unstable();
    Ok(Cost {
        bytes: bytes[bytes.len() / 2],
        nanoseconds: work / ONES as u64,
    })
}

fn id(number: u32) -> String {
    format!("campaign--{number:08x}-0000-4000-8000-000000000000")
}

fn write(stage: &Stage, from: u32, count: u32) -> Result<PathBuf> {
    let path = stage.folder.join("chunk.json");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&path)?);
    for number in from..from + count {
        writeln!(
            out,
            r#"{{"type":"campaign","spec_version":"2.1","id":"{}","created":"2026-01-01T00:00:00.000Z","modified":"2026-01-01T00:00:00.000Z","name":"Campaign {number}","description":"One of many."}}"#,
            id(number)
        )?;
    }
    out.flush()?;
    Ok(path)
}

/// Bytes that crossed the loopback interface so far. Commands reach their node by a Unix socket: on
/// a machine at rest only the link crosses it.
fn crossed() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/net/dev")?;
    let line = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("lo:"));
    let received = line.and_then(|line| line.split_whitespace().next());
    Ok(received.context("no loopback interface")?.parse()?)
}

/// Nanoseconds both servers have run so far, threads that have ended included. The kernel tells it
/// in hundredths of a second: exact enough as a sum over a hundred items.
fn worked(servers: &[Child; 2]) -> Result<u64> {
    let ran = |server: &Child| -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", server.id()))?;
        // The name in brackets may hold anything; what is counted stands behind it.
        let (_, fields) = text.rsplit_once(')').context("no process")?;
        let times = fields.split_whitespace().skip(11).take(2);
        let ticks = times.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(ticks * 10_000_000)
    };
    Ok(ran(&servers[0])? + ran(&servers[1])?)
}
