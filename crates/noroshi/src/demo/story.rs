//! The story, step by step. Every check asks the other node.

use std::path::Path;

use noroshi_node::Failure;

use super::Findings;
use super::data;
use super::stage::{Actor, Stage, trouble, write};

/// Exchanges tried until nothing is outstanding.
const ROUNDS: usize = 20;

/// Tell it, with a fault planted where one was asked for.
pub(crate) fn tell(
    stage: &mut Stage,
    findings: &mut Findings,
    fault: Option<&str>,
) -> Result<(), Failure> {
    let (jp, us) = (stage.jp.name, stage.us.name);
    findings.step("demo-init", &[("jp", jp), ("us", us)]);
    stage
        .jp
        .init("Ministry of Defense, Japan", "防衛省", "JPN")?;
    stage.us.init(
        "Department of Defense, United States",
        "米国国防総省",
        "USA",
    )?;
    stage.jp.start()?;
    stage.us.start()?;
    meet(stage, findings)?;
    agree(stage, findings)?;
    let counts = load(stage, findings)?;
    share(stage, findings, counts)?;
    keep_closed(stage, findings, fault)?;
    reduce(stage, findings)?;
    recall(stage, findings, fault)?;
    prove(stage, findings, fault)
}

fn meet(stage: &Stage, findings: &mut Findings) -> Result<(), Failure> {
    findings.step("demo-pair", &[]);
    let (jp, us) = (&stage.jp, &stage.us);
    let invite = jp.answer(&["peer", "invite", "--as", jp.people[0]], "invite")?;
    let code = invite["code"].as_str().unwrap_or_default();
    us.run(&["peer", "accept", &jp.address, code, "--as", us.people[0]])?;
    let own = |actor: &Actor| -> Result<String, Failure> {
        let rows = actor.rows(&["peer", "list"], "own")?;
        let digits = rows
            .first()
            .and_then(|row| row["fingerprint"]["digits"].as_str());
        digits
            .map(str::to_owned)
            .ok_or_else(|| trouble("read a fingerprint", &"there is none"))
    };
    let (read_by_jp, read_by_us) = (own(jp)?, own(us)?);
    us.order(&["peer", "confirm", "JPN", "--fingerprint", &read_by_jp])?;
    jp.order(&["peer", "confirm", "USA", "--fingerprint", &read_by_us])?;
    exchange(stage);
    let confirmed = |actor: &Actor| -> Result<bool, Failure> {
        let lines = actor.rows(&["ledger", "list", "--kind", "peer"], "line")?;
        let has = |event: &str| lines.iter().any(|line| line["body"]["event"] == event);
        Ok(has("confirmed_here") && has("confirmed_there"))
    };
    findings.check(
        "pairing",
        confirmed(jp)? && confirmed(us)?,
        "demo-check-confirmed",
        &[],
    );
    Ok(())
}

fn agree(stage: &Stage, findings: &mut Findings) -> Result<(), Failure> {
    findings.step("demo-agree", &[]);
    let (jp, us) = (&stage.jp, &stage.us);
    let draft = jp.answer(&["agreement", "template", "--with", "USA"], "draft")?;
    let file = stage.folder.join("agreement.json");
    write(&file, &draft["agreement"].to_string())?;
    jp.order(&["agreement", "propose", &shown(&file)])?;
    exchange(stage);
    let id = draft["agreement"]["id"].as_str().unwrap_or_default();
    us.order(&["agreement", "sign", id])?;
    exchange(stage);
    let in_force = |actor: &Actor| -> Result<bool, Failure> {
        let rows = actor.rows(&["agreement", "list"], "agreement")?;
        Ok(rows.len() == 1 && rows.iter().all(|row| row["standing"] == "in_force"))
    };
    findings.check(
        "agreement",
        in_force(jp)? && in_force(us)?,
        "demo-check-agreement",
        &[],
    );
    Ok(())
}

/// How many objects each side loaded.
#[derive(Clone, Copy)]
struct Loaded {
    jp: u64,
    us: u64,
}

