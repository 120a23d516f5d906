//! `cargo xtask bench BUNDLE --taxii [--million]`: what a TAXII client posts and reads of a running
//! node, beside the import of the same objects and a scan of the store, and beside medallion and
//! OpenTAXII; with `--million` what it reads of a million objects. `--posts` measures posting
//! alone.

mod client;
mod peers;

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use noroshi_testkit::{Node, stop, with_taxii};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use self::client::{Line, Server};
use super::node::{import, now};
use super::{RUNS, Stage, high_water, median, print};

/// Objects in one body and on one page.
const PAGE: usize = 1000;
/// Indicators posted.
const INDICATORS: usize = 10_000;
/// Requests of each filter.
const ASKED: usize = 400;
/// Readers at one time, and requests of each.
const READERS: usize = 64;
const EACH: usize = 30;
/// Pages of which the mean is taken at the beginning and at the end of a listing.
const ENDS: usize = 10;

/// Objects a second, for those that are measured beside.
#[derive(Clone, Copy, Default)]
struct Rates {
    indicators: f64,
    bundle: f64,
    pages: f64,
}

pub(super) fn measure(root: &Path, stage: &Stage, bundle: &Path, million: bool) -> Result<()> {
    let real = objects_of(bundle)?;
    posted(stage, bundle, &real)?;
    let (node, server) = served(stage, "taxii", 17_492)?;
    let began = now();
    let child = node.serve()?;
    println!(
        "start until it serves: {:.0} ms",
        1e3 * began.elapsed().as_secs_f64()
    );
    let outcome = (|| -> Result<Rates> {
        println!("idle memory: {} MiB", high_water(&child)?);
        let mut rates = Rates::default();
        let took = post(&server, &indicators(0..INDICATORS))?;
        print("POST of indicators, durable", INDICATORS as u64, took);
        rates.indicators = rate(INDICATORS, took);
        rates.bundle = rate(real.len(), post(&server, &real)?);
        rates.pages = pages(&node, &server)?;
        filtered(&server, ASKED)?;
        let filter = "match[type]=indicator&limit=100";
        tell(
            &format!("GET by type, {READERS} clients"),
            &many(&server, filter, EACH)?,
        );
        while_one_writes(&server, INDICATORS)?;
        println!("peak memory after all this: {} MiB", high_water(&child)?);
        Ok(rates)
    })();
    stop(child)?;
    let rates = outcome?;
    if million {
        large(stage, &real)?;
    }
    peers::measure(root, stage, &real, &rates)
}

/// The bundle posted, beside its import: the median of each.
fn posted(stage: &Stage, bundle: &Path, real: &[Value]) -> Result<()> {
    let (mut imports, mut posts, mut objects) = (Vec::new(), Vec::new(), 0);
    for run in 0..RUNS {
        let plain = stage.node(&format!("taxii-import-{run}"), "JPN", 17_491)?;
        let (took, admitted) = import(&plain, bundle)?;
        objects = admitted;
        imports.push(took);
        let (node, server) = served(stage, &format!("taxii-post-{run}"), 17_492)?;
        let child = node.serve()?;
        let took = post(&server, real);
        stop(child)?;
        posts.push(took?);
    }
    let (import, post) = (median(imports), median(posts));
    print("import", objects, import);
    print("POST of the bundle, durable", real.len() as u64, post);
    let ratio = import.as_secs_f64() / post.as_secs_f64();
    println!("  at {:.0} % of the import's speed", 100.0 * ratio);
    Ok(())
}

/// Posting alone: the bundle beside its import, and indicators.
pub(super) fn posts(stage: &Stage, bundle: &Path) -> Result<()> {
    posted(stage, bundle, &objects_of(bundle)?)?;
    let mut times = Vec::new();
    for run in 0..RUNS {
        let (node, server) = served(stage, &format!("taxii-few-{run}"), 17_492)?;
        let child = node.serve()?;
        let took = post(&server, &indicators(0..INDICATORS));
        stop(child)?;
        times.push(took?);
    }
    let took = median(times);
    print("POST of indicators, durable", INDICATORS as u64, took);
    Ok(())
}

