//! Telemetry and indicators for the bench: real ones, planted ones, made-up ones.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use noroshi_match::{Atom, Kind};

/// Values of the telemetry that become indicators, so that there is something to find.
const PLANTED: usize = 300;

fn read(file: &str) -> Result<Vec<u8>> {
    let tool = match file.rsplit('.').next() {
        Some("gz") => "gzip",
        Some("zst") => "zstd",
        _ => return std::fs::read(file).with_context(|| file.to_owned()),
    };
    let output = Command::new(tool).args(["-dc", file]).output()?;
    ensure!(output.status.success(), "{file} cannot be unpacked");
    Ok(output.stdout)
}

/// All files, one after the other.
pub(super) fn telemetry(files: &[String]) -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for file in files {
        all.extend(read(file)?);
        if all.last() != Some(&b'\n') {
            all.push(b'\n');
        }
    }
    Ok(all)
}

/// Every line's indicator that can be read, once.
pub(super) fn indicators(files: &[String]) -> Result<Vec<String>> {
    let mut all = BTreeSet::new();
    for file in files {
        let bytes = read(file)?;
        for line in String::from_utf8_lossy(&bytes).lines() {
            let entry = line.split(['\t', '#']).next().unwrap_or_default().trim();
            if Atom::written(entry).is_ok() {
                all.insert(entry.to_owned());
            }
        }
    }
    Ok(all.into_iter().collect())
}

/// Addresses and names of the telemetry, evenly spread.
pub(super) fn planted(telemetry: &[u8]) -> Vec<String> {
    let mut values = BTreeSet::new();
    for string in telemetry.split(|byte| *byte == b'"') {
        let Ok(text) = std::str::from_utf8(string) else {
            continue;
        };
        if !text.contains('.') || text.starts_with("id.") || text.contains(' ') {
            continue;
        }
        if let Ok(atom) = Atom::observed(Kind::Domain, text).or(Atom::observed(Kind::Ipv4, text)) {
            values.insert(atom.value().to_owned());
        }
    }
    let step = (values.len() / PLANTED).max(1);
    values.into_iter().step_by(step).take(PLANTED).collect()
}

/// An order that is the same in every run.
pub(super) fn shuffle(list: &mut [String]) {
    let mut chance = Chance(7);
    for at in (1..list.len()).rev() {
        list.swap(at, chance.below(at + 1));
    }
}

/// These and made-up names and addresses, ten million in all.
pub(super) fn ten_million(indicators: Vec<String>) -> String {
    let mut chance = Chance(11);
    let mut list = indicators.join("\n");
    for number in indicators.len()..10_000_000 {
        list.push('\n');
        match number % 4 {
            0 => list.push_str(&chance.address()),
            _ => {
                let (first, second) = (chance.name(6), chance.name(9));
                list.push_str(&format!("{first}.{second}.com"));
            }
        }
    }
    list
}

/// The same lines, with every address and name another one, so that no key comes twice.
pub(super) fn cold(telemetry: &[u8]) -> Vec<u8> {
    let mut chance = Chance(13);
    let mut out = Vec::with_capacity(telemetry.len() * 5 / 4);
    for line in telemetry.split_inclusive(|byte| *byte == b'\n') {
        let mut strings = line.split(|byte| *byte == b'"').peekable();
        while let Some(string) = strings.next() {
            let is_value = strings.peek().is_some_and(|next| !next.starts_with(b":"));
            let text = std::str::from_utf8(string).unwrap_or_default();
            match (is_value, Atom::observed(Kind::Domain, text)) {
                (true, _) if Atom::observed(Kind::Ipv4, text).is_ok() => {
                    out.extend(chance.address().bytes());
                }
                (true, Ok(name)) => {
                    let (head, tld) = name.value().rsplit_once('.').unwrap_or_default();
                    out.extend(format!("{head}{}.{tld}", chance.name(6)).bytes());
                }
                _ => out.extend(string),
            }
            if strings.peek().is_some() {
                out.push(b'"');
            }
        }
    }
    out
}

/// Numbers that look like chance and are the same in every run.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub(super) fn name(&mut self, letters: usize) -> String {
        let mut bits = self.next();
        let mut letter = || {
            let letter = b'a' + (bits % 26) as u8;
            bits /= 26;
            char::from(letter)
        };
        (0..letters).map(|_| letter()).collect()
    }

    fn address(&mut self) -> String {
        let [a, b, c, d, ..] = self.next().to_le_bytes();
        format!("{}.{b}.{c}.{d}", 11 + a % 200)
    }
}
