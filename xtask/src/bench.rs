//! `cargo xtask bench BUNDLE [--million] [--growth|--link]`: import, memory, link and growth, as
//! ratios. Growth goes to 100,000 items, with `--million` to a million; `--growth` and `--link`
//! measure these alone.
//! `cargo xtask bench --gate` measures the gate, `--review FILE...` the review before release.
//! `--match INDICATORS... -- TELEMETRY...` measures matching.
//! `cargo xtask bench BUNDLE --taxii [--million]` measures what a TAXII client posts and reads,
//! `--taxii --posts` what it posts.
//! `cargo xtask bench --pattern` measures patterns, beside stix2-matcher.
//! `cargo xtask bench --proof` measures the check of a proof, `--views [--million]` the views.

mod bare;
mod gate;
mod growth;
mod matching;
mod node;
mod pattern;
mod proof;
mod review;
mod taxii;
mod views;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use noroshi_testkit::{Node, befriend, stop};

use self::bare::Rows;
use self::node::{import, now, share};

/// Runs of each contender; the median counts.
const RUNS: usize = 3;
/// How often the bundle is repeated, with ids of its own each time, for the measure of memory.
const TIMES: u8 = 10;
/// The same for the link with many items: the ATT&CK enterprise bundle becomes 99,084 objects.
const LINK_TIMES: u8 = 4;

/// Run the benches and print a table.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    match args.first().map(String::as_str) {
        Some("--gate") => return gate::run(root),
        Some("--gate-here") => return gate::measure(),
        Some("--match") => return matching::run(root, &args[1..]),
        Some("--match-here") => return matching::measure(&args[1..]),
        Some("--pattern") => return pattern::run(root),
        Some("--review") => return review::run(root, &args[1..]),
        Some("--review-here") => return review::measure(&args[1..]),
        _ => {}
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let Some(bundle) = args.first().map(PathBuf::from) else {
        bail!("name a STIX bundle, such as the ATT&CK enterprise one: cargo xtask bench FILE");
    };
    let is_there = bundle.exists() || has("--proof") || has("--views");
    ensure!(is_there, "{} does not exist", bundle.display());
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "noroshi"])
        .current_dir(root)
        .status()?;
    ensure!(built.success(), "the release build failed");
    let folder = std::env::temp_dir().join(format!("noroshi-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let stage = Stage::new(root, &folder);
    let many = if has("--million") { 1_000_000 } else { 100_000 };
    let outcome = if has("--proof") {
        proof::measure(&stage)
    } else if has("--views") {
        views::measure(&stage, many)
    } else if has("--taxii") && has("--posts") {
        taxii::posts(&stage, &bundle)
    } else if has("--taxii") {
        taxii::measure(root, &stage, &bundle, has("--million"))
    } else if has("--link") {
        many_over_the_link(&stage, &bundle)
    } else if has("--growth") {
        growth::measure(&stage, many)
    } else {
        measure(root, &stage, &bundle)
            .and_then(|()| growth::measure(&stage, many))
            .and_then(|()| proof::measure(&stage))
    };
    std::fs::remove_dir_all(&folder)?;
    outcome
}

/// Where nodes are made.
struct Stage {
    folder: PathBuf,
    binary: PathBuf,
}

impl Stage {
    fn new(root: &Path, folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            binary: root.join("target/release/noroshi"),
        }
    }

    fn node(&self, name: &str, nation: &str, port: u16) -> Result<Node> {
        let address = format!("127.0.0.1:{port}");
        let node = Node::new(&self.binary, &self.folder.join(name), nation, &address)?;
        node.init()?;
        node.profile("bench", "TLP:CLEAR")?;
        Ok(node)
    }
}

