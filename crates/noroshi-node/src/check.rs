//! Is a proof true? With the keys a node trusts and the mirrors it keeps, or with nothing but keys
//! that were given by hand; offline in any case.

use noroshi_model::json::Value;
use noroshi_model::link::LogLeaf;
use noroshi_model::{Digest, KeyId, Limits, NodeId, Timestamp};
use noroshi_seal::merkle::{Hash, root_at};
use noroshi_seal::proof::ProofFault;
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::{Checkpoint, VerifierKey, cosigned_at, unverified_lines};
use serde_json::json;

use crate::command::{Event, Failure};
use crate::node::Node;
use crate::proofs::{About, LogContinuation, LogProof, ProvedReceipt};
use crate::recall::SignedRecall;
use crate::receipts::SignedReceipt;
use crate::send::{cosigner_name, log_name};
use crate::sink::Sink;

/// Most keys taken from a file.
const KEYS_MAX: usize = 64;

/// Whom a check trusts, and what it may compare with.
trait Trust {
    /// Keys with which that node signs for the log of that name.
    fn log_keys(&self, owner: &NodeId, name: &str) -> Result<Vec<[u8; 32]>, Failure>;
    /// Keys with which that node cosigns.
    fn cosigner_keys(&self, node: &NodeId) -> Vec<[u8; 32]>;
    /// A node's key for receipts.
    fn item_key(&self, node: &NodeId, key: &KeyId) -> Option<[u8; 32]>;
    /// Does it know every key that may stand under a note? Then a line by none of them is refused.
    fn knows_all(&self) -> bool;
    /// The root that the log had at that size as it was received here.
    fn mirrored(&self, owner: &NodeId, to: Option<&NodeId>, size: u64) -> Option<Hash>;
}

impl Trust for Node {
    fn log_keys(&self, owner: &NodeId, _: &str) -> Result<Vec<[u8; 32]>, Failure> {
        self.ledger_keys_of(owner)
    }

    fn cosigner_keys(&self, node: &NodeId) -> Vec<[u8; 32]> {
        self.ledger_keys_of(node).unwrap_or_default()
    }

    fn item_key(&self, node: &NodeId, key: &KeyId) -> Option<[u8; 32]> {
        self.any_item_key_of(node, key)
    }

    fn knows_all(&self) -> bool {
        true
    }

    fn mirrored(&self, owner: &NodeId, to: Option<&NodeId>, size: u64) -> Option<Hash> {
        let reader = self.inside().ok().filter(|_| to == Some(&self.me()))?;
        let (mirrored, _) = reader.log_root(owner, true).ok()?;
        let tiles = reader.log_tiles(owner, true).ok()?;
        (size <= mirrored).then(|| root_at(&tiles, size).ok())?
    }
}

/// Keys in the form of note tools, one a line.
struct Given(Vec<VerifierKey>);

impl Given {
    fn named<'a>(&'a self, name: &'a str, cosigns: bool) -> impl Iterator<Item = [u8; 32]> + 'a {
        let keys = self.0.iter();
        keys.filter(move |key| key.name == name && key.cosigns == cosigns)
            .map(|key| key.public)
    }
}

impl Trust for Given {
    fn log_keys(&self, _: &NodeId, name: &str) -> Result<Vec<[u8; 32]>, Failure> {
        Ok(self.named(name, false).collect())
    }

    fn cosigner_keys(&self, node: &NodeId) -> Vec<[u8; 32]> {
        self.named(&cosigner_name(node), true).collect()
    }

    fn item_key(&self, _: &NodeId, _: &KeyId) -> Option<[u8; 32]> {
        None
    }

    fn knows_all(&self) -> bool {
        false
    }

    fn mirrored(&self, _: &NodeId, _: Option<&NodeId>, _: u64) -> Option<Hash> {
        None
    }
}

/// Check a proof with verifier keys alone, one a line as `ledger export` writes them: no node is
/// needed. What `ledger check` answers.
///
/// # Errors
/// `proof.keys`: a line is no key; `proof.refused` and `proof.rewritten` as with a node.
pub fn with_keys(
    document: &serde_json::Value,
    since: Option<&str>,
    keys: &str,
) -> Result<serde_json::Value, Failure> {
    let lines: Vec<&str> = keys.lines().filter(|line| !line.is_empty()).collect();
    let read: Option<Vec<VerifierKey>> =
        lines.iter().map(|line| VerifierKey::parse(line)).collect();
    let read = read.filter(|read| (1..=KEYS_MAX).contains(&read.len()));
    let keys = read.ok_or_else(|| {
        Failure::new(
            "proof.keys",
            2,
            "the file of keys is to have one verifier key a line: name+hash+base64",
        )
    })?;
    check(&Given(keys), &Limits::DEFAULT, document, since)
}

