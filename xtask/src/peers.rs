//! Programs of others that ours is measured against or speaks with: from the public Python index,
//! pinned, into `target/tools`.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use noroshi_testkit::{free_address, stop};
use serde_json::json;

/// Medallion, the reference server of OASIS.
pub(crate) const MEDALLION: &str = "medallion==3.0.0";
/// How long a server may take to start.
const START_MAX: Duration = Duration::from_secs(60);
/// Id of medallion's one collection.
const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";

/// Pinned packages in `target/tools/NAME`, installed once for each list of them.
///
/// # Errors
/// No Python, or no index.
pub(crate) fn installed(root: &Path, name: &str, packages: &[&str]) -> Result<PathBuf> {
    let tools = root.join("target/tools").join(name);
    let (mark, wanted) = (tools.join("installed.txt"), packages.join("\n"));
    if std::fs::read_to_string(&mark).is_ok_and(|known| known == wanted) {
        return Ok(tools);
    }
    if tools.exists() {
        std::fs::remove_dir_all(&tools)?;
    }
    let status = Command::new("python3")
        .args(["-m", "pip", "install", "--quiet", "--target"])
        .arg(&tools)
        .args(packages)
        .status()
        .context("python3 is not there: install Python 3.10 or later")?;
    ensure!(
        status.success(),
        "pip does not install {}: it needs the public Python index once",
        packages.join(" ")
    );
    std::fs::write(&mark, wanted)?;
    Ok(tools)
}

/// Try until a server of that name takes connections.
///
/// # Errors
/// It does not within a minute.
#[expect(
    clippy::disallowed_methods,
    reason = "a tool that looks whether another program is there"
)]
pub(crate) fn listening(name: &str, address: &str) -> Result<()> {
    let began = now();
    while TcpStream::connect(address).is_err() {
        ensure!(began.elapsed() < START_MAX, "{name} does not start");
        std::thread::yield_now();
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a tool waits for another program in real time"
)]
fn now() -> Instant {
    Instant::now()
}

/// Medallion as it serves one empty collection from memory, to one user whose name is the password.
pub(crate) struct Medallion {
    child: Child,
    pub(crate) address: String,
}

impl Medallion {
    /// The API root's title, and its only user.
    pub(crate) const USER: &str = "bench";
    /// The collection's id.
    pub(crate) const COLLECTION: &str = COLLECTION;

    /// Start it with its files in a folder; pages hold so many objects.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start(tools: &Path, folder: &Path, page_max: usize) -> Result<Self> {
        let address = free_address()?;
        let (host, port) = address.rsplit_once(':').context("no port")?;
        let data = json!({
            "/discovery": { "title": Self::USER, "default": format!("http://{address}/api/"),
                "api_roots": ["api"] },
            "api": {
                "information": { "title": Self::USER,
                    "versions": ["application/taxii+json;version=2.1"],
                    "max_content_length": 104_857_600 },
                "status": [],
                "collections": [{ "id": COLLECTION, "title": "All", "can_read": true,
                    "can_write": true, "media_types": ["application/stix+json;version=2.1"],
                    "objects": [], "manifest": [] }],
            },
        });
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("data.json"), data.to_string())?;
        let config = json!({
            "backend": { "module": "medallion.backends.memory_backend",
                "module_class": "MemoryBackend", "filename": folder.join("data.json") },
            "users": { Self::USER: Self::USER }, "taxii": { "max_page_size": page_max },
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
        let started = listening("medallion", &address);
        let medallion = Self { child, address };
        match started {
            Ok(()) => Ok(medallion),
            Err(error) => {
                medallion.stop()?;
                Err(error)
            }
        }
    }

    /// End it.
    ///
    /// # Errors
    /// It cannot be waited for.
    pub(crate) fn stop(self) -> Result<()> {
        stop(self.child).map(|_| ())
    }
}