fn load(stage: &Stage, findings: &mut Findings) -> Result<Loaded, Failure> {
    findings.step("demo-import", &[]);
    let (jp, us) = (&stage.jp, &stage.us);
    data::write_catalogues(&stage.folder)?;
    write(&stage.folder.join("jp.json"), &data::japanese_items())?;
    write(&stage.folder.join("us.json"), &data::american_items())?;
    let profile = |actor: &Actor, name: &str, title: &str, more: &[&str]| {
        let args = [
            "profile",
            "set",
            name,
            "--title",
            title,
            "--marking",
            "TLP:CLEAR",
        ];
        actor.order(&[&args, more].concat())
    };
    profile(us, "mitre-attack", "MITRE ATT&CK for ICS", &[])?;
    profile(us, "own", "Own reports", &["--own"])?;
    profile(jp, "cisa-kev", "CISA Known Exploited Vulnerabilities", &[])?;
    profile(jp, "own", "Own reports", &["--own"])?;
    let import = |actor: &Actor, file: &str, profile: &str| -> Result<u64, Failure> {
        let path = shown(&stage.folder.join(file));
        let answer = actor.answer(&["import", &path, "--profile", profile], "import")?;
        actor.tell(&answer);
        Ok(answer["admitted"].as_u64().unwrap_or_default())
    };
    let us_count = import(us, "attack-ics.json", "mitre-attack")?;
    import(us, "us.json", "own")?;
    let jp_count = import(jp, "kev.json", "cisa-kev")?;
    import(jp, "jp.json", "own")?;
    Ok(Loaded {
        jp: jp_count,
        us: us_count,
    })
}

fn share(stage: &Stage, findings: &mut Findings, loaded: Loaded) -> Result<(), Failure> {
    findings.step("demo-share", &[]);
    let (jp, us) = (&stage.jp, &stage.us);
    us.order(&["share", "--to", "JPN", "--source", "mitre-attack"])?;
    jp.order(&["share", "--to", "USA", "--source", "cisa-kev"])?;
    settle(stage)?;
    let received = |actor: &Actor, from: &str| -> Result<u64, Failure> {
        let args = [
            "list", "--source", from, "--state", "admitted", "--limit", "10000",
        ];
        Ok(actor.rows(&args, "item")?.len() as u64)
    };
    let (at_jp, at_us) = (received(jp, "USA")?, received(us, "JPN")?);
    let expected = |count: u64| count.to_string();
    findings.check(
        "share",
        at_jp == loaded.us && loaded.us > 1800,
        "demo-check-shared-us",
        &[("count", &expected(loaded.us))],
    );
    findings.check(
        "share",
        at_us == loaded.jp && loaded.jp > 1400,
        "demo-check-shared-jp",
        &[("count", &expected(loaded.jp))],
    );
    let answered = |actor: &Actor| -> Result<(u64, u64), Failure> {
        let all = actor.rows(&["receipts", "--limit", "100000"], "receipt")?;
        let open = actor.rows(
            &["receipts", "--outstanding", "--limit", "100000"],
            "receipt",
        )?;
        Ok((all.len() as u64, open.len() as u64))
    };
    let ((from_us, open_jp), (from_jp, open_us)) = (answered(jp)?, answered(us)?);
    let whole = from_us == loaded.jp && from_jp == loaded.us && open_jp + open_us == 0;
    let count = (from_us + from_jp).to_string();
    findings.check(
        "receipt",
        whole,
        "demo-check-receipts",
        &[("count", &count)],
    );
    Ok(())
}

fn keep_closed(stage: &Stage, findings: &mut Findings, fault: Option<&str>) -> Result<(), Failure> {
    findings.step("demo-closed", &[]);
    let (jp, us) = (&stage.jp, &stage.us);
    let stays = |actor: &Actor, id: &str, to: &str| -> Result<String, Failure> {
        let args = [
            "share",
            id,
            "--to",
            to,
            "--dry-run",
            "--as",
            actor.people[0],
        ];
        let plan = actor.answer(&args, "plan")?;
        let line = &plan["recipients"][0]["lines"][0];
        let code = line["reasons"][0]["code"]
            .as_str()
            .unwrap_or("-")
            .to_owned();
        Ok(if line["outcome"] == "deny" {
            code
        } else {
            "-".to_owned()
        })
    };
    let noforn = stays(us, data::NOFORN_ID, "JPN")?;
    let sds = stays(jp, data::SDS_ID, "USA")?;
    if fault == Some("gate") {
        slip(stage)?;
    }
    // Not only asked: ordered. The order is refused, and nothing of it travels.
    let refused = |actor: &Actor, id: &str, to: &str| {
        let args = ["share", id, "--to", to, "--as", actor.people[0]];
        actor.run(&args).is_err()
    };
    let both_refused = refused(us, data::NOFORN_ID, "JPN") && refused(jp, data::SDS_ID, "USA");
    exchange(stage);
    let unknown = |actor: &Actor, canary: &str, id: &str| -> Result<bool, Failure> {
        let shown = actor.finds(canary)? || actor.show(id).is_some();
        Ok(both_refused && !shown && !holds_bytes(actor, canary))
    };
    let noforn_stayed =
        noforn == "gate.barred" && unknown(jp, data::NOFORN_CANARY, data::NOFORN_ID)?;
    findings.check(
        "gate",
        noforn_stayed,
        "demo-check-noforn",
        &[("rule", &noforn)],
    );
    let sds_stayed = sds == "gate.not_covered" && unknown(us, data::SDS_CANARY, data::SDS_ID)?;
    findings.check("gate", sds_stayed, "demo-check-sds", &[("rule", &sds)]);
    Ok(())
}

