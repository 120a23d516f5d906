//! `cargo xtask bench BUNDLE --taxii`: what a TAXII client posts and reads of a running node,
//! beside the import of the same objects, and beside medallion where it is installed.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use noroshi_testkit::{Node, free_address, stop};
use serde_json::{Value, json};

use super::node::{import, now};
use super::{Stage, high_water, median, print};

/// Objects in one body and on one page.
const PAGE: usize = 1000;
/// Indicators posted.
const INDICATORS: usize = 10_000;
/// Requests of each filter.
const ASKED: usize = 400;
/// Readers at one time, and requests of each.
const READERS: usize = 64;
const EACH: usize = 30;

/// Where a server takes and gives objects, and how to be let in.
#[derive(Clone)]
struct Server {
    address: String,
    objects: String,
    authorization: String,
}

/// What a server answered.
struct Answer {
    status: u16,
    body: Vec<u8>,
}

pub(super) fn measure(root: &Path, stage: &Stage, bundle: &Path) -> Result<()> {
    let plain = stage.node("taxii-import", "JPN", 17_491)?;
    let (import, imported) = import(&plain, bundle)?;
    print("import", imported, import);
    let (node, server) = served(stage)?;
    let began = now();
    let child = node.serve()?;
    println!(
        "start until it serves: {:.0} ms",
        1e3 * began.elapsed().as_secs_f64()
    );
    let outcome = (|| {
        println!("idle memory: {} MiB", high_water(&child)?);
        let indicators = indicators();
        let took = post(&server, &indicators)?;
        print("POST of indicators, durable", INDICATORS as u64, took);
        let real = objects_of(bundle)?;
        let took = post(&server, &real)?;
        print("POST of the bundle, durable", real.len() as u64, took);
        let ratio = import.as_secs_f64() / took.as_secs_f64();
        println!("  at {:.0} % of the import's speed", 100.0 * ratio);
        let reads: Vec<(u64, Duration)> =
            (0..3).map(|_| read_all(&server)).collect::<Result<_>>()?;
        let (given, _) = reads[0];
        let took = median(reads.into_iter().map(|(_, took)| took).collect());
        print("GET of pages of 1,000, whole collection", given, took);
        filtered(&server)?;
        many(&server)?;
        println!("peak memory after all this: {} MiB", high_water(&child)?);
        Ok(())
    })();
    stop(child)?;
    outcome.and_then(|()| medallion(root, stage))
}

/// A node that serves TAXII on loopback, with one client whose collection fills itself.
fn served(stage: &Stage) -> Result<(Node, Server)> {
    let node = stage.node("taxii", "JPN", 17_492)?;
    let address = free_address()?;
    let config = node.home.join("noroshi.toml");
    let text = std::fs::read_to_string(&config)?;
    let text = text.replace("listen = \"\"", &format!("listen = \"{address}\""));
    std::fs::write(&config, text)?;
    node.order(&[
        "client",
        "set",
        "bench",
        "--title",
        "Bench",
        "--nation",
        "JPN",
        "--ceiling",
        "tlp:clear",
    ])?;
    node.order(&[
        "collection",
        "set",
        "all",
        "--title",
        "All",
        "--client",
        "bench",
        "--profile",
        "bench",
        "--standing",
    ])?;
    let given = node.order(&[
        "token", "set", "bench", "--client", "bench", "--read", "--write",
    ])?;
    let secret = given["secret"].as_str().context("no secret")?;
    let rows = node.run(&["collection", "list"])?;
    let id = rows[0]["row"]["id"].as_str().context("no collection")?;
    let server = Server {
        address,
        objects: format!("/taxii2/api/collections/{id}/objects/"),
        authorization: format!("Bearer {secret}"),
    };
    Ok((node, server))
}

fn indicators() -> Vec<Value> {
    let one = |number: usize| {
        json!({
            "type": "indicator", "spec_version": "2.1",
            "id": format!("indicator--{number:08x}-0000-4000-8000-000000000000"),
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "name": format!("Host {number}"), "indicator_types": ["malicious-activity"],
            "pattern": format!("[domain-name:value = 'h{number}.example.com']"),
            "pattern_type": "stix", "valid_from": "2026-01-01T00:00:00Z",
        })
    };
    (0..INDICATORS).map(one).collect()
}

