//! What the binary may be made of, by `deny.toml`: licences, crates that are banned, where crates
//! come from. Asked of cargo's own metadata, so that nothing has to be installed for it.
//!
//! `cargo deny` reads the same file and also knows advisories; it is not built here (several
//! minutes on two cores, and its list of advisories comes from elsewhere than the registry).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The one registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What `deny.toml` says.
struct Policy {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

/// Fail where a crate is not as the policy asks; name crates of which there are two versions.
pub(crate) fn run(root: &Path) -> Result<()> {
    let policy = policy(&std::fs::read_to_string(root.join("deny.toml"))?)?;
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cargo does not start")?;
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages: Vec<&Value> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|package| !package["source"].is_null())
        .collect();
    if packages.is_empty() {
        bail!("cargo names no crates");
    }
    let mut problems = Vec::new();
    let mut versions: BTreeMap<&str, u32> = BTreeMap::new();
    for package in &packages {
        let word = |field: &str| package[field].as_str().unwrap_or_default();
        let (name, licence) = (word("name"), word("license"));
        *versions.entry(name).or_default() += 1;
        if word("source") != REGISTRY {
            problems.push(format!("{name} comes from {}", word("source")));
        }
        if policy.banned.contains(name) {
            problems.push(format!("{name} is banned"));
        }
        if !allows(licence, &policy.licences) {
            problems.push(format!("{name}: the licence `{licence}` is not allowed"));
        }
    }
    versions.retain(|_, count| *count > 1);
    let double: Vec<&str> = versions.into_keys().collect();
    println!("in two versions: {}", double.join(", "));
    if problems.is_empty() {
        println!("{} crates are as deny.toml asks", packages.len());
        Ok(())
    } else {
        bail!(problems.join("; "))
    }
}

fn policy(text: &str) -> Result<Policy> {
    let table: toml::Table = toml::from_str(text).context("deny.toml")?;
    let list = |section: &str, field: &str| {
        let list = table.get(section).and_then(|section| section.get(field));
        let list = list.and_then(toml::Value::as_array);
        list.with_context(|| format!("deny.toml has no {section}.{field}"))
    };
    let licences = list("licenses", "allow")?.iter();
    let banned = list("bans", "deny")?.iter();
    Ok(Policy {
        licences: licences
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect(),
        banned: banned
            .filter_map(|entry| entry.get("crate")?.as_str().map(str::to_owned))
            .collect(),
    })
}

/// Does an SPDX expression leave a choice whose every part is allowed? None at all does not.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    either(&mut words, allowed) == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// `None`: it is no expression.
fn either(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut holds = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        holds |= all(words, allowed)?;
    }
    Some(holds)
}

fn all(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> Option<bool> {
    let mut holds = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        holds &= one(words, allowed)?;
    }
    Some(holds)
}

fn one(words: &mut Words<'_>, allowed: &BTreeSet<String>) -> Option<bool> {
    let licence = words.next()?;
    if licence == "(" {
        let holds = either(words, allowed)?;
        return words.next_if_eq(&")").map(|_| holds);
    }
    match words.next_if_eq(&"WITH") {
        None => Some(allowed.contains(licence)),
        Some(_) => Some(allowed.contains(&format!("{licence} WITH {}", words.next()?))),
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn an_expression_is_allowed_where_one_choice_is_allowed_whole() {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"];
        let allowed = allowed.map(str::to_owned).into();
        for refused in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "Apache-2.0",
            "Apache-2.0 WITH other-exception",
            "(MIT OR ISC",
            "MIT OR",
            "MIT ISC",
            "(GPL-3.0-only OR Zlib) AND MIT",
        ] {
            assert!(!allows(refused, &allowed), "{refused}");
        }
        for fine in [
            "MIT",
            "GPL-3.0-only OR MIT",
            "Apache-2.0/MIT",
            "ISC AND (Apache-2.0 OR MIT)",
            "Apache-2.0 WITH LLVM-exception AND ISC",
        ] {
            assert!(allows(fine, &allowed), "{fine}");
        }
    }
}