/// A node that serves TAXII on loopback, with one client whose collection fills itself.
fn served(stage: &Stage, name: &str, port: u16) -> Result<(Node, Server)> {
    let node = stage.node(name, "JPN", port)?;
    let taxii = with_taxii(&node, "bench")?;
    let server = Server {
        objects: format!("/taxii2/api/collections/{}/objects/", taxii.collection),
        authorization: format!("Bearer {}", taxii.secret),
        address: taxii.address,
    };
    Ok((node, server))
}

fn indicators(numbers: Range<usize>) -> Vec<Value> {
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
    numbers.map(one).collect()
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

/// Read to the end, and scan the store for the same; objects a second.
fn pages(node: &Node, server: &Server) -> Result<f64> {
    let reads: Vec<(u64, Duration)> = (0..RUNS).map(|_| read_all(server)).collect::<Result<_>>()?;
    let (given, _) = reads[0];
    let took = median(reads.into_iter().map(|(_, took)| took).collect());
    print("GET of pages of 1,000, whole collection", given, took);
    let scans: Vec<(usize, Duration)> = (0..RUNS).map(|_| scan(node)).collect::<Result<_>>()?;
    let (objects, _) = scans[0];
    let scanned = median(scans.into_iter().map(|(_, took)| took).collect());
    print("scan of the store", objects as u64, scanned);
    let given = usize::try_from(given)?;
    let ratio = rate(given, took) / rate(objects, scanned);
    println!("  pages at {:.0} % of the scan's speed", 100.0 * ratio);
    Ok(rate(given, took))
}

/// Every admitted object's bytes, by the engine alone.
fn scan(node: &Node) -> Result<(usize, Duration)> {
    let file = node.home.join("store/noroshi.db");
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut statement = connection.prepare("SELECT canonical FROM item WHERE state = 0")?;
    let began = now();
    let (mut objects, mut bytes) = (0, Vec::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        objects += 1;
        bytes.clear();
        bytes.extend_from_slice(row.get_ref(0)?.as_blob()?);
    }
    Ok((objects, began.elapsed()))
}

/// Read page by page to the end: how many objects there were, and how long it was from asking for
/// each page until its last byte was here.
fn read_all(server: &Server) -> Result<(u64, Duration)> {
    let pages = read_pages(server)?;
    let given = pages.iter().map(|(given, _)| given).sum();
    Ok((given, pages.iter().map(|(_, took)| took).sum()))
}

fn read_pages(server: &Server) -> Result<Vec<(u64, Duration)>> {
    let mut line = server.connect()?;
    let (mut pages, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("{}?limit={PAGE}{next}", server.objects);
        let began = now();
        let answer = server.ask(&mut line, "GET", &path, None)?;
        let took = began.elapsed();
        ensure!(answer.status == 200, "GET: {}", answer.status);
        // Counted without parsing: the reader is not what is measured.
        pages.push((count(&answer.body, "\"spec_version\":") as u64, took));
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
            None => return Ok(pages),
        }
    }
}

fn count(text: &[u8], part: &str) -> usize {
    std::str::from_utf8(text).map_or(0, |text| text.matches(part).count())
}

/// By id, by type and by time, one client.
fn filtered(server: &Server, asked: usize) -> Result<()> {
    by_id_and_type(server, "", asked)?;
    let mut line = server.connect()?;
    let filter = "added_after=2999-01-01T00:00:00Z&limit=10";
    let times = (0..asked).map(|_| get(server, &mut line, filter));
    tell("GET added since", &times.collect::<Result<Vec<_>>>()?);
    Ok(())
}

fn by_id_and_type(server: &Server, before: &str, asked: usize) -> Result<()> {
    let mut line = server.connect()?;
    let id = |number: usize| {
        format!("match[id]=indicator--{number:08x}-0000-4000-8000-000000000000&limit=10")
    };
    let by_type = |_: usize| "match[type]=malware&limit=10".to_owned();
    let filters: [(&str, &dyn Fn(usize) -> String); 2] = [("by id", &id), ("by type", &by_type)];
    for (what, filter) in filters {
        let times = (0..asked).map(|number| get(server, &mut line, &filter(number)));
        let times = times.collect::<Result<Vec<_>>>()?;
        tell(&format!("{before}GET {what}"), &times);
    }
    Ok(())
}

