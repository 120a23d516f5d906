//! A proof of one release, checked offline: by a process of its own, with two keys and no node. And
//! what verifying everything costs.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use noroshi_testkit::{Node, befriend, bundle, object_id, stop};

use super::node::{import, now, share};
use super::{Stage, high_water};

/// Items released.
const ITEMS: u32 = 100_000;
/// Checks; the median and the slowest are told.
const CHECKS: usize = 101;

pub(super) fn measure(stage: &Stage) -> Result<()> {
    let jp = stage.node("proof-jp", "JPN", 17_491)?;
    let us = stage.node("proof-us", "USA", 17_492)?;
    let file = stage.folder.join("released.json");
    std::fs::write(&file, bundle(0, ITEMS))?;
    import(&jp, &file)?;
    let servers = [jp.serve()?, us.serve()?];
    let shared = befriend(&jp, &us).and_then(|()| share(&jp, &["--all"]));
    for server in servers {
        stop(server)?;
    }
    shared?;
    check(stage, &jp)?;
    verify(&jp)
}

/// Verify everything from genesis at a node that has just started; the most memory it had in use.
fn verify(jp: &Node) -> Result<()> {
    let server = jp.serve()?;
    let before = high_water(&server)?;
    let began = now();
    let verified = jp.answer(&["ledger", "verify"]);
    let took = began.elapsed();
    let after = high_water(&server)?;
    stop(server)?;
    let verified = verified?;
    println!(
        "ledger verify of {} lines, {ITEMS} releases, {} receipts: {:.1} s, at most {after} MiB in \
         use ({before} before)",
        verified["lines"],
        verified["receipts"],
        took.as_secs_f64(),
    );
    Ok(())
}

fn check(stage: &Stage, jp: &Node) -> Result<()> {
    let item = object_id(ITEMS / 3);
    let proof = jp.answer(&["ledger", "prove", "--item", &item, "--peer", "USA"])?;
    let (file, folder) = (
        stage.folder.join("proof.json"),
        stage.folder.join("exported"),
    );
    std::fs::write(&file, proof.to_string())?;
    jp.run(&[
        "ledger",
        "export",
        &folder.display().to_string(),
        "--peer",
        "USA",
    ])?;
    let (file, keys) = (file.display().to_string(), folder.join("verifier-key"));
    let args = [
        "ledger",
        "check",
        &file,
        "--keys",
        &keys.display().to_string(),
    ];
    let mut times = Vec::new();
    for _ in 0..CHECKS {
        let began = now();
        let output = jp.output(&args)?;
        times.push(began.elapsed());
        ensure!(output.status.success(), "the proof does not hold");
        let told = noroshi_testkit::events(&output.stdout);
        let told = noroshi_testkit::last_word(&told).context("no answer")?;
        ensure!(told["cosigned"].is_string(), "the partner has not cosigned");
    }
    times.sort();
    println!(
        "proof of one release of {ITEMS}, {} bytes, two signatures: checked by a process of its own \
         in {:.1} ms (median of {CHECKS}; slowest {:.1} ms)",
        proof.to_string().len(),
        milliseconds(times[CHECKS / 2]),
        milliseconds(times[CHECKS - 1]),
    );
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