/// The bundle's objects, marking definitions first: what names one that is not known yet is held
/// until it comes, and the import of a file looks ahead for them too.
fn objects_of(bundle: &Path) -> Result<Vec<Value>> {
    let value: Value = serde_json::from_slice(&std::fs::read(bundle)?)?;
    let mut objects = value["objects"].as_array().context("no bundle")?.clone();
    objects.sort_by_key(|object| object["type"] != "marking-definition");
    Ok(objects)
}

/// Post them a thousand at a time; every body must be taken whole.
fn post(server: &Server, objects: &[Value]) -> Result<Duration> {
    let bodies: Vec<String> = objects
        .chunks(PAGE)
        .map(|objects| json!({ "objects": objects }).to_string())
        .collect();
    let mut line = server.connect()?;
    let began = now();
    for body in &bodies {
        let answer = server.ask(&mut line, "POST", &server.objects, Some(body.as_bytes()))?;
        let said = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status == 202, "POST: {} {said}", answer.status);
    }
    Ok(began.elapsed())
}

/// Read page by page to the end; how many objects there were.
fn read_all(server: &Server) -> Result<(u64, Duration)> {
    let mut line = server.connect()?;
    let began = now();
    let (mut given, mut next) = (0, String::new());
    loop {
        let path = format!("{}?limit={PAGE}{next}", server.objects);
        let answer = server.ask(&mut line, "GET", &path, None)?;
        ensure!(answer.status == 200, "GET: {}", answer.status);
        // Counted without parsing: the reader is not what is measured.
        given += count(&answer.body, "\"spec_version\":") as u64;
        // Where the cursor stands, before the objects or behind them, is the server's affair.
        let end = answer.body.len();
        let ends = [
            &answer.body[..end.min(300)],
            &answer.body[end.saturating_sub(300)..],
        ]
        .concat();
        let around = String::from_utf8_lossy(&ends);
        let cursor = around
            .split("\"next\":")
            .nth(1)
            .and_then(|rest| rest.split('"').nth(1));
        match cursor {
            Some(cursor) => next = format!("&next={cursor}"),
            None => return Ok((given, began.elapsed())),
        }
    }
}

fn count(text: &[u8], part: &str) -> usize {
    std::str::from_utf8(text).map_or(0, |text| text.matches(part).count())
}

/// By id, by type and by time, one client.
fn filtered(server: &Server) -> Result<()> {
    let mut line = server.connect()?;
    for (what, filter) in [
        (
            "by id",
            "match[id]=indicator--0000{:04x}-0000-4000-8000-000000000000",
        ),
        ("by type", "match[type]=malware"),
        ("added since", "added_after=2999-01-01T00:00:00Z"),
    ] {
        let mut times = Vec::new();
        for number in 0..ASKED {
            let filter = filter.replace("{:04x}", &format!("{number:04x}"));
            let path = format!("{}?limit=10&{filter}", server.objects);
            let began = now();
            let answer = server.ask(&mut line, "GET", &path, None)?;
            times.push(began.elapsed());
            ensure!(answer.status == 200, "GET {what}: {}", answer.status);
        }
        times.sort();
        tell(what, &times);
    }
    Ok(())
}

fn tell(what: &str, times: &[Duration]) {
    let at =
        |share: usize| 1e3 * times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64();
    println!("GET {what}: p50 {:.2} ms, p99 {:.2} ms", at(50), at(99));
}

/// Many readers while a writer posts: nobody may be refused.
fn many(server: &Server) -> Result<()> {
    let times = std::thread::scope(|scope| -> Result<Vec<Duration>> {
        let readers: Vec<_> = (0..READERS)
            .map(|_| {
                scope.spawn(move || -> Result<Vec<Duration>> {
                    let mut line = server.connect()?;
                    let mut times = Vec::new();
                    for _ in 0..EACH {
                        let path = format!("{}?limit=100&match[type]=indicator", server.objects);
                        let began = now();
                        let answer = server.ask(&mut line, "GET", &path, None)?;
                        ensure!(answer.status == 200, "a reader got {}", answer.status);
                        times.push(began.elapsed());
                    }
                    Ok(times)
                })
            })
            .collect();
        let mut more = indicators();
        for indicator in &mut more {
            indicator["modified"] = "2026-02-01T00:00:00.000Z".into();
        }
        post(server, &more)?;
        let mut times = Vec::new();
        for reader in readers {
            let own = reader
                .join()
                .map_err(|_| anyhow::anyhow!("a reader ended abnormally"))?;
            times.extend(own?);
        }
        Ok(times)
    })?;
    let mut times = times;
    times.sort();
    tell(&format!("of {READERS} readers while one writes"), &times);
    Ok(())
}

