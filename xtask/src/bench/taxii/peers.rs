//! Other servers beside ours: medallion, the reference server of OASIS, which keeps everything in
//! memory, and OpenTAXII on PostgreSQL. Both come from the public Python index, pinned, into
//! `target/tools`; PostgreSQL is the system's, with a cluster of the bench's own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use noroshi_testkit::free_address;
use serde_json::{Value, json};

use super::client::Server;
use super::{Rates, indicators, many, post, read_all, tell};
use crate::bench::{Stage, print};
use crate::peers::{MEDALLION, Medallion, installed, listening};

/// Objects given to a server that takes some hundreds a second.
const FEW: usize = 5000;
/// Id of the API root.
const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
/// User and password `bench`.
const BASIC: &str = "Basic YmVuY2g6YmVuY2g=";

/// Measure what can be had, and how many times ours is as fast.
pub(super) fn measure(root: &Path, stage: &Stage, real: &[Value], ours: &Rates) -> Result<()> {
    match installed(root, "medallion", &[MEDALLION]) {
        Ok(tools) => medallion(&tools, stage)?,
        Err(error) => println!("medallion is not measured: {error:#}"),
    }
    let pinned = [
        "opentaxii==0.10.0b1",
        "psycopg2-binary==2.9.13",
        "gunicorn==27.0.1",
    ];
    let ready = installed(root, "opentaxii", &pinned).and_then(|tools| Ok((tools, postgresql()?)));
    match ready {
        Ok((tools, programs)) => opentaxii(&tools, &programs, stage, real, ours),
        Err(error) => {
            println!("OpenTAXII is not measured: {error:#}");
            Ok(())
        }
    }
}

fn medallion(tools: &Path, stage: &Stage) -> Result<()> {
    let served = Medallion::start(tools, &stage.folder.join("medallion"), 1000)?;
    let server = Server {
        address: served.address.clone(),
        objects: format!("/api/collections/{}/objects/", Medallion::COLLECTION),
        authorization: BASIC.to_owned(),
    };
    let outcome = (|| -> Result<()> {
        for size in [1000, 2000] {
            let some = &indicators(0..size)[size - 1000..size];
            let took = post(&server, some)?;
            println!("medallion, in memory, up to {size} objects:");
            print("  POST of indicators", some.len() as u64, took);
            let (given, took) = read_all(&server)?;
            print("  GET of pages of 1,000", given, took);
        }
        Ok(())
    })();
    served.stop()?;
    outcome
}

/// The folder with PostgreSQL's programs; Debian has one for each version.
fn postgresql() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context(
        "PostgreSQL is not there: apt-get install postgresql (the bench makes its own cluster)",
    )?;
    let folders = versions.flatten().map(|version| version.path().join("bin"));
    folders
        .filter(|folder| folder.join("initdb").exists())
        .max()
        .context("PostgreSQL's initdb is not there")
}

/// A cluster of the bench's own, in a folder of its own.
struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: String,
}

impl Cluster {
    fn start(programs: &Path, stage: &Stage) -> Result<Self> {
        let folder = stage.folder.join("postgresql");
        std::fs::create_dir_all(&folder)?;
        let address = free_address()?;
        let (_, port) = address.rsplit_once(':').context("no port")?;
        let cluster = Self {
            programs: programs.to_path_buf(),
            folder: folder.clone(),
            port: port.to_owned(),
        };
        if is_root() {
            let given = Command::new("chown")
                .arg("postgres")
                .arg(&folder)
                .status()?;
            ensure!(given.success(), "the cluster's folder stays root's");
        }
        let data = folder.join("data");
        let data = data.to_str().context("a folder's name")?;
        cluster.run(
            "initdb",
            &["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8"],
        )?;
        let options = format!(
            "-k {} -c listen_addresses=127.0.0.1 -p {port}",
            folder.display()
        );
        let log = folder.join("log");
        let log = log.to_str().context("a folder's name")?;
        cluster.run(
            "pg_ctl",
            &["-D", data, "-w", "-l", log, "-o", &options, "start"],
        )?;
        Ok(cluster)
    }

    fn stop(&self) -> Result<()> {
        let data = self.folder.join("data");
        let data = data.to_str().context("a folder's name")?;
        self.run("pg_ctl", &["-D", data, "-m", "fast", "-w", "stop"])
    }

