//! `cargo xtask clients`: real TAXII clients, pinned, against a server in memory or one that runs;
//! and our own client against medallion.

mod medallion;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::peers;
use crate::suite::cargo;

/// What schemathesis holds every answer against; what it would like of a description beyond that
/// (an empty filter refused, two versions never the same) is decided otherwise in ADR 12.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,ignored_auth,unsupported_method";

/// A server and what a client needs to know of it.
struct Server {
    origin: String,
    user: String,
    password: String,
    /// Id of a collection that may be read and written.
    collection: String,
}

/// Run them: `clients`, or `clients ORIGIN USER PASSWORD COLLECTION` against a server that runs.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let tools = installed(root)?;
    let (server, memory) = match args {
        [] => started(root).map(|(server, child)| (server, Some(child)))?,
        [origin, user, password, collection] => {
            let server = Server {
                origin: origin.clone(),
                user: user.clone(),
                password: password.clone(),
                collection: collection.clone(),
            };
            (server, None)
        }
        _ => bail!("cargo xtask clients [ORIGIN USER PASSWORD COLLECTION]"),
    };
    let outcome = clients(root, &tools, &server).and_then(|()| described(&tools, &server));
    if let Some(mut child) = memory {
        // It ends with its standard input.
        drop(child.stdin.take());
        child.wait()?;
    }
    outcome?;
    if args.is_empty() {
        medallion::run(root)?;
    }
    Ok(())
}

/// The pinned clients, as the list of them says.
fn installed(root: &Path) -> Result<PathBuf> {
    let list = root.join("crates/noroshi-net/tests/clients/requirements.txt");
    let list = std::fs::read_to_string(&list).context("the list of clients")?;
    let lines = list.lines().map(str::trim);
    let pinned: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    peers::installed(root, "taxii-clients", &pinned)
}

/// The server in memory, from `noroshi-net`'s examples.
fn started(root: &Path) -> Result<(Server, Child)> {
    let example = "taxii_memory";
    cargo(&[
        "build",
        "--quiet",
        "--package",
        "noroshi-net",
        "--example",
        example,
    ])?;
    let mut child = Command::new(root.join("target/debug/examples").join(example))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("the server in memory")?;
    let mut origin = String::new();
    let output = child.stdout.take().context("its output")?;
    BufReader::new(output).read_line(&mut origin)?;
    let server = Server {
        origin: origin.trim().to_owned(),
        user: "caller".to_owned(),
        password: "secret".to_owned(),
        collection: "11111111-1111-4111-8111-111111111111".to_owned(),
    };
    Ok((server, child))
}

/// taxii2-client, stix2 and requests.
fn clients(root: &Path, tools: &Path, server: &Server) -> Result<()> {
    let script = root.join("crates/noroshi-net/tests/clients/clients.py");
    let status = python(tools)
        .arg(script)
        .args([&server.origin, &server.user, &server.password])
        .arg(&server.collection)
        .status()?;
    ensure!(
        status.success(),
        "a real client is not served as it should be"
    );
    Ok(())
}

/// schemathesis over the description that the server gives of itself.
fn described(tools: &Path, server: &Server) -> Result<()> {
    let credential = format!("{}:{}", server.user, server.password);
    let status = python(tools)
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/taxii2/openapi.json", server.origin))
        .args(["--url", &server.origin, "--auth", &credential])
        .args(["--max-examples", "50", "--seed", "1", "--checks", CHECKS])
        .args(["--generation-database", "none"])
        .status()?;
    ensure!(
        status.success(),
        "the server does not do as its description says"
    );
    Ok(())
}

fn python(tools: &Path) -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", tools).current_dir(tools);
    command
}