fn measure(root: &Path, stage: &Stage, bundle: &Path) -> Result<()> {
    let (mut imports, mut bares) = (Vec::new(), Vec::new());
    let mut objects = 0;
    for run in 0..RUNS {
        let fresh = stage.node(&format!("import-{run}"), "JPN", 17_461)?;
        let (took, admitted) = import(&fresh, bundle)?;
        objects = admitted;
        imports.push(took);
        let rows = Rows::read(&fresh.home.join("store/noroshi.db"))?;
        bares.push(rows.write(&stage.folder.join(format!("bare-{run}")))?);
    }
    let (import, bare) = (median(imports), median(bares));
    print("import", objects, import);
    print("bare engine, the same rows", objects, bare);
    println!(
        "  import at {:.0} % of the bare engine",
        100.0 * bare.as_secs_f64() / import.as_secs_f64()
    );
    match stix2(root, bundle)? {
        Some(took) => {
            print("Python stix2, parsing only", objects, took);
            let ratio = took.as_secs_f64() / import.as_secs_f64();
            println!("  import, durable, at {ratio:.1} x its speed");
        }
        None => println!(
            "Python stix2: not there; python3 -m pip install --target target/tools/stix2 stix2==3.0.1"
        ),
    }
    let small = peak_memory(&stage.node("memory-1", "JPN", 17_463)?, bundle)?;
    let repeated = stage.folder.join("repeated.json");
    repeat(bundle, &repeated, TIMES)?;
    let large = peak_memory(&stage.node("memory-10", "JPN", 17_464)?, &repeated)?;
    println!("peak memory of the node: {small} MiB; at {TIMES} times the input {large} MiB");
    let (_, took) = link(stage, "link", 17_471, bundle)?;
    print("link, release to receipt", objects, took);
    let ratio = took.as_secs_f64() / (2.0 * import.as_secs_f64());
    println!("  {ratio:.2} x both nodes' import times");
    many_over_the_link(stage, bundle)
}

/// The link with about a hundred thousand items, against the import of the same.
fn many_over_the_link(stage: &Stage, bundle: &Path) -> Result<()> {
    let many = stage.folder.join("many.json");
    repeat(bundle, &many, LINK_TIMES)?;
    let ((import, objects), took) = link(stage, "many", 17_475, &many)?;
    print("import of many", objects, import);
    print("link with many, release to receipt", objects, took);
    let ratio = took.as_secs_f64() / (2.0 * import.as_secs_f64());
    println!("  {ratio:.2} x both nodes' import times");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn print(what: &str, objects: u64, took: Duration) {
    let took = took.as_secs_f64();
    let rate = objects as f64 / took;
    println!("{what}: {objects} objects in {took:.2} s, {rate:.0} a second");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// How long the library most people use takes to parse the same objects, without keeping them.
fn stix2(root: &Path, bundle: &Path) -> Result<Option<Duration>> {
    let script = "import json, sys, time, stix2
objects = json.load(open(sys.argv[1]))['objects']
began = time.perf_counter()
for one in objects:
    stix2.parse(one, allow_custom=True)
print(time.perf_counter() - began)";
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(bundle)
        .env("PYTHONPATH", root.join("target/tools/stix2"))
        .output();
    let Ok(output) = output else {
        return Ok(None);
    };
    let seconds = String::from_utf8_lossy(&output.stdout).trim().parse();
    Ok(seconds.ok().map(Duration::from_secs_f64))
}

/// The most memory a serving node had in use, in MiB, after it imported a file.
fn peak_memory(node: &Node, bundle: &Path) -> Result<u64> {
    let server = node.serve()?;
    let outcome = import(node, bundle).and_then(|_| high_water(&server));
    stop(server)?;
    outcome
}

fn high_water(server: &Child) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmHWM")?
        .parse()?;
    Ok(kib / 1024)
}

/// The bundle over and over, every UUID in it another each time, so that references still hold.
fn repeat(bundle: &Path, to: &Path, times: u8) -> Result<()> {
    let text = std::fs::read(bundle)?;
    let mut out = std::io::BufWriter::new(std::fs::File::create(to)?);
    for time in 0..times {
        let mut copy = text.clone();
        let digit = b'0' + time;
        for at in 2..copy.len().saturating_sub(9) {
            let is_id = copy[at - 2..at] == *b"--"
                && copy[at + 8] == b'-'
                && copy[at..at + 8].iter().all(u8::is_ascii_hexdigit);
            if is_id {
                copy[at] = digit;
                copy[at + 1] = b'f';
            }
        }
        out.write_all(&copy)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

/// What the import at one node took, of how many objects; and how long it was from the order to
/// share them until every one was answered by a receipt. Both nodes are servers.
fn link(
    stage: &Stage,
    name: &str,
    port: u16,
    bundle: &Path,
) -> Result<((Duration, u64), Duration)> {
    let jp = stage.node(&format!("{name}-jp"), "JPN", port)?;
    let us = stage.node(&format!("{name}-us"), "USA", port + 1)?;
    let imported = import(&jp, bundle)?;
    let servers = [jp.serve()?, us.serve()?];
    let outcome = befriend(&jp, &us).and_then(|()| {
        let began = now();
        share(&jp, &["--all"])?;
        Ok((imported, began.elapsed()))
    });
    for server in servers {
        stop(server)?;
    }
    outcome
}
