//! Rules of form that no compiler checks.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Longest line of a comment, in characters.
const LINE_CHARS_MAX: usize = 100;
/// Longest file of code, in lines.
const FILE_LINES_MAX: usize = 1000;
/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// Check every file that git knows or would take.
pub(crate) fn run(root: &Path) -> Result<()> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git does not start")?;
    let mut found = Vec::new();
    for name in String::from_utf8_lossy(&output.stdout).lines() {
        let path = root.join(name);
        let Ok(meta) = std::fs::metadata(&path) else {
            continue;
        };
        if meta.len() > FILE_BYTES_MAX {
            found.push(format!("{name}: {} bytes, more than 1 MB", meta.len()));
        }
        if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).with_context(|| name.to_owned())?;
            found.extend(problems(name, &text));
        }
    }
    if found.is_empty() {
        println!("tidy");
        return Ok(());
    }
    found.iter().for_each(|problem| println!("{problem}"));
    bail!("{} places are not tidy", found.len())
}

/// What is wrong with a file of code.
fn problems(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{name}: does not begin with what it is for (//!)"));
    }
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX {
        found.push(format!(
            "{name}: {lines} lines, more than {FILE_LINES_MAX}: split it"
        ));
    }
    let mark = concat!("FIX", "ME");
    for (at, line) in text.lines().enumerate() {
        let at = at + 1;
        // Code is wrapped by rustfmt, which leaves strings and comments alone.
        let is_comment = line.trim_start().starts_with("//");
        if is_comment && line.chars().count() > LINE_CHARS_MAX {
            found.push(format!(
                "{name}:{at}: longer than {LINE_CHARS_MAX} characters"
            ));
        }
        if line.contains(mark) && !line.contains(&format!("{mark}(#")) {
            found.push(format!("{name}:{at}: {mark} without an issue"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::problems;

    #[test]
    fn each_rule_of_form_finds_its_breach() {
        assert_eq!(
            problems("a.rs", "//! What it is for.\nfn a() {}\n"),
            Vec::<String>::new()
        );
        assert!(problems("a.rs", "fn a() {}\n")[0].contains("does not begin"));
        let long = format!("//! x\n// {}\n", "y".repeat(100));
        assert!(problems("a.rs", &long)[0].contains("longer than 100"));
        let many = format!("//! x\n{}", "\n".repeat(1001));
        assert!(problems("a.rs", &many)[0].contains("split it"));
        let mark = format!("//! x\n// {}: later\n", concat!("FIX", "ME"));
        assert!(problems("a.rs", &mark)[0].contains("without an issue"));
    }
}
