//! Our client against medallion, the reference server of OASIS (memory, Python, pinned): one node
//! pushes to it what it releases, another polls it.

use std::path::Path;

use anyhow::{Result, ensure};
use noroshi_testkit::{Node, bundle, free_address};
use serde_json::Value;

use crate::peers::{MEDALLION, Medallion, installed};
use crate::suite::cargo;

/// Objects that go over it: more than one page of either side.
const OBJECTS: u32 = 1200;

/// Push to it, and poll it.
pub(super) fn run(root: &Path) -> Result<()> {
    let tools = installed(root, "medallion", &[MEDALLION])?;
    cargo(&["build", "--quiet", "--package", "noroshi"])?;
    let folder = root.join("target/tools/medallion-run");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let server = Medallion::start(&tools, &folder, 500)?;
    let outcome = over(root, &folder, &format!("http://{}/taxii2/", server.address));
    server.stop()?;
    outcome
}

fn over(root: &Path, folder: &Path, url: &str) -> Result<()> {
    let binary = root.join("target/debug/noroshi");
    let made = |nation: &str| -> Result<Node> {
        let node = Node::new(&binary, &folder.join(nation), nation, &free_address()?)?;
        node.init()?;
        Ok(node)
    };
    let (jp, us) = (made("JPN")?, made("USA")?);
    let password = folder.join("password");
    std::fs::write(&password, format!("{}\n", Medallion::USER))?;
    let password = password.display().to_string();
    let shown = ["--user", Medallion::USER, "--secret-file", &password];
    let channel = [
        "connect",
        "taxii",
        url,
        "--collection",
        Medallion::COLLECTION,
        "--name",
        "medallion",
    ];
    let title = ["--title", "All"];

    jp.profile("own", "TLP:CLEAR")?;
    let client = [
        "client",
        "set",
        "oasis",
        "--nation",
        "USA",
        "--ceiling",
        "tlp:green",
    ];
    jp.order(&[&client[..], &title].concat())?;
    let collection = [
        "collection",
        "set",
        "out",
        "--client",
        "oasis",
        "--standing",
    ];
    jp.order(&[&collection[..], &title].concat())?;
    jp.order(&[&channel[..], &["--push", "out"], &shown].concat())?;
    let file = folder.join("bundle.json");
    std::fs::write(&file, bundle(0, OBJECTS))?;
    jp.answer(&["import", &file.display().to_string(), "--profile", "own"])?;
    let pushed = jp.answer(&["connect", "now", "medallion"])?;
    told("pushed", &pushed, "sent")?;
    told(
        "shown",
        &jp.answer(&["connect", "show", "medallion"])?["counts"],
        "sent",
    )?;
    ensure!(
        jp.answer(&["connect", "now", "medallion"])?["sent"] == 0,
        "what was posted is posted again"
    );

    let foreign = [
        "profile",
        "set",
        "ally",
        "--title",
        "ally",
        "--marking",
        "TLP:CLEAR",
    ];
    us.order(&foreign)?;
    us.order(&[&channel[..], &["--source-profile", "ally"], &shown].concat())?;
    told(
        "polled",
        &us.answer(&["connect", "now", "medallion"])?,
        "admitted",
    )?;
    for node in [&jp, &us] {
        node.run(&["ledger", "verify"])?;
    }
    println!("medallion: {OBJECTS} objects pushed by one node and polled by another");
    Ok(())
}

fn told(what: &str, answer: &Value, field: &str) -> Result<()> {
    ensure!(answer[field] == OBJECTS, "{what}: {answer}");
    Ok(())
}