fn get(server: &Server, line: &mut Line, filter: &str) -> Result<Duration> {
    let path = format!("{}?{filter}", server.objects);
    let began = now();
    let answer = server.ask(line, "GET", &path, None)?;
    ensure!(answer.status == 200, "GET {filter}: {}", answer.status);
    Ok(began.elapsed())
}

fn tell(what: &str, times: &[Duration]) {
    let mut times = times.to_vec();
    times.sort();
    let at =
        |share: usize| 1e3 * times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64();
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms", at(50), at(99));
}

/// Many readers at once; nobody may be refused.
fn many(server: &Server, filter: &str, each: usize) -> Result<Vec<Duration>> {
    std::thread::scope(|scope| {
        let reader = move || -> Result<Vec<Duration>> {
            let mut line = server.connect()?;
            (0..each).map(|_| get(server, &mut line, filter)).collect()
        };
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(reader)).collect();
        let mut times = Vec::new();
        for reader in readers {
            let own = reader.join();
            times.extend(own.map_err(|_| anyhow::anyhow!("a reader ended abnormally"))??);
        }
        Ok(times)
    })
}

/// The same while a writer posts new versions.
fn while_one_writes(server: &Server, count: usize) -> Result<()> {
    let times = std::thread::scope(|scope| {
        let filter = "match[type]=indicator&limit=100";
        let readers = scope.spawn(move || many(server, filter, EACH));
        let mut more = indicators(0..count);
        for indicator in &mut more {
            indicator["modified"] = "2026-02-01T00:00:00.000Z".into();
        }
        let took = post(server, &more)?;
        let times = readers.join();
        let times = times.map_err(|_| anyhow::anyhow!("the readers ended abnormally"))??;
        print("POST meanwhile", count as u64, took);
        Ok::<_, anyhow::Error>(times)
    })?;
    tell(&format!("of {READERS} readers while one writes"), &times);
    Ok(())
}

/// Ten thousand objects and a million: what a page and a filter cost, and a start.
fn large(stage: &Stage, real: &[Value]) -> Result<()> {
    let (node, server) = served(stage, "taxii-million", 17_494)?;
    let child = node.serve()?;
    let filled = (|| -> Result<()> {
        // What is looked for by type stands behind what there is much of.
        post(&server, &indicators(0..INDICATORS))?;
        the_ends("of 10,000 objects", &server)?;
        let mut took = Duration::ZERO;
        for from in (INDICATORS..1_000_000).step_by(INDICATORS) {
            took += post(&server, &indicators(from..from + INDICATORS))?;
        }
        print("POST up to a million", 1_000_000 - INDICATORS as u64, took);
        post(&server, real)?;
        the_ends("of a million", &server)?;
        println!("peak memory: {} MiB", high_water(&child)?);
        Ok(())
    })();
    stop(child)?;
    filled?;
    let began = now();
    let child = node.serve()?;
    let took = 1e3 * began.elapsed().as_secs_f64();
    println!("start with a million until it serves: {took:.0} ms");
    println!("idle memory: {} MiB", high_water(&child)?);
    let outcome = (|| -> Result<()> {
        println!("at a million:");
        filtered(&server, ASKED)?;
        for filter in [
            "match[type]=malware&limit=10",
            "match[type]=indicator&limit=100",
        ] {
            let times = many(&server, filter, EACH)?;
            tell(&format!("a million, {filter}, {READERS} clients"), &times);
        }
        while_one_writes(&server, INDICATORS)?;
        println!("peak memory: {} MiB", high_water(&child)?);
        Ok(())
    })();
    stop(child)?;
    outcome
}

/// What the first and the last full pages of a listing cost.
fn the_ends(what: &str, server: &Server) -> Result<()> {
    let mut pages = read_pages(server)?;
    pages.retain(|(given, _)| *given == PAGE as u64);
    let ends = ENDS.min(pages.len());
    let mean = |pages: &[(u64, Duration)]| {
        let took: Duration = pages.iter().map(|(_, took)| took).sum();
        1e3 * took.as_secs_f64() / f64::from(u32::try_from(pages.len()).unwrap_or(1))
    };
    let (first, last) = (mean(&pages[..ends]), mean(&pages[pages.len() - ends..]));
    println!("a page of 1,000 {what}: the first {first:.2} ms, the last {last:.2} ms");
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(objects: usize, took: Duration) -> f64 {
    objects as f64 / took.as_secs_f64()
}
