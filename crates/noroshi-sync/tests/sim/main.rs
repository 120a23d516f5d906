//! The protocol in simulation: three nodes over a road that loses, doubles, reorders, delays, cuts
//! and changes, with processes that die, backups that are restored, clocks that jump by days, disks
//! that fill and recalls that overtake. Seeded: the same seed gives the same run, byte by byte.
//!
//! To repeat a seed that failed: `NOROSHI_SIM_SEED=123 cargo test -p noroshi-sync --test sim`.
//! `NOROSHI_SIM_SEEDS=n` sets how many are run.
//!
//! What is modelled: the disk as one value that a transaction replaces; the process as what is
//! forgotten when it dies. What is real: links, frames, leaves, trees, the gate's permits, and in
//! the smaller run the key exchange and the signatures too. A restore is modelled as the protocol
//! stands: nobody is led astray and no key is used twice, but the links of a restored node promise
//! nothing more.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod arrival;
mod chance;
mod checks;
mod content;
mod faults;
mod keys;
mod laws;
mod node;
mod road;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use faults::{Fault, TABLE};
use keys::Seal;
use world::run;

/// Seeds of every test run, and of a slow one.
const SEEDS: u64 = 10_000;
const SEEDS_SLOW: u64 = 200_000;
/// Seeds with the real key exchange and signatures.
const SEEDS_REAL: u64 = 200;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn seeds() -> std::ops::Range<u64> {
    if let Some(one) = number("NOROSHI_SIM_SEED") {
        return one..one + 1;
    }
    let slow = std::env::var_os("RUN_SLOW_TESTS").is_some();
    let usual = if slow { SEEDS_SLOW } else { SEEDS };
    0..number("NOROSHI_SIM_SEEDS").unwrap_or(usual)
}

/// Run every seed on all cores; the lowest that fails is told.
fn all_hold(seeds: std::ops::Range<u64>, seal: Seal) {
    let next = AtomicU64::new(seeds.start);
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let mut broken: Vec<(u64, String)> = std::thread::scope(|scope| {
        let worker = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return None;
                }
                if let Err(broken) = run(seed, Fault::None, seal) {
                    next.store(seeds.end, Ordering::Relaxed);
                    return Some((seed, broken));
                }
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let ended = threads.into_iter().map(|thread| thread.join().unwrap());
        ended.flatten().collect()
    });
    broken.sort();
    if let Some((seed, broken)) = broken.first() {
        panic!("seed {seed}: {broken}\nrepeat: NOROSHI_SIM_SEED={seed} cargo test -p noroshi-sync");
    }
}

/// Clause: I4a, I5, C2
#[test]
fn whatever_road_and_processes_do_everything_arrives_once_and_in_order_of_urgency() {
    all_hold(seeds(), Seal::Cheap);
}

/// Clause: I5
#[test]
fn the_same_holds_with_real_keys_and_signatures() {
    let few = seeds();
    let end = few.end.min(few.start + SEEDS_REAL);
    all_hold(few.start..end, Seal::Real);
}

/// Clause: I5
#[test]
fn every_planted_fault_is_found() {
    let mut missed = Vec::new();
    for (fault, within) in TABLE {
        match (0..within).find_map(|seed| Some((seed, run(seed, fault, Seal::Cheap).err()?))) {
            Some((seed, found)) => println!("{fault:?}: seed {seed}: {found}"),
            None => missed.push(format!("{fault:?} in {within} seeds")),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_another() {
    let trace = |seed| run(seed, Fault::None, Seal::Cheap).unwrap();
    for seed in 0..50 {
        assert_eq!(trace(seed), trace(seed), "seed {seed}");
    }
    assert_ne!(trace(1), trace(2));
}
