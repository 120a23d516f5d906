//! What changes cost: how soon one is at work, and what they do to those who look meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use noroshi_match::{Atom, Layout, Live, Mapping, Scanner};

use super::data::Chance;
use crate::bench::node::now;

/// Changes of the first measure.
const CHANGES: usize = 10_000;
/// Bytes that one look takes, about as many as arrive together.
const CHUNK: usize = 16 * 1024;
/// How long each of the others goes on.
const SPAN: Duration = Duration::from_secs(2);

pub(super) fn measure(live: &Live, mapping: &Mapping, telemetry: &[u8]) -> Result<()> {
    let mut chance = Chance(17);
    let mut atom = || Atom::written(&format!("{}.{}.net", chance.name(5), chance.name(8)));
    let mut took = Vec::new();
    for number in 0..CHANGES {
        let atom = atom()?;
        let line = format!("{{\"query\":\"{}\"}}\n", atom.value());
        let mut scanner = Scanner::new(Layout::Json, mapping.clone());
        let mut hits = Vec::new();
        let begun = now();
        live.add(&atom, 2_000_000 + number as u32);
        scanner.scan(&live.view(), line.as_bytes(), &mut hits);
        took.push(begun.elapsed());
        anyhow::ensure!(!hits.is_empty(), "{} is not at work", atom.value());
        live.remove(&atom);
    }
    print("added and found", &mut took);
    let idle = &mut chunks(live, mapping, telemetry, |_, _| {});
    print("a chunk, idle", idle);
    let idle = quantile(idle, 990);
    let mut number = 0_u32;
    let begun = now();
    let mut fed = chunks(live, mapping, telemetry, |live, _| {
        // Ten thousand a second, by the clock.
        let due = (begun.elapsed().as_secs_f64() * 10_000.0) as u32;
        while number < due {
            if let Ok(atom) = atom() {
                live.add(&atom, 3_000_000 + number);
            }
            number += 1;
        }
        std::thread::yield_now();
    });
    print("a chunk, with 10,000 changes a second", &mut fed);
    let mut settled = Vec::new();
    let mut swapped = chunks(live, mapping, telemetry, |live, _| {
        let begun = now();
        if live.settle().is_ok() {
            settled.push(begun.elapsed());
        }
    });
    print("a chunk, while all is made anew", &mut swapped);
    print("  to make all anew", &mut settled);
    let ratio = |times: &mut [Duration]| quantile(times, 990).as_secs_f64() / idle.as_secs_f64();
    let (fed, swapped) = (ratio(&mut fed), ratio(&mut swapped));
    println!("  p99 of a chunk: {fed:.2} x idle with changes, {swapped:.2} x while made anew");
    Ok(())
}

/// What each chunk takes while another thread does something over and over.
fn chunks(
    live: &Live,
    mapping: &Mapping,
    telemetry: &[u8],
    mut other: impl FnMut(&Live, u32) + Send,
) -> Vec<Duration> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let is_over = &is_over;
        scope.spawn(move || {
            let mut round = 0;
            while !is_over.load(Ordering::Relaxed) {
                other(live, round);
                round += 1;
            }
        });
        let mut scanner = Scanner::new(Layout::Json, mapping.clone());
        let (mut times, mut hits) = (Vec::new(), Vec::new());
        let (all, mut begin) = (now(), 0);
        while all.elapsed() < SPAN {
            let end = (begin + CHUNK).min(telemetry.len());
            let end =
                memchr::memrchr(b'\n', &telemetry[begin..end]).map_or(end, |at| begin + at + 1);
            let begun = now();
            scanner.scan(&live.view(), &telemetry[begin..end], &mut hits);
            times.push(begun.elapsed());
            hits.clear();
            begin = if end == telemetry.len() { 0 } else { end };
        }
        is_over.store(true, Ordering::Relaxed);
        times
    })
}

fn quantile(times: &mut [Duration], of_thousand: usize) -> Duration {
    times.sort();
    times
        .get(times.len() * of_thousand / 1000)
        .copied()
        .unwrap_or_default()
}

fn print(what: &str, times: &mut [Duration]) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (p50, p99) = (quantile(times, 500), quantile(times, 990));
    println!(
        "{what}: p50 {:.1} us, p99 {:.1} us",
        micros(p50),
        micros(p99)
    );
}