impl Node {
    /// Check a proof with the keys this node trusts.
    pub(crate) fn ledger_check(
        &self,
        document: &serde_json::Value,
        since: Option<&str>,
        sink: &mut dyn Sink,
    ) -> Result<(), Failure> {
        let answer = check(self, self.limits(), document, since)?;
        sink.send(Event::Answer {
            kind: "checked".into(),
            answer,
        });
        Ok(())
    }
}

fn refused(problem: impl std::fmt::Display) -> Failure {
    let problem = problem.to_string();
    Failure::new("proof.refused", 3, &problem).arg("problem", problem)
}

fn check(
    trust: &dyn Trust,
    limits: &Limits,
    document: &serde_json::Value,
    since: Option<&str>,
) -> Result<serde_json::Value, Failure> {
    let bytes = serde_json::to_vec(document).map_err(refused)?;
    let value = Value::parse(&bytes, limits).map_err(refused)?;
    if document["document"] == LogContinuation::DOCUMENT {
        let proof = LogContinuation::from_value(value).map_err(refused)?;
        check_continuation(trust, &proof, since)
    } else if since.is_some() {
        Err(refused(
            "an older checkpoint goes with the proof that a log continues it",
        ))
    } else {
        check_leaf(trust, &LogProof::from_value(value).map_err(refused)?)
    }
}

/// Whose log of the proof's owner it is, under which of its keys the proof holds, and what of the
/// checkpoint the recipient has cosigned.
struct Held {
    checkpoint: Checkpoint,
    cosigned: Option<String>,
}

fn hold(
    trust: &dyn Trust,
    (owner, recipient): (&NodeId, Option<&NodeId>),
    note: &str,
    verify: impl Fn(&str, &[u8; 32]) -> Result<Checkpoint, ProofFault>,
) -> Result<Held, Failure> {
    let name = log_name(owner, recipient);
    let said = Checkpoint::unverified(note).map_err(refused)?;
    if said.origin != name {
        let why = format_args!("its checkpoint is of another log, `{}`", said.origin);
        return Err(refused(why));
    }
    let keys = trust.log_keys(owner, &name)?;
    let outcomes: Vec<_> = keys.iter().map(|public| verify(&name, public)).collect();
    let Some(checkpoint) = outcomes.iter().find_map(|outcome| outcome.as_ref().ok()) else {
        // A fault of the path says more than a signature that one of several keys did not make.
        let why = outcomes
            .into_iter()
            .filter_map(Result::err)
            .max_by_key(|fault| !matches!(fault, ProofFault::Checkpoint(_)));
        return Err(refused(
            why.map_or("no key of that log is known".to_owned(), |why| {
                why.to_string()
            }),
        ));
    };
    if trust.knows_all() {
        let key = |name: &str, cosigns, public: &[u8; 32]| VerifierKey {
            name: name.to_owned(),
            cosigns,
            public: *public,
        };
        let mut known: Vec<_> = keys
            .iter()
            .map(|public| key(&name, false, public))
            .collect();
        for node in recipient.into_iter().chain([owner]) {
            let by = cosigner_name(node);
            let cosigners = trust.cosigner_keys(node);
            known.extend(cosigners.iter().map(|public| key(&by, true, public)));
        }
        let strange = unverified_lines(note, &known).map_err(refused)?;
        if strange > 0 {
            return Err(refused(format_args!(
                "{strange} further signatures under its checkpoint do not verify"
            )));
        }
    }
    let cosigned = recipient.and_then(|node| {
        let keys = trust.cosigner_keys(node);
        let name = cosigner_name(node);
        let mut times = keys
            .iter()
            .filter_map(|key| cosigned_at(note, &name, key).ok());
        times.next().map(time_of)
    });
    Ok(Held {
        checkpoint: checkpoint.clone(),
        cosigned,
    })
}

/// POSIX seconds as every time is written here.
pub(crate) fn time_of(seconds: u64) -> String {
    let micros = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_micros(micros.saturating_mul(1_000_000)).to_string()
}