/// The reference server of OASIS in Python, which keeps everything in memory.
fn medallion(root: &Path, stage: &Stage) -> Result<()> {
    let tools = root.join("target/tools/medallion");
    if !tools.join("medallion").is_dir() {
        println!(
            "medallion: not there; python3 -m pip install --target target/tools/medallion \
             medallion==3.0.0"
        );
        return Ok(());
    }
    let (mut child, server) = medallion_served(&tools, stage)?;
    let outcome = (|| {
        for size in [1000, 2000] {
            let some = &indicators()[size - 1000..size];
            let took = post(&server, some)?;
            println!("medallion, in memory, up to {size} objects:");
            print("  POST of indicators", some.len() as u64, took);
            let (given, took) = read_all(&server)?;
            print("  GET of pages of 1,000", given, took);
        }
        Ok(())
    })();
    let _ = child.kill();
    child.wait()?;
    outcome
}

fn medallion_served(tools: &Path, stage: &Stage) -> Result<(Child, Server)> {
    let address = free_address()?;
    let (host, port) = address.rsplit_once(':').context("no port")?;
    let id = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
    let data = json!({
        "/discovery": { "title": "Bench", "default": "http://127.0.0.1/api/", "api_roots": ["api"] },
        "api": {
            "information": { "title": "Bench", "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 104_857_600 },
            "status": [],
            "collections": [{ "id": id, "title": "All", "can_read": true, "can_write": true,
                "media_types": ["application/stix+json;version=2.1"], "objects": [], "manifest": [] }],
        },
    });
    let folder: PathBuf = stage.folder.join("medallion");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("data.json"), data.to_string())?;
    let config = json!({
        "backend": { "module": "medallion.backends.memory_backend", "module_class": "MemoryBackend",
            "filename": folder.join("data.json") },
        "users": { "bench": "bench" }, "taxii": { "max_page_size": 1000 },
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
    let server = Server {
        address,
        objects: format!("/api/collections/{id}/objects/"),
        authorization: "Basic YmVuY2g6YmVuY2g=".to_owned(),
    };
    let began = now();
    while server.connect().is_err() {
        ensure!(
            began.elapsed() < Duration::from_secs(30),
            "medallion does not start"
        );
        std::thread::yield_now();
    }
    Ok((child, server))
}

impl Server {
    #[expect(clippy::disallowed_methods, reason = "a bench is a client of its own")]
    fn connect(&self) -> Result<BufReader<TcpStream>> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(BufReader::with_capacity(1 << 20, stream))
    }

    /// One request on a connection that stays open; on one that the server closed, another.
    fn ask(
        &self,
        line: &mut BufReader<TcpStream>,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
    ) -> Result<Answer> {
        let media = "application/taxii+json;version=2.1";
        let length = body.map_or(0, <[u8]>::len);
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nAccept: {media}\r\n",
            self.address, self.authorization
        );
        if body.is_some() {
            head += &format!("Content-Type: {media}\r\nContent-Length: {length}\r\n");
        }
        head += "\r\n";
        let stream = line.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.unwrap_or_default())?;
        let answer = answer(line)?;
        if answer.1 {
            *line = self.connect()?;
        }
        Ok(answer.0)
    }
}

/// An answer with its length, and whether the connection ends with it.
fn answer(line: &mut BufReader<TcpStream>) -> Result<(Answer, bool)> {
    let mut first = String::new();
    line.read_line(&mut first)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("no answer: {first}"))?;
    let (mut length, mut closes) = (None, first.starts_with("HTTP/1.0"));
    loop {
        let mut header = String::new();
        line.read_line(&mut header)?;
        let header = header.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = Some(value.trim().parse::<usize>()?);
        }
        closes |= header == "connection: close";
    }
    let mut body = Vec::new();
    match length {
        Some(length) => {
            body.resize(length, 0);
            line.read_exact(&mut body)?;
        }
        None => {
            line.read_to_end(&mut body)?;
            closes = true;
        }
    }
    Ok((Answer { status, body }, closes))
}
