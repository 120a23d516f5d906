//! The node itself: its store, keys and marking table, and the small questions every station asks.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard};

use noroshi_gate::{Derivations, MarkingTable, Scope};
use noroshi_model::ids::ActId;
use noroshi_model::json::Object;
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::{
    Clock, Digest, Limits, Nation, NodeId, PersonId, Rng, Role, StixId, Timestamp, Value, World,
};
use noroshi_seal::manifest::SignedManifest;
use noroshi_store::{ItemRow, OpenError, Options, Reader, RecordKind, Store, Viewer};

use crate::command::Failure;
use crate::config::Config;
use crate::connect::Rounds;
use crate::home::{Home, open_failure};
use crate::keys::Keys;
use crate::matching::Matching;
use crate::pairing::Pairing;
use crate::records::{AgreementRecord, Record};
use crate::review::NameIndex;
use crate::send::LinkSlot;
use crate::signin::SigninTries;
use crate::taxii::behind::Behind;
use crate::taxii::{KeptExports, Known, Tries, Views};
use crate::views::Kept;

/// A running node. All methods take `&self`: the store has one writer, the links a lock each.
pub struct Node {
    home: Home,
    config: Config,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    pub(crate) store: Store,
    world: World,
    me: NodeId,
    nation: Nation,
    keys: RwLock<Keys>,
    markings: RwLock<Arc<MarkingTable>>,
    pub(crate) links: Mutex<BTreeMap<NodeId, Arc<Mutex<LinkSlot>>>>,
    pub(crate) pairing: Mutex<Pairing>,
    /// Acts that somebody's signature is being put under.
    pub(crate) at_work: Mutex<BTreeSet<ActId>>,
    /// The agreements this node has signed, with the store's generation they were read at.
    pub(crate) binding: Mutex<Option<(u64, Arc<Vec<AgreementRecord>>)>>,
    /// Names of items, for the review before release.
    pub(crate) names: Mutex<NameIndex>,
    /// The plan that was reviewed last, and how long the ledger was then.
    pub(crate) reviewed: Mutex<Option<(Digest, u64)>>,
    /// Versions for release and what they were made of, with the generation they were read at.
    pub(crate) derived: Mutex<Option<(u64, Derivations)>>,
    /// One backup at a time.
    pub(crate) backup_turn: Mutex<()>,
    /// One standing release at a time.
    pub(crate) standing_turn: Mutex<()>,
    /// Posts whose release is due.
    pub(crate) behind: Behind,
    /// One password at a time is tried.
    pub(crate) signin_turn: Mutex<()>,
    /// What was tried in vain at the console of late.
    pub(crate) signin_tries: Mutex<SigninTries>,
    /// Channels that are being asked.
    pub(crate) rounds: Rounds,
    /// Indicators at work on our own telemetry.
    pub(crate) matching: Matching,
    /// What clients tried of late.
    pub(crate) tries: Mutex<Tries>,
    /// What the gate released of clients' logs, as long as its answers rest on the same.
    pub(crate) views: Views,
    /// Up to where clients may have read.
    pub(crate) served: Known,
    /// What each client's tools read last.
    pub(crate) exports: KeptExports,
    /// What people's views keep between two looks.
    pub(crate) kept: Kept,
    /// What is watched by the configuration.
    pub(crate) watches: crate::telemetry::Watches,
    /// Peers that something urgent waits for, since [`Node::take_wakes`] was last asked.
    pub(crate) wakes: Mutex<BTreeSet<NodeId>>,
}