/// The fault `gate`: the closed report reaches the sender's gate without its marking, in another
/// file and told in other words; people ask for it to be shared, the review finds nothing that it
/// knows, and the real gate lets it go, over the real road. Nothing at the sender is any the wiser:
/// only who looks into the partner's node sees it there.
///
/// Rejected: a switch in the gate or its tables (a hole that every node would ship with); another
/// meaning of the marking written into the sender's store (each row carries a sum, so the node
/// notices before it shares anything); a wider agreement, or a lowering that two persons sign (the
/// gate would be right to let it go); a look-alike put in at the receiver (nothing would have
/// left).
fn slip(stage: &Stage) -> Result<(), Failure> {
    let us = &stage.us;
    let path = stage.folder.join("slip.json");
    write(&path, &data::slipped_item())?;
    us.run(&["import", &shown(&path), "--profile", "own"])?;
    us.order(&["share", data::SLIPPED_ID, "--to", "JPN"])?;
    settle(stage)
}

fn reduce(stage: &Stage, findings: &mut Findings) -> Result<(), Failure> {
    findings.step("demo-reduce", &[]);
    let (jp, us) = (&stage.jp, &stage.us);
    // The closed item is ordered along with what may leave.
    let items = [data::REDUCED_ID, data::RECALL_ID, data::NOFORN_ID];
    us.order(&[&["share"], &items[..], &["--to", "JPN"]].concat())?;
    settle(stage)?;
    let arrived = jp.show(data::REDUCED_ID).map(|item| item["object"].clone());
    let holds = arrived.is_some_and(|object| {
        object["name"] == "Beacon of a loader"
            && object.get("description").is_none()
            && !object.to_string().contains(data::CLOSED_CANARY)
    });
    let stayed = |canary: &str| -> Result<bool, Failure> {
        Ok(!jp.finds(canary)? && !holds_bytes(jp, canary))
    };
    let clean = holds && stayed(data::CLOSED_CANARY)? && stayed(data::NOFORN_CANARY)?;
    findings.check(
        "gate",
        clean,
        "demo-check-reduced",
        &[("property", "description")],
    );
    Ok(())
}

fn recall(stage: &mut Stage, findings: &mut Findings, fault: Option<&str>) -> Result<(), Failure> {
    findings.step("demo-recall", &[]);
    if !stage.jp.finds(data::RECALL_CANARY)? {
        return Err(trouble("recall", &"the item to be recalled never arrived"));
    }
    let hash = stage
        .us
        .show(data::RECALL_ID)
        .map(|item| item["item"]["hash"].clone());
    let hash = hash
        .and_then(|hash| hash.as_str().map(str::to_owned))
        .unwrap_or_default();
    if fault == Some("recall") {
        // The partner is cut off: the recall cannot reach it.
        stage.jp.stop();
    }
    let reason = "the source is at risk";
    stage
        .us
        .order(&["recall", &hash, "--mode", "destroy", "--reason", reason])?;
    if fault == Some("recall") {
        // Tried, and in vain.
        let _ = stage.us.run(&["peer", "sync"]);
    } else {
        settle(stage)?;
    }
    let (jp, us) = (&stage.jp, &stage.us);
    let rows = us.rows(&["receipts", "--item", &hash], "receipt")?;
    let destroyed = rows
        .iter()
        .any(|row| row["entry"] == "recall" && row["fate"] == "destroyed");
    let shown_gone = jp
        .show(&hash)
        .is_some_and(|item| item["item"]["state"] == "destroyed" && item["object"].is_null());
    let gone =
        shown_gone && !jp.finds(data::RECALL_CANARY)? && !holds_bytes(jp, data::RECALL_CANARY);
    findings.check("recall", destroyed && gone, "demo-check-recalled", &[]);
    let proof = us.answer(
        &[
            "ledger",
            "prove",
            "--item",
            &hash,
            "--peer",
            "JPN",
            "--receipt",
        ],
        "proof",
    );
    let proved = match proof {
        Ok(proof) => checks(us, stage, &proof)?,
        Err(_) => false,
    };
    findings.check("recall", proved, "demo-check-recall-proof", &[]);
    if fault == Some("recall") {
        stage.jp.start()?;
    }
    Ok(())
}

