//! A node comes to be: folder, keys, manifest, founding persons, the genesis line.

use std::path::{Path, PathBuf};

use noroshi_model::document::{hex, text};
use noroshi_model::json::{Object, Value};
use noroshi_model::ledger::{LedgerLine, LineKind};
use noroshi_model::manifest::{Manifest, ManifestKey, Purpose};
use noroshi_model::org::{Organisation, OrganisationKind};
use noroshi_model::{KeyId, Nation, NodeId, PersonId, Timestamp, World};
use noroshi_seal::SystemRng;
use noroshi_seal::fingerprint::Fingerprint;
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::sign::SigningKey;
use noroshi_store::{Options, RecordKind, Store};

use crate::command::{Failure, FingerprintRow};
use crate::config::Config;
use crate::home::{Home, write_private};
use crate::keys::{Keys, fresh_key};
use crate::messages::Lang;
use crate::node::store_failure;
use crate::persons;
use crate::records::{Person, Record};

/// What a new node must be told.
#[derive(Clone, Debug)]
pub struct Init {
    /// The organisation in English.
    pub name_en: String,
    /// The organisation in Japanese.
    pub name_ja: String,
    /// Its nation.
    pub nation: Nation,
    /// What it is.
    pub kind: OrganisationKind,
    /// Operational or exercise, for ever.
    pub world: World,
    /// `host:port` to listen on.
    pub listen: String,
    /// `host:port` for partners.
    pub address: String,
    /// `address:port` of the console; empty for none.
    pub console: String,
    /// Language of people who ask for none.
    pub lang: Lang,
    /// Locks the identity root.
    pub root_passphrase: String,
    /// The founding persons, two at least, each with a passphrase.
    pub persons: Vec<(PersonId, String)>,
    /// Now.
    pub now: Timestamp,
    /// Lock keys at the lowest cost: for demonstrations and tests only.
    pub cheap_keys: bool,
}

/// What came to be.
#[derive(Clone, Debug)]
pub struct InitAnswer {
    /// The node.
    pub node: NodeId,
    /// Its fingerprint, for partners to type.
    pub fingerprint: FingerprintRow,
    /// Its folder.
    pub folder: PathBuf,
}

/// Make a node in an empty folder.
///
/// # Errors
/// The folder is occupied, a name or passphrase is refused, or the disk does not take it.
pub fn init(home: &Path, params: &Init) -> Result<InitAnswer, Failure> {
    check(params)?;
    let config_text = Config::template(
        &params.listen,
        &params.address,
        &params.console,
        params.lang,
    );
    let home = Home::at(home);
    home.create()?;
    write_private(&home.path().join("noroshi.toml"), config_text.as_bytes())?;
    let config = Config::read(home.path())?;

    let rng = SystemRng;
    let root = SigningKey::generate(&rng);
    let locked = persons::lock(
        "root",
        &root,
        &params.root_passphrase,
        &rng,
        params.cheap_keys,
    )?;
    write_private(&home.key("root"), &locked)?;
    let manifest = first_manifest(&home, params, &root)?;
    let signed = SignedManifest::sign(&manifest, &root);

    let mut founders = Vec::new();
    for (name, passphrase) in &params.persons {
        let public = persons::create_key(home.path(), name, passphrase, &rng, params.cheap_keys)?;
        founders.push(Person {
            name: name.clone(),
            public,
            since: params.now,
            revoked: None,
        });
    }
    write_genesis(&home, &config, params, &signed, &founders)?;
    let fingerprint = Fingerprint::of_root(&manifest.root);
    Ok(InitAnswer {
        node: manifest.organisation.node,
        fingerprint: fingerprint_row(&fingerprint),
        folder: home.path().to_path_buf(),
    })
}

/// A fingerprint in the three forms people read out.
pub(crate) fn fingerprint_row(fingerprint: &Fingerprint) -> FingerprintRow {
    FingerprintRow {
        digits: fingerprint.digits(),
        words_en: fingerprint.words_en().join(" "),
        words_ja: fingerprint.words_ja().join(" "),
    }
}

fn check(params: &Init) -> Result<(), Failure> {
    let mut names: Vec<&PersonId> = params.persons.iter().map(|(name, _)| name).collect();
    names.sort();
    names.dedup();
    if names.len() < 2 || names.len() != params.persons.len() {
        return Err(Failure::new(
            "init.persons",
            2,
            "a node begins with two persons or more, each with a name of their own: \
             what one asks for, another approves",
        ));
    }
    let refused =
        |name: &str| !(1..=200).contains(&name.len()) || name.chars().any(char::is_control);
    if refused(&params.name_en) || refused(&params.name_ja) {
        return Err(Failure::new(
            "init.name",
            2,
            "an organisation's names are 1 to 200 bytes without control characters",
        ));
    }
    Ok(())
}

fn first_manifest(home: &Home, params: &Init, root: &SigningKey) -> Result<Manifest, Failure> {
    let mut keys = Vec::new();
    for purpose in Purpose::ALL {
        let (secret, public) = fresh_key(purpose)?;
        write_private(&home.key(purpose.as_str()), &Keys::file(purpose, &secret))?;
        keys.push(ManifestKey {
            id: KeyId::of(&public),
            purpose,
            public,
            from: params.now,
            revoked: None,
        });
    }
    Ok(Manifest {
        organisation: Organisation {
            node: NodeId::of_root(&root.public()),
            name_en: params.name_en.clone(),
            name_ja: params.name_ja.clone(),
            nation: params.nation,
            kind: params.kind,
        },
        world: params.world,
        root: root.public(),
        serial: 1,
        issued: params.now,
        keys,
    })
}

fn write_genesis(
    home: &Home,
    config: &Config,
    params: &Init,
    signed: &SignedManifest,
    founders: &[Person],
) -> Result<(), Failure> {
    let options = Options {
        cache_bytes: config.cache_bytes,
        ..Options::default()
    };
    let store = Store::open(&home.store(), &options).map_err(store_failure)?;
    let persons = founders.iter().map(|person| {
        Value::Object(
            Object::new()
                .with("name", person.name.as_str())
                .with("public", hex(&person.public)),
        )
    });
    let line = LedgerLine {
        at: params.now,
        kind: LineKind::Genesis,
        person: None,
        body: Object::new()
            .with("world", params.world.as_str())
            .with("manifest", text(noroshi_model::Digest::of(&signed.bytes)))
            .with("persons", persons.collect::<Vec<Value>>()),
    };
    store
        .write(|tx| {
            tx.append(&line)?;
            let mut own = signed.signature.to_vec();
            own.extend_from_slice(&signed.bytes);
            tx.put(RecordKind::Manifest, b"own", &own)?;
            tx.put(RecordKind::Meta, b"world", params.world.as_str().as_bytes())?;
            for person in founders {
                tx.put(
                    RecordKind::Person,
                    person.name.as_str().as_bytes(),
                    &person.to_bytes(),
                )?;
            }
            Ok::<(), noroshi_store::WriteError>(())
        })
        .map_err(store_failure)?;
    store.close().map_err(store_failure)
}