    /// PostgreSQL refuses to be root's.
    fn run(&self, program: &str, args: &[&str]) -> Result<()> {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let status = command
            .args(args)
            .current_dir(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        ensure!(status.success(), "{} fails", program.display());
        Ok(())
    }
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn opentaxii(
    tools: &Path,
    programs: &Path,
    stage: &Stage,
    real: &[Value],
    ours: &Rates,
) -> Result<()> {
    let cluster = Cluster::start(programs, stage)?;
    let outcome = opentaxii_served(tools, stage, &cluster).and_then(|(mut child, server)| {
        let outcome = beside(&server, real, ours);
        // The master takes its workers with it when it is asked to go, not when it is killed.
        let id = child.id().to_string();
        let asked = Command::new("kill").arg(&id).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = child.kill();
        }
        child.wait()?;
        outcome
    });
    outcome.and(cluster.stop())
}

fn beside(server: &Server, real: &[Value], ours: &Rates) -> Result<()> {
    println!("OpenTAXII 0.10.0b1 on PostgreSQL, two workers:");
    let few = indicators(0..FEW);
    let took = post(server, &few)?;
    print("  POST of indicators", FEW as u64, took);
    times(ours.indicators, FEW as u64, took);
    // It fails where an object does not say of which version it is.
    let said = |object: &Value| {
        let mut object = object.clone();
        if object["spec_version"].is_null() {
            object["spec_version"] = "2.1".into();
        }
        object
    };
    let real: Vec<Value> = real.iter().take(FEW).map(said).collect();
    let took = post(server, &real)?;
    print("  POST of the bundle's first", real.len() as u64, took);
    times(ours.bundle, real.len() as u64, took);
    let (given, took) = read_all(server)?;
    print("  GET of pages of 1,000", given, took);
    times(ours.pages, given, took);
    super::by_id_and_type(server, "  ", 60)?;
    let filter = "match[type]=indicator&limit=100";
    tell("  of 64 readers", &many(server, filter, 5)?);
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn times(ours: f64, objects: u64, took: Duration) {
    let theirs = objects as f64 / took.as_secs_f64();
    println!("    ours is {:.0} times as fast", ours / theirs);
}

fn opentaxii_served(tools: &Path, stage: &Stage, cluster: &Cluster) -> Result<(Child, Server)> {
    let address = free_address()?;
    let database = format!("postgresql://bench@127.0.0.1:{}/postgres", cluster.port);
    let api = |class: &str, more: Value| {
        let mut parameters = json!({ "db_connection": database, "create_tables": true });
        if let (Some(all), Some(more)) = (parameters.as_object_mut(), more.as_object()) {
            all.extend(more.clone());
        }
        json!({ "class": class, "parameters": parameters })
    };
    let config = json!({
        "domain": address,
        "support_basic_auth": true,
        "auth_api": api("opentaxii.auth.sqldb.SQLDatabaseAPI",
            json!({ "secret": "bench", "token_ttl_secs": 360_000 })),
        "taxii1": null,
        "taxii2": {
            "persistence_api":
                api("opentaxii.persistence.sqldb.Taxii2SQLDatabaseAPI", json!({})),
            "title": "Bench", "public_discovery": true, "max_content_length": 209_715_200,
        },
        "logging": { "opentaxii": "error", "root": "error" },
    });
    // JSON is YAML.
    let file = stage.folder.join("opentaxii.yml");
    std::fs::write(&file, config.to_string())?;
    let command = |program: &str, args: &[&str]| {
        let mut command = Command::new("python3");
        command
            .arg(tools.join("bin").join(program))
            .args(args)
            .env("OPENTAXII_CONFIG", &file)
            .env("PYTHONPATH", tools)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    let account = ["--username", "bench", "--password", "bench", "--admin"];
    let collection = ["-r", ID, "-t", "all", "--public", "--public-write"];
    for (program, args) in [
        ("opentaxii-create-account", &account[..]),
        (
            "opentaxii-add-api-root",
            &["--title", "bench", "--default", "-i", ID],
        ),
        ("opentaxii-add-collection", &collection),
    ] {
        let status = command(program, args).status()?;
        ensure!(status.success(), "{program} fails");
    }
    let serve = ["--workers", "2", "--bind", &address, "opentaxii.http:app"];
    let child = command("gunicorn", &serve).spawn()?;
    let mut server = Server {
        address: address.clone(),
        objects: String::new(),
        authorization: BASIC.to_owned(),
    };
    listening("OpenTAXII", &server.address)?;
    let mut line = server.connect()?;
    let answer = server.ask(
        &mut line,
        "GET",
        &format!("/taxii2/{ID}/collections/"),
        None,
    )?;
    let known: Value = serde_json::from_slice(&answer.body)?;
    let collection = known["collections"][0]["id"].as_str();
    let collection = collection.context("OpenTAXII has no collection")?;
    server.objects = format!("/taxii2/{ID}/collections/{collection}/objects/");
    Ok((child, server))
}
