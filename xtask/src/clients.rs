//! `cargo xtask clients`: real TAXII clients, pinned, against a server in memory, or one that runs,
//! or a node (as `cargo xtask test` does); and our own client against medallion.

mod medallion;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use noroshi_testkit::{Node, free_address, stop, with_taxii};

use crate::peers;
use crate::suite::cargo;

/// What schemathesis holds every answer against; what it would like of a description beyond that
/// (an empty filter refused, two versions never the same) is decided otherwise in ADR 12.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,ignored_auth,unsupported_method";

/// Requests by chance for each endpoint, and as few as a suite has time for.
const EXAMPLES: u32 = 50;
const EXAMPLES_FEW: u32 = 4;

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
    let outcome =
        clients(root, &tools, &server).and_then(|()| described(&tools, &server, EXAMPLES));
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

/// The same clients against a node: the binary that the tests have built, in a folder of its own.
pub(crate) fn against_a_node(root: &Path) -> Result<()> {
    let tools = installed(root)?;
    let folder = root.join("target/tools/clients-node");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    let binary = root.join("target/debug/noroshi");
    let node = Node::new(&binary, &folder, "JPN", &free_address()?)?;
    node.init()?;
    node.profile("own", "TLP:CLEAR")?;
    let taxii = with_taxii(&node, "own")?;
    let server = Server {
        origin: format!("http://{}", taxii.address),
        user: taxii.user,
        password: taxii.secret,
        collection: taxii.collection,
    };
    let child = node.serve()?;
    let outcome = clients(root, &tools, &server)
        .and_then(|()| described(&tools, &server, EXAMPLES_FEW))
        .and_then(|()| node.run(&["ledger", "verify"]).map(|_| ()));
    stop(child)?;
    outcome?;
    certified(root, &tools, &node, &server)
}

/// The node over TLS, to a client that shows a certificate.
fn certified(root: &Path, tools: &Path, node: &Node, plain: &Server) -> Result<()> {
    let folder = node.passphrases.with_file_name("tls");
    std::fs::create_dir_all(&folder)?;
    let at = |name: &str, end: &str| folder.join(format!("{name}.{end}")).display().to_string();
    for name in ["localhost", "client"] {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()])?;
        write_private(&at(name, "crt"), &pem("CERTIFICATE", made.cert.der()))?;
        let key = made.signing_key.serialize_der();
        write_private(&at(name, "key"), &pem("PRIVATE KEY", &key))?;
    }
    let (served, key) = (at("localhost", "crt"), at("localhost", "key"));
    let config = node.home.join("noroshi.toml");
    let text = std::fs::read_to_string(&config)?;
    let (before, taxii) = text.split_once("[taxii]").context("no [taxii]")?;
    let named = format!("certificate = \"{served}\"\nkey = \"{key}\"");
    let taxii = taxii.replacen("certificate = \"\"\nkey = \"\"", &named, 1);
    std::fs::write(&config, format!("{before}[taxii]{taxii}"))?;
    let shown = at("client", "crt");
    let token = ["token", "set", "bench-2", "--client", "bench", "--read"];
    node.order(&[&token[..], &["--certificate", &shown]].concat())?;
    let (_, port) = plain.origin.rsplit_once(':').context("no port")?;
    let child = node.serve()?;
    let status = python(tools)
        .arg(root.join("crates/noroshi-net/tests/clients/certificate.py"))
        .args([&format!("https://localhost:{port}"), &served])
        .args([&shown, &at("client", "key")])
        .status();
    stop(child)?;
    ensure!(status?.success(), "a client certificate is not its client");
    Ok(())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn write_private(path: &str, text: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())?;
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
fn described(tools: &Path, server: &Server, examples: u32) -> Result<()> {
    let credential = format!("{}:{}", server.user, server.password);
    let examples = examples.to_string();
    let status = python(tools)
        .args(["-m", "schemathesis.cli", "run"])
        .arg(format!("{}/taxii2/openapi.json", server.origin))
        .args(["--url", &server.origin, "--auth", &credential])
        .args([
            "--max-examples",
            &examples,
            "--seed",
            "1",
            "--checks",
            CHECKS,
        ])
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