fn prove(stage: &mut Stage, findings: &mut Findings, fault: Option<&str>) -> Result<(), Failure> {
    findings.step("demo-ledger", &[]);
    match fault {
        Some("ledger") => {
            stage.jp.stop();
            alter(&stage.jp.database(), b"\"line\":\"genesis\"", 10)?;
            stage.jp.start()?;
        }
        Some("receipt") => {
            stage.us.stop();
            alter(&stage.us.database(), b"\"receipt\":\"7b2261", 20)?;
            stage.us.start()?;
        }
        _ => {}
    }
    let (jp, us) = (&stage.jp, &stage.us);
    let first = jp.rows(&["list", "--source", "cisa-kev", "--limit", "1"], "item")?;
    let item = first
        .first()
        .and_then(|row| row["hash"].as_str())
        .unwrap_or_default();
    let proof = jp.answer(
        &["ledger", "prove", "--item", item, "--peer", "USA"],
        "proof",
    )?;
    findings.check(
        "ledger",
        checks(us, stage, &proof)?,
        "demo-check-proof",
        &[],
    );
    let guard = |outcome: &Result<serde_json::Value, Failure>| match outcome {
        Err(failure) if failure.detail.to_lowercase().contains("receipt") => "receipt",
        _ => "ledger",
    };
    let verified = [jp, us].map(|actor| actor.answer(&["ledger", "verify"], "verified"));
    let broken = verified.iter().find(|outcome| outcome.is_err());
    let guards = broken.map_or("ledger", guard);
    findings.check(guards, broken.is_none(), "demo-check-verify", &[]);
    Ok(())
}

/// Does the proof hold in the eyes of this node?
fn checks(actor: &Actor, stage: &Stage, proof: &serde_json::Value) -> Result<bool, Failure> {
    let file = stage.folder.join("proof.json");
    write(&file, &proof.to_string())?;
    Ok(actor
        .answer(&["ledger", "check", &shown(&file)], "checked")
        .is_ok())
}

/// Both sides exchange once; a side that cannot be reached is no trouble here.
fn exchange(stage: &Stage) {
    for actor in [&stage.jp, &stage.us] {
        let _ = actor.run(&["peer", "sync"]);
    }
}

/// Exchange until neither side waits for an answer.
fn settle(stage: &Stage) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        exchange(stage);
        let mut open = 0;
        for actor in [&stage.jp, &stage.us] {
            open += actor
                .rows(&["receipts", "--outstanding", "--limit", "1"], "receipt")?
                .len();
            let peers = actor.rows(&["peer", "list"], "peer")?;
            open += peers.iter().filter(|peer| peer["waiting"] != 0).count();
        }
        if open == 0 {
            return Ok(());
        }
    }
    Err(trouble(
        "settle",
        &"partners still owe answers after twenty exchanges",
    ))
}

/// Does any file of the node's folder hold these bytes?
fn holds_bytes(actor: &Actor, canary: &str) -> bool {
    let store = actor
        .database()
        .parent()
        .map(Path::to_path_buf)
        .unwrap_or_default();
    let files = std::fs::read_dir(store).into_iter().flatten().flatten();
    files
        .filter_map(|file| std::fs::read(file.path()).ok())
        .any(|bytes| {
            bytes
                .windows(canary.len())
                .any(|window| window == canary.as_bytes())
        })
}

/// Change one byte of a file, so many after a text that is found in it.
fn alter(path: &Path, after: &[u8], offset: usize) -> Result<(), Failure> {
    let mut bytes = std::fs::read(path).map_err(|error| trouble("plant a fault", &error))?;
    let at = bytes
        .windows(after.len())
        .position(|window| window == after);
    let byte = at.and_then(|at| bytes.get_mut(at + offset));
    let byte = byte.ok_or_else(|| trouble("plant a fault", &"the place was not found"))?;
    *byte ^= 0x01;
    std::fs::write(path, bytes).map_err(|error| trouble("plant a fault", &error))
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
