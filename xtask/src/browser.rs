//! `cargo xtask browser`: the console in a real browser, from the link that `serve` prints.
//!
//! Headless Chromium, by keyboard alone, in both languages: an account is set up, an item is
//! offered to a partner, every page is looked at in three sizes, dark and light, once more without
//! scripts, and held against axe-core. No error on the browser's console, no report of the content
//! policy, no request to another host. Pictures stay in `target/browser`.

mod chromium;
mod node;
mod story;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// The rules pages are held against; a tool of tests, in no binary of ours (MPL-2.0).
const AXE: &str = "axe-core@4.14.1";

/// Run the story against a binary: the one named, or the release build.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let binary = match args {
        [] => root.join("target/release/noroshi"),
        [binary] => PathBuf::from(binary),
        _ => bail!("cargo xtask browser [BINARY]"),
    };
    ensure!(
        binary.exists(),
        "{} is not there: build it first",
        binary.display()
    );
    let browser = installed("chromium", &["chromium", "fonts-noto-cjk"])?;
    japanese_letters()?;
    let rules = rules(root)?;
    let pictures = root.join("target/browser");
    std::fs::create_dir_all(&pictures)?;
    for lang in ["en", "ja"] {
        let told = story::run(&story::Setting {
            binary: &binary,
            browser: &browser,
            rules: &rules,
            pictures: &pictures,
            lang,
        })
        .with_context(|| format!("the console in {lang}"))?;
        println!("{lang}: {told}");
    }
    Ok(())
}

/// Where a program is; installed by apt where it is missing and apt is there.
fn installed(program: &str, packages: &[&str]) -> Result<PathBuf> {
    if let Some(found) = found(program) {
        return Ok(found);
    }
    install(packages);
    found(program).with_context(|| {
        format!(
            "{program} is not there and could not be installed: apt-get install {}",
            packages.join(" ")
        )
    })
}

/// Without a font that has them, no picture shows what a person would see.
fn japanese_letters() -> Result<()> {
    let has_some = || {
        let listed = Command::new("fc-list").arg(":lang=ja").output();
        listed.is_ok_and(|listed| !listed.stdout.is_empty())
    };
    if !has_some() {
        install(&["fontconfig", "fonts-noto-cjk"]);
    }
    ensure!(
        has_some(),
        "no font with Japanese letters: apt-get install fontconfig fonts-noto-cjk"
    );
    Ok(())
}

/// Try; whoever asked looks whether it is there.
fn install(packages: &[&str]) {
    let tried = [vec!["update", "-qq"], {
        let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
        install.extend(packages);
        install
    }];
    for args in tried {
        let _ = Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .status();
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places.find(|place| place.is_file())
}

/// The text of axe-core, fetched once into `target/tools`.
fn rules(root: &Path) -> Result<String> {
    let tools = root.join("target/tools").join(AXE.replace('@', "-"));
    let script = tools.join("node_modules/axe-core/axe.min.js");
    if !script.exists() {
        std::fs::create_dir_all(&tools)?;
        let npm = installed("npm", &["npm"])?;
        let status = Command::new(npm)
            .args(["install", "--silent", "--ignore-scripts", "--prefix"])
            .arg(&tools)
            .arg(AXE)
            .status()?;
        ensure!(
            status.success(),
            "npm cannot fetch {AXE}: the browser's test needs its registry once"
        );
    }
    std::fs::read_to_string(&script).with_context(|| script.display().to_string())
}
