//! Our client against medallion, the reference server of OASIS (memory, Python, pinned): one node
//! pushes to it what it releases, another polls it.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use noroshi_testkit::{Node, bundle, free_address};
use serde_json::{Value, json};

use crate::suite::cargo;

const PINNED: &str = "medallion==3.0.0";
/// Id of its collection.
const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
/// How often it is tried whether it listens, and how long each time.
const TRIES: u32 = 600;
const TRY: Duration = Duration::from_millis(100);
/// Objects that go over it: more than one page of either side.
const OBJECTS: u32 = 1200;

/// Push to it, and poll it.
pub(super) fn run(root: &Path) -> Result<()> {
    let tools = installed(root)?;
    cargo(&["build", "--quiet", "--package", "noroshi"])?;
    let folder = root.join("target/tools/medallion-run");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let address = free_address()?;
    let mut server = started(&tools, &folder, &address)?;
    let outcome = over(root, &folder, &format!("http://{address}/taxii2/"));
    // It may have ended by itself, which the outcome tells.
    let _ = server.kill();
    server.wait()?;
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
    std::fs::write(&password, "word\n")?;
    let password = password.display().to_string();
    let shown = ["--user", "noroshi", "--secret-file", &password];
    let channel = [
        "connect",
        "taxii",
        url,
        "--collection",
        ID,
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

fn installed(root: &Path) -> Result<PathBuf> {
    let tools = root.join("target/tools/medallion");
    let mark = tools.join("installed.txt");
    if std::fs::read_to_string(&mark).is_ok_and(|known| known == PINNED) {
        return Ok(tools);
    }
    if tools.exists() {
        std::fs::remove_dir_all(&tools)?;
    }
    let status = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(&tools)
        .arg(PINNED)
        .status()
        .context("python3 is not there: medallion is written in it")?;
    ensure!(status.success(), "pip does not install {PINNED}");
    std::fs::write(&mark, PINNED)?;
    Ok(tools)
}

fn started(tools: &Path, folder: &Path, address: &str) -> Result<Child> {
    let (host, port) = address.rsplit_once(':').context("no port")?;
    let data = json!({
        "/discovery": { "title": "Clients", "default": format!("http://{address}/api/"),
            "api_roots": ["api"] },
        "api": {
            "information": { "title": "Clients",
                "versions": ["application/taxii+json;version=2.1"], "max_content_length": 1_000_000 },
            "status": [],
            "collections": [{ "id": ID, "title": "All", "can_read": true, "can_write": true,
                "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": [] }],
        },
    });
    std::fs::write(folder.join("data.json"), data.to_string())?;
    let config = json!({
        "backend": { "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend", "filename": folder.join("data.json") },
        "users": { "noroshi": "word" }, "taxii": { "max_page_size": 500 },
    });
    std::fs::write(folder.join("config.json"), config.to_string())?;
    let child = Command::new("python3")
        .arg(tools.join("bin/medallion"))
        .args(["--host", host, "--port", port])
        .arg(folder.join("config.json"))
        .env("PYTHONPATH", tools)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    for _ in 0..TRIES {
        if listens(address) {
            return Ok(child);
        }
    }
    anyhow::bail!("medallion does not start")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own, which waits for another one"
)]
fn listens(address: &str) -> bool {
    let is_there = TcpStream::connect(address).is_ok();
    if !is_there {
        std::thread::sleep(TRY);
    }
    is_there
}
