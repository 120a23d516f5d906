//! `cargo xtask bench --match INDICATORS... -- TELEMETRY...`: matching of a million indicators on
//! one core, beside a count of lines, what people use, and the slow reference, whose hits must be
//! the same. Files may be compressed (.gz, .zst). `--ten-million` adds made-up names up to that.

mod data;
mod updates;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use noroshi_match::slow::Reference;
use noroshi_match::{
    Atom, Builder, Hit, Keyed, Layout, Live, Mapping, Match, Scanner, Segment, ZEEK, load_list,
};

use super::node::now;

/// Runs of each contender, in alternating order; the median counts.
const RUNS: usize = 7;
/// Indicators in the plain run.
const MILLION: usize = 1_000_000;
/// How often the telemetry is repeated in memory.
const TIMES: usize = 4;
/// The key of the fingerprints; any will do.
const KEY: [u8; 32] = [42; 32];

/// Build this tool as it would be shipped, and measure in it.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["run", "--release", "--locked", "--package", "xtask"])
        .args(["--", "bench", "--match-here"])
        .args(args)
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    ensure!(status.success(), "the bench ended with {status}");
    Ok(())
}

/// Measure in this process.
pub(crate) fn measure(args: &[String]) -> Result<()> {
    let is_large = args.iter().any(|arg| arg == "--ten-million");
    let mut sides = args.split(|arg| arg == "--");
    let names = |files: Option<&[String]>| -> Vec<String> {
        let files = files.unwrap_or_default().iter();
        files
            .filter(|file| !file.starts_with("--"))
            .cloned()
            .collect()
    };
    let (lists, logs) = (names(sides.next()), names(sides.next()));
    if lists.is_empty() || logs.is_empty() {
        bail!("name files of indicators, --, and files of Zeek's JSON");
    }
    let folder = std::env::temp_dir().join(format!("noroshi-match-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let outcome = all(&folder, &lists, &logs, is_large);
    std::fs::remove_dir_all(&folder)?;
    outcome
}

fn all(folder: &Path, lists: &[String], logs: &[String], is_large: bool) -> Result<()> {
    let once = data::telemetry(logs)?;
    let mut indicators = data::indicators(lists)?;
    let planted = data::planted(&once);
    println!(
        "{} lines of telemetry, {} MB; {} indicators, {} of them planted",
        lines(&once),
        once.len() / 1_000_000,
        indicators.len(),
        planted.len()
    );
    data::shuffle(&mut indicators);
    indicators.truncate(MILLION - planted.len());
    indicators.extend(planted);
    data::shuffle(&mut indicators);
    let list = indicators.join("\n");
    let mapping = Mapping::from_toml(ZEEK)?;
    let (live, reference) = (loaded(folder, &list)?, reference(&list));
    let cold = data::cold(&once);
    for (name, bytes) in [("hot", &once), ("cold", &cold)] {
        exact(name, &live, &reference, &mapping, bytes)?;
    }
    let many = once.repeat(TIMES);
    let many_cold = cold.repeat(1);
    let rate = rates("1 million, hot", &live, &mapping, &many);
    let rate_cold = rates("1 million, cold", &live, &mapping, &many_cold);
    println!("  cold at {:.2} of hot", rate_cold / rate);
    updates::measure(&live, &mapping, &once)?;
    others(folder, &list, &once, lines(&once) as f64 / (rate * 1e6))?;
    if is_large {
        drop(live);
        let list = data::ten_million(indicators);
        let live = loaded(folder, &list)?;
        drop(list);
        rates("10 million, hot", &live, &mapping, &many);
        let large = rates("10 million, cold", &live, &mapping, &many_cold);
        println!(
            "  10 million at {:.2} of 1 million, both cold",
            large / rate_cold
        );
    }
    Ok(())
}

/// Load from text, and from a snapshot file; what the index takes.
fn loaded(folder: &Path, list: &str) -> Result<Live> {
    let keyed = Arc::new(Keyed::new(&KEY));
    let begun = now();
    let mut builder = Builder::new(Arc::clone(&keyed));
    let loaded = load_list(list, &mut builder)?;
    let segment = builder.build();
    let took = begun.elapsed();
    let sizes = segment.sizes();
    let each = |bytes: usize| bytes as f64 / sizes.atoms as f64;
    println!(
        "{} indicators from text in {:.3} s; {:.1} bytes hot and {:.1} in all each; refused {:?}",
        sizes.atoms,
        took.as_secs_f64(),
        each(sizes.hot),
        each(sizes.all),
        loaded.refused
    );
    let path = folder.join("snapshot");
    segment.write_snapshot(std::fs::File::create(&path)?)?;
    drop(segment);
    let mut took = Vec::new();
    let mut last = None;
    for _ in 0..RUNS {
        last = None;
        let begun = now();
        let file = std::fs::File::open(&path)?;
        last = last.or(Some(Segment::read_snapshot(
            Arc::clone(&keyed),
            file,
            4 << 30,
        )?));
        took.push(begun.elapsed());
    }
    println!(
        "  from a snapshot file in {:.1} ms",
        median(took).as_secs_f64() * 1e3
    );
    Ok(Live::new(last.context("no runs")?))
}

fn reference(list: &str) -> Reference {
    let mut reference = Reference::default();
    for (number, line) in list.lines().enumerate() {
        if let Ok(atom) = Atom::written(line) {
            reference.add(atom, number as u32);
        }
    }
    reference
}

/// The scanner's hits must be those of the reference, line by line.
fn exact(
    name: &str,
    live: &Live,
    reference: &Reference,
    mapping: &Mapping,
    bytes: &[u8],
) -> Result<()> {
    let mut hits = Vec::new();
    let mut scanner = Scanner::new(Layout::Json, mapping.clone());
    scanner.scan(&live.view(), bytes, &mut hits);
    let mut found: BTreeMap<usize, Vec<Match>> = BTreeMap::new();
    for hit in &hits {
        found.entry(hit.line).or_default().push(hit.matched);
    }
    let begun = now();
    let (mut place, mut expected) = (0, 0);
    for line in bytes.split(|byte| *byte == b'\n') {
        let mut matches = found.remove(&place).unwrap_or_default();
        matches.sort_unstable();
        if !line.is_empty() {
            let slow = reference.json_line(mapping, line).unwrap_or_default();
            expected += slow.len();
            ensure!(
                slow == matches,
                "the line {} matches {slow:?}, the scanner says {matches:?}",
                String::from_utf8_lossy(line)
            );
        }
        place += line.len() + 1;
    }
    let took = begun.elapsed().as_secs_f64();
    println!("{name}: {expected} hits, the same as the slow reference ({took:.1} s)");
    Ok(())
}

/// Millions of lines a second, beside a count of the lines of the same bytes.
fn rates(name: &str, live: &Live, mapping: &Mapping, bytes: &[u8]) -> f64 {
    let mut scanner = Scanner::new(Layout::Json, mapping.clone());
    let view = live.view();
    let mut hits: Vec<Hit> = Vec::new();
    let (mut ours, mut counts) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        hits.clear();
        let begun = cpu();
        scanner.scan(&view, bytes, &mut hits);
        ours.push(cpu().saturating_sub(begun));
        let begun = cpu();
        std::hint::black_box(lines(std::hint::black_box(bytes)));
        counts.push(cpu().saturating_sub(begun));
    }
    let (ours, counts) = (median(ours).as_secs_f64(), median(counts).as_secs_f64());
    let rate = lines(bytes) as f64 / ours / 1e6;
    println!(
        "{name}: {rate:.2} million lines a second, {:.2} GB/s, {:.3} of a count of lines ({:.1} GB/s)",
        bytes.len() as f64 / ours / 1e9,
        counts / ours,
        bytes.len() as f64 / counts / 1e9,
    );
    rate
}

/// What people use, process by process, on the telemetry once.
fn others(folder: &Path, list: &str, bytes: &[u8], ours: f64) -> Result<()> {
    let (patterns, log) = (folder.join("patterns"), folder.join("log"));
    std::fs::write(&patterns, format!("{list}\n"))?;
    std::fs::write(&log, bytes)?;
    let script = "import sys, orjson
marks = set(line.strip() for line in open(sys.argv[1]))
def leaves(value):
    if isinstance(value, str): yield value
    elif isinstance(value, list):
        for item in value: yield from leaves(item)
    elif isinstance(value, dict):
        for item in value.values(): yield from leaves(item)
import time
begun = time.process_time()
hits = 0
for line in open(sys.argv[2], 'rb'):
    for leaf in leaves(orjson.loads(line)):
        rest = leaf
        while True:
            if rest in marks: hits += 1
            at = rest.find('.')
            if at < 0: break
            rest = rest[at + 1:]
print(time.process_time() - begun)";
    let (patterns, log) = (patterns.to_string_lossy(), log.to_string_lossy());
    let contenders: [(&str, Vec<&str>); 3] = [
        (
            "grep -F -f",
            vec!["grep", "-c", "-F", "-f", &patterns, &log],
        ),
        (
            "ripgrep -F -f",
            vec!["rg", "-j1", "-c", "-F", "-f", &patterns, &log],
        ),
        (
            "Python set over orjson, without its start",
            vec!["python3", "-c", script, &patterns, &log],
        ),
    ];
    for (name, command) in contenders {
        let is_there = Command::new(command[0])
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        if is_there.is_err() {
            println!("{name}: not there");
            continue;
        }
        let mut timed = Command::new("bash");
        timed.args(["-c", "TIMEFORMAT='%U %S'; time LC_ALL=C \"$@\"", "bash"]);
        let output = timed.args(&command).output()?;
        let out = String::from_utf8_lossy(&output.stdout);
        let error = String::from_utf8_lossy(&output.stderr);
        let sum = |text: &str| {
            text.split_whitespace()
                .filter_map(|s| s.parse::<f64>().ok())
                .sum()
        };
        let seconds: f64 = match name.starts_with("Python") {
            true => sum(&out),
            false => sum(error.lines().last().unwrap_or_default()),
        };
        let ratio = seconds / ours;
        println!("{name}: {seconds:.2} s of CPU; our scan takes {ours:.3} s: {ratio:.0} x");
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', bytes).count()
}

/// Time that this thread had a core.
pub(super) fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|word| word.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