impl Node {
    /// Open the node in its folder and take the store's lock.
    ///
    /// # Errors
    /// No node there (`home.none`), another process has it (`store.locked`), a damaged key or
    /// store.
    pub fn open(home: &Path, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Self, Failure> {
        Self::open_telling(home, clock, rng, &mut |_, _| {})
    }

    /// The same, and tell how far it is where the full text has to be built anew first: items done,
    /// and of how many.
    ///
    /// # Errors
    /// See [`Node::open`].
    pub fn open_telling(
        home: &Path,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, Failure> {
        let config = Config::read(home)?;
        let home = Home::at(home);
        home.check_closed()?;
        let options = Options {
            cache_bytes: config.cache_bytes,
            ..Options::default()
        };
        let store = Store::open_telling(&home.store(), &options, progress);
        let store = store.map_err(|error| match error {
            OpenError::Exposed { path, mode } => {
                open_failure("home.open_secret", &path, mode, 0o600)
            }
            other => store_failure(other),
        })?;
        let signed = own_manifest(&store)?;
        let keys = Keys::read(&home, signed)?;
        let node = Self {
            world: keys.manifest.world,
            me: keys.manifest.organisation.node,
            nation: keys.manifest.organisation.nation,
            markings: RwLock::new(Arc::new(MarkingTable::builtin())),
            keys: RwLock::new(keys),
            links: Mutex::new(BTreeMap::new()),
            pairing: Mutex::new(Pairing::default()),
            at_work: Mutex::new(BTreeSet::new()),
            binding: Mutex::new(None),
            names: Mutex::default(),
            reviewed: Mutex::default(),
            derived: Mutex::default(),
            backup_turn: Mutex::new(()),
            standing_turn: Mutex::new(()),
            behind: Behind::default(),
            signin_turn: Mutex::new(()),
            signin_tries: Mutex::default(),
            rounds: Rounds::default(),
            matching: Matching::default(),
            tries: Mutex::new(Tries::default()),
            views: Views::default(),
            served: Known::default(),
            exports: KeptExports::default(),
            kept: Kept::default(),
            watches: crate::telemetry::Watches::default(),
            wakes: Mutex::new(BTreeSet::new()),
            home,
            config,
            clock,
            rng,
            store,
        };
        node.learn_stored_markings()?;
        node.open_views()?;
        node.alarm_unreadable_agreements()?;
        // Should the process have died, or the node have been restored, since a key was revoked.
        node.renew_consent()?;
        Ok(node)
    }

    /// Sign a checkpoint over what was added to the ledger, and close the store.
    ///
    /// # Errors
    /// The ledger does not continue the last checkpoint, or the disk refuses the last write; the
    /// store is closed either way.
    pub fn close(self) -> Result<(), Failure> {
        let written = self.write_sightings();
        let kept = written.and_then(|_| self.keep_checkpoint());
        self.store.close().map_err(store_failure)?;
        kept
    }

    /// What was erased goes from every file and from memory.
    pub(crate) fn scrub(&self) -> Result<(), Failure> {
        self.forget_names();
        self.store.scrub().map_err(store_failure)
    }

    /// What the administrator configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The PKCS#8 key for TLS: the oldest that is not revoked, so that a partner that has not heard
    /// of a rotation yet still knows it.
    #[must_use]
    pub fn tls_key(&self) -> Vec<u8> {
        self.keys().tls.to_vec()
    }

    /// This node.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// What this organisation is called, in English.
    #[must_use]
    pub fn organisation_name(&self) -> String {
        self.keys().manifest.organisation.name_en.clone()
    }

    /// Peers that an exchange with another left something urgent for, such as a recall passed on.
    #[must_use]
    pub fn take_wakes(&self) -> Vec<NodeId> {
        std::mem::take(&mut *lock(&self.wakes))
            .into_iter()
            .collect()
    }

    pub(crate) fn nation(&self) -> Nation {
        self.nation
    }

    pub(crate) fn world(&self) -> World {
        self.world
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn chance<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill(&mut bytes);
        bytes
    }

    pub(crate) fn rng(&self) -> &dyn Rng {
        &*self.rng
    }

    pub(crate) fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn replace_keys(&self, keys: Keys) {
        *self
            .keys
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
    }

    /// The marking definitions as they are known now.
    pub(crate) fn markings(&self) -> Arc<MarkingTable> {
        let known = self.markings.read();
        Arc::clone(&known.unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Change what is known of marking definitions.
    pub(crate) fn with_markings<T>(&self, change: impl FnOnce(&mut MarkingTable) -> T) -> T {
        let known = self.markings.write();
        change(Arc::make_mut(
            &mut known.unwrap_or_else(std::sync::PoisonError::into_inner),
        ))
    }

    /// A ledger line of now.
    pub(crate) fn line(
        &self,
        kind: LineKind,
        person: Option<&PersonId>,
        body: Object,
    ) -> LedgerLine {
        LedgerLine {
            at: self.now(),
            kind,
            person: person.cloned(),
            body,
        }
    }

    /// Read the store as the node itself: for judging, sending, verifying.
    pub(crate) fn inside(&self) -> Result<Reader<'_>, Failure> {
        self.store.read(&Viewer::node()).map_err(store_failure)
    }

    /// Read the store as the person at this machine.
    pub(crate) fn local(&self) -> Result<Reader<'_>, Failure> {
        self.store
            .read(&Viewer::local_user())
            .map_err(store_failure)
    }

    /// Read the store as the one who looks after quarantine at this machine. Until roles exist
    /// that is whoever owns the node's folder.
    pub(crate) fn officer(&self) -> Result<Reader<'_>, Failure> {
        let officer = "officer"
            .parse()
            .expect("invariant: a plain name is a person's name");
        self.store
            .read(&Viewer::quarantine_officer(officer))
            .map_err(store_failure)
    }

    /// One record, read strictly.
    pub(crate) fn record<R: Record>(
        &self,
        kind: RecordKind,
        key: &[u8],
    ) -> Result<Option<R>, Failure> {
        let bytes = self.inside()?.record(kind, key).map_err(store_failure)?;
        bytes
            .map(|bytes| R::from_bytes(&bytes).map_err(damaged_record))
            .transpose()
    }

    /// Every record of a kind, in key order. For kinds of which there are few.
    pub(crate) fn records<R: Record>(&self, kind: RecordKind) -> Result<Vec<R>, Failure> {
        let rows = self.inside()?.records(kind).map_err(store_failure)?;
        rows.iter()
            .map(|(_, bytes)| R::from_bytes(bytes).map_err(damaged_record))
            .collect()
    }

    /// Marking definitions this node has learned stand in the store; read them back at the start.
    fn learn_stored_markings(&self) -> Result<(), Failure> {
        let reader = self.inside()?;
        let rows = reader.records(RecordKind::Marking).map_err(store_failure)?;
        for (key, bytes) in &rows {
            let Some((id, scope)) = self.definition_key(&reader, key)? else {
                continue;
            };
            if bytes.is_empty() {
                self.with_markings(|table| table.dispute(id, scope));
            } else if let Ok(Value::Object(definition)) = Value::parse(bytes, &Limits::DEFAULT) {
                // One that was learned once is learned again; a refusal here would mean a newer
                // table knows better, and the items that name it are then held.
                let _ = self.with_markings(|table| table.learn(&definition, &scope));
            }
        }
        Ok(())
    }

    /// A definition's id and whose word it is. Before scopes were kept the key was the id alone;
    /// the item itself then tells who brought it.
    fn definition_key(
        &self,
        reader: &Reader<'_>,
        key: &[u8],
    ) -> Result<Option<(StixId, Scope)>, Failure> {
        let text = String::from_utf8_lossy(key);
        if let Some((id, scope)) = text.split_once('\0') {
            return Ok(id.parse().ok().zip(scope.parse().ok()));
        }
        let Ok(id) = text.parse::<StixId>() else {
            return Ok(None);
        };
        let item = reader.current(&id).map_err(store_failure)?;
        Ok(item.map(|row| (id, self.scope_of(&row))))
    }

    /// By whose definitions the markings of a stored item are read.
    pub(crate) fn scope_of(&self, row: &ItemRow) -> Scope {
        match row.node {
            Some(node) if node != self.me => Scope::Node(node),
            _ if row.role == Some(Role::Originator) => Scope::Own,
            _ => Scope::Profile(row.source.as_str().into()),
        }
    }
}

/// The manifest that the store holds as its node's own.
pub(crate) fn own_manifest(store: &Store) -> Result<SignedManifest, Failure> {
    let none = || {
        Failure::new(
            "home.none",
            4,
            "the store holds no node: run `noroshi init`",
        )
    };
    let reader = store.read(&Viewer::node()).map_err(store_failure)?;
    let own = reader
        .record(RecordKind::Manifest, b"own")
        .map_err(store_failure)?
        .ok_or_else(none)?;
    let (signature, bytes) = own.split_first_chunk::<64>().ok_or_else(none)?;
    Ok(SignedManifest {
        bytes: bytes.to_vec(),
        signature: *signature,
    })
}

/// A lock, whatever happened to an earlier holder: every change under it is made in the store
/// first, so what it guards is never half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A store's error as a command's failure.
///
/// Where only the full text is damaged it says so: everything else is whole, and it can be made
/// again.
pub(crate) fn store_failure<E: std::error::Error>(error: E) -> Failure {
    let mut detail = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        detail = format!("{detail}: {inner}");
        source = inner.source();
    }
    let (code, exit) = if detail.contains("another process") {
        ("store.locked", 7)
    } else if detail.contains("index of the full text") {
        detail.push_str("; run: noroshi doctor --rebuild-search");
        ("store.search", 5)
    } else {
        ("store.failed", 5)
    };
    Failure::new(code, exit, detail)
}

pub(crate) fn damaged_record(error: noroshi_model::DocumentError) -> Failure {
    Failure::new(
        "store.record",
        5,
        format_args!("a stored record is damaged: {error}"),
    )
}
