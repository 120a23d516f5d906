//! `cargo xtask fuzz`: inputs made from the corpus by chance, two decoders at a time. It is not
//! guided by coverage; fuzz/README.md says how to run what is.

#![expect(clippy::print_stdout, reason = "a tool for the terminal")]

mod mutate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use noroshi_fuzz::{TARGETS, Target};

use mutate::Maker;

/// Decoders at work at one time.
const WORKERS: usize = 2;
/// Longest a decoder may take for one input; the largest made is a few hundred kilobytes.
const SLOW: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("fuzz: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "it runs for a time")]
fn now() -> Instant {
    Instant::now()
}

struct Asked {
    seconds: u64,
    seed: u64,
    names: Vec<String>,
}

fn read(args: &[String]) -> Result<Asked> {
    let mut asked = Asked {
        seconds: 60,
        seed: 1,
        names: Vec::new(),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64> {
            let value = args
                .next()
                .with_context(|| format!("{arg} needs a number"))?;
            value.parse().with_context(|| format!("{arg} {value}"))
        };
        match arg.as_str() {
            "--seconds" => asked.seconds = number()?,
            "--seed" => asked.seed = number()?,
            name if TARGETS.iter().any(|target| target.name == name) => {
                asked.names.push(name.to_owned());
            }
            _ => bail!("cargo xtask fuzz [--seconds N] [--seed N] [DECODER...]"),
        }
    }
    Ok(asked)
}

fn run(args: &[String]) -> Result<()> {
    let asked = read(args)?;
    let targets: Vec<&Target> = TARGETS
        .iter()
        .filter(|target| asked.names.is_empty() || asked.names.iter().any(|n| n == target.name))
        .collect();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let told = match fuzz(target, &asked) {
                        Ok(told) => told,
                        Err(error) => {
                            let failure = format!("{}: {error:#}", target.name);
                            if let Ok(mut failed) = failed.lock() {
                                failed.push(failure.clone());
                            }
                            failure
                        }
                    };
                    println!("{told}");
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    ensure!(failed.is_empty(), "{} decoders failed", failed.len());
    Ok(())
}

/// One decoder for its time.
fn fuzz(target: &Target, asked: &Asked) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = corpus(&root.join("corpus").join(target.name))?;
    let mut maker = Maker::new(asked.seed, target.name, corpus);
    let (began, limit) = (now(), Duration::from_secs(asked.seconds));
    let (mut inputs, mut taken) = (0_u64, 0_u64);
    let mut slowest = Duration::ZERO;
    while began.elapsed() < limit {
        let input = maker.make();
        let started = now();
        match catch_unwind(AssertUnwindSafe(|| (target.run)(&input))) {
            Ok(was_taken) => taken += u64::from(was_taken),
            Err(_) => bail!("it panics at {}", keep(root, target, &input)?.display()),
        }
        let took = started.elapsed();
        slowest = slowest.max(took);
        if took > SLOW {
            let kept = keep(root, target, &input)?;
            bail!("it takes {took:?} at {}", kept.display());
        }
        inputs += 1;
    }
    Ok(format!(
        "{:16} {inputs:10} inputs, {taken:9} taken, slowest {slowest:?}",
        target.name
    ))
}

fn corpus(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| folder.display().to_string())?
        .map(|file| Ok(file?.path()))
        .collect::<Result<_>>()?;
    // In one order, or the seed would mean something else on every machine.
    files.sort();
    let inputs = files
        .iter()
        .map(std::fs::read)
        .collect::<Result<Vec<_>, _>>()?;
    ensure!(!inputs.is_empty(), "{} is empty", folder.display());
    Ok(inputs)
}

/// Keep what was found, under its hash: it becomes a test before it is mended.
fn keep(root: &Path, target: &Target, input: &[u8]) -> Result<PathBuf> {
    let folder = root.join("artifacts").join(target.name);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(noroshi_model::Digest::of(input).to_string());
    std::fs::write(&path, input)?;
    Ok(path)
}