fn check_leaf(trust: &dyn Trust, proof: &LogProof) -> Result<serde_json::Value, Failure> {
    let whose = (&proof.owner, proof.recipient.as_ref());
    let leaf = &proof.proof;
    let held = hold(trust, whose, &leaf.checkpoint, |name, key| {
        leaf.verify(name, key)
    })?;
    let receipt = match &proof.receipt {
        None => None,
        Some(receipt) => Some(check_receipt(trust, proof, receipt)?),
    };
    Ok(json!({
        "owner": proof.owner.to_string(),
        "recipient": proof.recipient.map(|node| node.to_string()),
        "index": leaf.index,
        "size": held.checkpoint.size,
        "root": Digest(held.checkpoint.root).to_string(),
        "cosigned": held.cosigned,
        "leaf": serde_json::from_slice::<serde_json::Value>(&leaf.leaf).unwrap_or_default(),
        "receipt": receipt,
    }))
}

fn check_receipt(
    trust: &dyn Trust,
    proof: &LogProof,
    receipt: &ProvedReceipt,
) -> Result<serde_json::Value, Failure> {
    let leaf =
        LogLeaf::from_bytes(&proof.proof.leaf).map_err(|_| refused("the leaf is no log leaf"))?;
    if leaf.digest != Digest::of(&receipt.bytes) {
        return Err(refused("the receipt is not the one the leaf names"));
    }
    let signed = SignedReceipt::from_bytes(&receipt.bytes)
        .map_err(|_| refused("the receipt is not well-formed"))?;
    let public = trust
        .item_key(&proof.owner, signed.key())
        .ok_or_else(|| refused("the receipt is by a key that is not known"))?;
    let stated = signed.document();
    if stated.by != proof.owner || !signed.verifies(&public, &Ed25519) {
        return Err(refused("the receipt's signature does not verify"));
    }
    let mut answer = json!({
        "by": stated.by.to_string(),
        "at": stated.at.to_string(),
        "fates": stated.fates.len(),
    });
    if let Some(about) = &receipt.about {
        let mut fates = stated.fates.iter();
        let meant = fates.find(|(number, ..)| *number == about.number);
        let (number, digest, fate) =
            meant.ok_or_else(|| refused("the receipt states nothing of that entry"))?;
        answer["entry"] = json!(number);
        answer["item"] = json!(item_of(*digest, about)?);
        answer["fate"] = json!(fate.as_str());
    }
    Ok(answer)
}

/// The item that a statement is about: named by the digest, or by the recall that the digest
/// names. Who signed the recall is not asked: the receipt vouches for its bytes.
fn item_of(digest: Digest, about: &About) -> Result<String, Failure> {
    let Some(recall) = &about.recall else {
        return Ok(digest.to_string());
    };
    if Digest::of(recall) != digest {
        return Err(refused("the recall is not the one the receipt speaks of"));
    }
    let recall =
        SignedRecall::from_bytes(recall).map_err(|_| refused("the recall is not well-formed"))?;
    Ok(recall.document().item.to_string())
}

fn check_continuation(
    trust: &dyn Trust,
    proof: &LogContinuation,
    since: Option<&str>,
) -> Result<serde_json::Value, Failure> {
    let (owner, recipient) = (&proof.owner, proof.recipient.as_ref());
    let later = &proof.proof;
    let verify = |name: &str, key: &[u8; 32]| later.verify(name, key);
    let held = hold(trust, (owner, recipient), &later.checkpoint, verify)?;
    let compared = match since {
        Some(note) => {
            let since = |name: &str, key: &[u8; 32]| {
                Checkpoint::open(note, name, key).map_err(ProofFault::from)
            };
            let older = hold(trust, (owner, recipient), note, since).map_err(|failure| {
                refused(format_args!("the older checkpoint: {}", failure.detail))
            })?;
            if older.checkpoint.size != later.from {
                return Err(refused(format_args!(
                    "it proves from {} entries on; the older checkpoint is over {}",
                    later.from, older.checkpoint.size
                )));
            }
            Some(("checkpoint", older.checkpoint.root))
        }
        None => trust
            .mirrored(owner, recipient, later.from)
            .map(|root| ("mirror", root)),
    };
    if compared.is_some_and(|(_, root)| root != later.root) {
        return Err(Failure::new(
            "proof.rewritten",
            3,
            format_args!(
                "the log has another root at {} entries than it had: it was rewritten, or shows \
                 different logs to different people",
                later.from
            ),
        )
        .arg("size", later.from));
    }
    Ok(json!({
        "owner": owner.to_string(),
        "recipient": recipient.map(ToString::to_string),
        "from": later.from,
        "from_root": Digest(later.root).to_string(),
        "size": held.checkpoint.size,
        "root": Digest(held.checkpoint.root).to_string(),
        "cosigned": held.cosigned,
        "compared": compared.map(|(with, _)| with),
    }))
}
