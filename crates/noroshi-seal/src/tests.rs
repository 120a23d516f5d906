//! What this room promises, refusals first.

use std::collections::BTreeSet;

use noroshi_model::manifest::{Manifest, ManifestKey, Purpose};
use noroshi_model::org::{Organisation, OrganisationKind};
use noroshi_model::{KeyId, NodeId, Signer, Timestamp, Verifier, World};
use proptest::prelude::*;

use crate::SystemRng;
use crate::fingerprint::Fingerprint;
use crate::keyfile::{self, Cost, KeyFileError};
use crate::manifest::{ManifestError, SignedManifest, succeeds};
use crate::merkle::{
    Frontier, Hash, TILE_WIDTH, Tiles, consistency_proof, inclusion_proof, leaf_hash, node_hash,
    verify_consistency, verify_inclusion,
};
use crate::pairing::{Accepter, Code, Inviter, PairingError};
use crate::proof::LeafProof;
use crate::sealing::{SealingKey, decapsulate, encapsulate};
use crate::sign::{Ed25519, SigningKey};
use crate::tlog::{self, Checkpoint, NoteError, VerifierKey, entry_bundle, tile_path};

fn manifest(root: &SigningKey) -> Manifest {
    let item = SigningKey::generate(&SystemRng).public().to_vec();
    Manifest {
        organisation: Organisation {
            node: NodeId::of_root(&root.public()),
            name_en: "Ministry of Defense".into(),
            name_ja: "防衛省".into(),
            nation: "JPN".parse().unwrap(),
            kind: OrganisationKind::Ministry,
        },
        world: World::Operational,
        root: root.public(),
        serial: 1,
        issued: Timestamp::from_micros(0),
        keys: vec![ManifestKey {
            id: KeyId::of(&item),
            purpose: Purpose::Items,
            public: item,
            from: Timestamp::from_micros(0),
            revoked: None,
        }],
    }
}

fn signed() -> SignedManifest {
    let root = SigningKey::generate(&SystemRng);
    SignedManifest::sign(&manifest(&root), &root)
}

#[test]
fn a_signature_serves_no_other_message_key_or_changed_byte() {
    let key = SigningKey::generate(&SystemRng);
    let other = SigningKey::generate(&SystemRng);
    let mut signature = key.sign(b"message");
    assert!(Ed25519.verify(&key.public(), b"message", &signature));
    assert!(!Ed25519.verify(&key.public(), b"messagf", &signature));
    assert!(!Ed25519.verify(&other.public(), b"message", &signature));
    signature[3] ^= 1;
    assert!(!Ed25519.verify(&key.public(), b"message", &signature));
}

#[test]
fn rfc_8032_test_vector_2() {
    let seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    let seed: [u8; 32] = noroshi_model::document::unhex(seed)
        .unwrap()
        .try_into()
        .unwrap();
    let key = SigningKey::from_seed(&seed);
    let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    assert_eq!(
        noroshi_model::document::unhex(public).unwrap(),
        key.public()
    );
    let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                    085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert_eq!(
        noroshi_model::document::unhex(expected).unwrap(),
        key.sign(&[0x72])
    );
}

#[test]
fn a_sealed_frame_opens_only_for_its_recipient_counter_and_header() {
    let recipient = SealingKey::generate().unwrap();
    let stranger = SealingKey::generate().unwrap();
    let (sent, key) = encapsulate(&recipient.public(), b"epoch 1").unwrap();
    let sealed = key.seal(7, b"header", b"hello".to_vec()).unwrap();
    let theirs = decapsulate(&recipient, &sent, b"epoch 1").unwrap();
    assert!(theirs.open(8, b"header", &sealed).is_err());
    assert!(theirs.open(7, b"Header", &sealed).is_err());
    let wrong = decapsulate(&stranger, &sent, b"epoch 1").unwrap();
    assert!(wrong.open(7, b"header", &sealed).is_err());
    let wrong = decapsulate(&recipient, &sent, b"epoch 2").unwrap();
    assert!(wrong.open(7, b"header", &sealed).is_err());
    assert_eq!(theirs.open(7, b"header", &sealed).unwrap(), b"hello");
    assert!(encapsulate(&recipient.public()[1..], b"").is_err());
    let again = SealingKey::from_bytes(&recipient.to_bytes()).unwrap();
    assert_eq!(again.public(), recipient.public());
    let theirs = decapsulate(&again, &sent, b"epoch 1").unwrap();
    assert_eq!(theirs.open(7, b"header", &sealed).unwrap(), b"hello");
}

#[test]
fn a_key_file_opens_only_with_its_passphrase_and_kind() {
    let file = keyfile::lock(
        "person",
        b"secret",
        "correct horse",
        &SystemRng,
        Cost::CHEAP,
    );
    assert_eq!(
        keyfile::unlock("person", &file, "wrong horse"),
        Err(KeyFileError::Passphrase)
    );
    assert!(keyfile::unlock("root", &file, "correct horse").is_err());
    assert_eq!(
        &**keyfile::unlock("person", &file, "correct horse").unwrap(),
        b"secret"
    );
    let text = String::from_utf8(file).unwrap();
    let greedy = text.replace(r#""memory_kib":64"#, r#""memory_kib":4000000"#);
    assert_eq!(
        keyfile::unlock("person", greedy.as_bytes(), "correct horse"),
        Err(KeyFileError::Cost)
    );
    assert!(
        !text.contains("736563726574"),
        "the secret does not stand in the file"
    );
}

#[test]
fn a_manifest_follows_only_its_own_root_and_never_forgets_a_key() {
    let root = SigningKey::generate(&SystemRng);
    let old = manifest(&root);
    let mut stolen = SignedManifest::sign(&old, &SigningKey::generate(&SystemRng));
    assert_eq!(stolen.verify(&Ed25519), Err(ManifestError::Signature));
    stolen.bytes.clear();
    assert!(stolen.verify(&Ed25519).is_err());

    let mut new = old.clone();
    assert!(matches!(
        succeeds(&old, &new),
        Err(ManifestError::Serial { .. })
    ));
    new.serial = 2;
    assert_eq!(succeeds(&old, &new), Ok(()));
    let mut dropped = new.clone();
    dropped.keys.clear();
    let mut elsewhere = new.clone();
    elsewhere.organisation.nation = "USA".parse().unwrap();
    assert_eq!(
        succeeds(&old, &elsewhere),
        Err(ManifestError::OtherOrganisation)
    );
    assert_eq!(succeeds(&old, &dropped), Err(ManifestError::History));
    let mut revoked = new.clone();
    revoked.keys[0].revoked = Some(Timestamp::from_micros(5));
    assert_eq!(succeeds(&old, &revoked), Ok(()));
    new.serial = 3;
    assert_eq!(
        succeeds(&revoked, &new),
        Err(ManifestError::History),
        "a key stays revoked"
    );
    let signed = SignedManifest::sign(&new, &root);
    assert_eq!(signed.verify(&Ed25519), Ok(new));
}

/// Clause: I5
#[test]
fn pairing_fails_with_a_wrong_code_and_with_a_swapped_manifest() {
    let code: Code = "1234-5678-9012".parse().unwrap();
    let wrong: Code = "1234-5678-9013".parse().unwrap();
    let (ours, theirs, middle) = (signed(), signed(), signed());

    let (accepter, first) = Accepter::start(&wrong, &theirs);
    let (second, _) = Inviter::new(&code, &ours).answer(&first).unwrap();
    assert_eq!(accepter.finish(&second).unwrap_err(), PairingError::Code);

    // Someone between puts a manifest of his own into the first message, keeping the share.
    let (accepter, first) = Accepter::start(&code, &theirs);
    let swap = |bytes: &[u8], from: &SignedManifest, to: &SignedManifest| {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        String::from_utf8(bytes.to_vec())
            .unwrap()
            .replace(&hex(&from.bytes), &hex(&to.bytes))
            .replace(&hex(&from.signature), &hex(&to.signature))
            .into_bytes()
    };
    let (second, _) = Inviter::new(&code, &ours)
        .answer(&swap(&first, &theirs, &middle))
        .unwrap();
    assert_eq!(accepter.finish(&second).unwrap_err(), PairingError::Code);
}

/// Clause: I5
#[test]
fn pairing_with_the_same_code_gives_each_side_the_others_manifest() {
    let code = Code::generate(&SystemRng);
    let spoken: Code = code.to_string().replace('-', "　").parse().unwrap();
    let (ours, theirs) = (signed(), signed());
    let (accepter, first) = Accepter::start(&spoken, &theirs);
    let (second, pending) = Inviter::new(&code, &ours).answer(&first).unwrap();
    let (third, inviter) = accepter.finish(&second).unwrap();
    let accepter = pending.finish(&third).unwrap();
    assert_eq!((inviter.signed, accepter.signed), (ours, theirs));
}

#[test]
fn a_fingerprint_is_typed_in_any_of_its_forms_and_nothing_less() {
    let fingerprint = Fingerprint::of_root(&[7; 32]);
    let other = Fingerprint::of_root(&[8; 32]);
    let digits = fingerprint.digits();
    assert!(!other.matches(&digits));
    let without_check = digits.rsplit_once(' ').unwrap().0;
    assert!(
        !fingerprint.matches(without_check),
        "thirty digits alone are below 100 bits"
    );
    assert!(!fingerprint.matches(""));
    let mut few = fingerprint.words_en();
    few.pop();
    assert!(!fingerprint.matches(&few.join(" ")));
    for typed in [
        digits.to_uppercase(),
        digits.replace(' ', "-"),
        digits
            .chars()
            .map(|c| if c == '1' { '１' } else { c })
            .collect(),
        fingerprint.words_en().join(" "),
        fingerprint.words_ja().join("　"),
    ] {
        assert!(fingerprint.matches(&typed), "{typed}");
    }
    let groups: Vec<&str> = without_check.split(' ').collect();
    assert_eq!((groups.len(), groups[0].len()), (6, 5));
}

#[test]
fn no_word_of_a_fingerprint_stands_twice() {
    for list in [crate::words::ENGLISH, crate::words::JAPANESE] {
        assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), 256);
    }
}

#[test]
fn a_note_is_opened_only_by_its_key_and_name() {
    let key = SigningKey::generate(&SystemRng);
    let other = SigningKey::generate(&SystemRng);
    let checkpoint = Checkpoint {
        origin: "noroshi/test".into(),
        size: 5,
        root: [9; 32],
    };
    let note = checkpoint.sign("noroshi/test", &key.public(), &key);
    let open =
        |note: &str, name: &str, key: &SigningKey| Checkpoint::open(note, name, &key.public());
    assert_eq!(
        open(&note, "noroshi/test", &other),
        Err(NoteError::Unsigned)
    );
    assert_eq!(open(&note, "noroshi/tess", &key), Err(NoteError::Unsigned));
    let grown = note.replacen("\n5\n", "\n6\n", 1);
    assert_eq!(
        open(&grown, "noroshi/test", &key),
        Err(NoteError::Signature)
    );
    let padded = note.replacen("\n5\n", "\n05\n", 1);
    assert!(open(&padded, "noroshi/test", &key).is_err());
    assert_eq!(open(&note, "noroshi/test", &key), Ok(checkpoint));
    let witnessed = format!("{note}\u{2014} witness AAAAAAA=\n");
    assert!(
        open(&witnessed, "noroshi/test", &key).is_ok(),
        "other signatures are left alone"
    );
}

/// Paths as the tlog-tiles text shows them.
#[test]
fn tile_paths_and_entry_bundles_have_the_published_form() {
    assert_eq!(tile_path(Some(0), 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile_path(Some(1), 0, 17), "tile/1/000.p/17");
    assert_eq!(tile_path(None, 0, 256), "tile/entries/000");
    assert_eq!(entry_bundle(&[b"ab".to_vec()]).unwrap(), [0, 2, b'a', b'b']);
    assert_eq!(entry_bundle(&[vec![0; 65_536]]), None);
}

/// All hashes of a small tree, in tiles.
struct Held(Vec<Vec<Hash>>);

impl Held {
    fn of(leaves: &[Hash]) -> Self {
        let mut levels = vec![leaves.to_vec()];
        while levels.last().unwrap().len() >= 256 {
            let row = levels.last().unwrap();
            let next = row.chunks_exact(256).map(naive_root).collect();
            levels.push(next);
        }
        Self(levels)
    }
}

impl Tiles for Held {
    fn tile(&self, level: u8, index: u64, width: u64) -> Option<Vec<Hash>> {
        assert!(width <= TILE_WIDTH);
        let row = self.0.get(usize::from(level))?;
        let start = (index * TILE_WIDTH) as usize;
        row.get(start..start + width as usize).map(<[Hash]>::to_vec)
    }
}

/// RFC 6962, section 2.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => crate::merkle::empty_root(),
        [one] => *one,
        _ => {
            let mut split = 1;
            while split * 2 < leaves.len() {
                split *= 2;
            }
            node_hash(&naive_root(&leaves[..split]), &naive_root(&leaves[split..]))
        }
    }
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count).map(|at| leaf_hash(&at.to_be_bytes())).collect()
}

fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    leaves.iter().for_each(|leaf| frontier.append(*leaf));
    assert_eq!(
        Frontier::from_bytes(&frontier.to_bytes()),
        Some(frontier.clone())
    );
    frontier.root()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn growing_a_tree_gives_the_root_the_standard_defines(count in 0_usize..700) {
        let leaves = leaves(count);
        prop_assert_eq!(root_of(&leaves), naive_root(&leaves));
    }

    #[test]
    fn inclusion_is_proved_for_every_leaf_and_for_no_other(
        count in 1_usize..1500, at in any::<prop::sample::Index>(), flip in 0_usize..256,
    ) {
        let leaves = leaves(count);
        let index = at.index(count);
        let root = root_of(&leaves);
        let path = inclusion_proof(&Held::of(&leaves), index as u64, count as u64).unwrap();
        let check = |leaf: &Hash, index: u64, path: &[Hash], root: &Hash| {
            verify_inclusion(leaf, index, count as u64, path, root)
        };
        prop_assert!(check(&leaves[index], index as u64, &path, &root));
        let mut other = root;
        other[flip / 8] ^= 1 << (flip % 8);
        prop_assert!(!check(&leaves[index], index as u64, &path, &other));
        let mut leaf = leaves[index];
        leaf[flip / 8] ^= 1 << (flip % 8);
        prop_assert!(!check(&leaf, index as u64, &path, &root));
        prop_assert!(count == 1 || !check(&leaves[index], (index as u64 + 1) % count as u64, &path, &root));
        for step in 0..path.len() {
            let mut wrong = path.clone();
            wrong[step][flip / 8] ^= 1 << (flip % 8);
            prop_assert!(!check(&leaves[index], index as u64, &wrong, &root));
        }
    }

    #[test]
    fn consistency_is_proved_for_every_growth_and_for_no_rewriting(
        new in 1_usize..1500, at in any::<prop::sample::Index>(), flip in 0_usize..256,
    ) {
        let all = leaves(new);
        let old = at.index(new + 1);
        let (old_root, new_root) = (root_of(&all[..old]), root_of(&all));
        let path = consistency_proof(&Held::of(&all), old as u64, new as u64).unwrap();
        let check = |old_root: &Hash, new_root: &Hash, path: &[Hash]| {
            verify_consistency(old as u64, old_root, new as u64, new_root, path)
        };
        prop_assert!(check(&old_root, &new_root, &path));
        let mut wrong = old_root;
        wrong[flip / 8] ^= 1 << (flip % 8);
        prop_assert!(!check(&wrong, &new_root, &path));
        for step in 0..path.len() {
            let mut changed = path.clone();
            changed[step][flip / 8] ^= 1 << (flip % 8);
            prop_assert!(!check(&old_root, &new_root, &changed));
        }
    }

    #[test]
    fn no_bytes_make_a_reader_of_this_room_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = Checkpoint::open(&text, "n", &[0; 32]);
        let _ = keyfile::unlock("person", &bytes, "passphrase");
        let _ = SignedManifest { bytes: bytes.clone(), signature: [0; 64] }.verify(&Ed25519);
        let _ = SealingKey::from_bytes(&bytes);
        let _ = text.parse::<Code>();
        let code: Code = "123456789012".parse().unwrap();
        let _ = Inviter::new(&code, &signed()).answer(&bytes);
    }
}

#[test]
fn a_proof_of_a_leaf_holds_offline_and_for_no_other_leaf() {
    let key = SigningKey::generate(&SystemRng);
    let entries: Vec<Vec<u8>> = (0..300_u32).map(|n| n.to_be_bytes().to_vec()).collect();
    let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let checkpoint = Checkpoint {
        origin: "log".into(),
        size: 300,
        root: root_of(&hashes),
    };
    let proof = LeafProof {
        leaf: entries[271].clone(),
        index: 271,
        path: inclusion_proof(&Held::of(&hashes), 271, 300).unwrap(),
        checkpoint: checkpoint.sign("log", &key.public(), &key),
    };
    let read = LeafProof::from_value(proof.to_value()).unwrap();
    assert_eq!(read.verify("log", &key.public()), Ok(checkpoint));
    let moved = LeafProof {
        index: 270,
        ..read.clone()
    };
    assert!(moved.verify("log", &key.public()).is_err());
    let other = LeafProof {
        leaf: entries[270].clone(),
        ..read
    };
    assert!(other.verify("log", &key.public()).is_err());
}

/// Chance that is always the same.
struct Sevens;

impl noroshi_model::Rng for Sevens {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// Clause: I5
#[test]
fn key_files_are_as_they_always_were() {
    let cost = keyfile::Cost::CHEAP;
    let locked = keyfile::lock("person", &[9; 32], "passphrase", &Sevens, cost);
    let frozen = include_bytes!("../test-data/key-locked-v1.json").trim_ascii_end();
    assert_eq!(
        String::from_utf8_lossy(&locked),
        String::from_utf8_lossy(frozen)
    );
    assert_eq!(
        *keyfile::unlock("person", frozen, "passphrase").unwrap(),
        [9; 32]
    );
    let plain = keyfile::plain("items", &[9; 32]);
    let frozen = include_bytes!("../test-data/key-plain-v1.json").trim_ascii_end();
    assert_eq!(
        String::from_utf8_lossy(&plain),
        String::from_utf8_lossy(frozen)
    );
    assert_eq!(*keyfile::read_plain("items", frozen).unwrap(), [9; 32]);
}

/// Clause: I5
#[test]
fn a_checkpoint_is_as_it_always_was() {
    let key = SigningKey::generate(&Sevens);
    let checkpoint = Checkpoint {
        origin: "noroshi/test/ledger".into(),
        size: 300,
        root: [8; 32],
    };
    let note = checkpoint.sign("noroshi/test/ledger", &key.public(), &key);
    let frozen = include_str!("../test-data/checkpoint-v1.txt");
    assert_eq!(note, frozen);
    assert_eq!(
        Checkpoint::open(frozen, "noroshi/test/ledger", &key.public()),
        Ok(checkpoint)
    );
}

/// A cosigned checkpoint as C2SP tlog-cosignature has it; the file was made by another program.
///
/// Clause: I5
#[test]
fn a_cosigned_checkpoint_is_as_the_specification_has_it_and_bends_nowhere() {
    let key = SigningKey::generate(&Sevens);
    let (log, name) = ("noroshi/test/ledger", "noroshi/test/cosigner");
    let plain = include_str!("../test-data/checkpoint-v1.txt");
    let frozen = include_str!("../test-data/cosigned-v1.txt");
    let cosigned = tlog::cosign(plain, name, &key.public(), &key, 1_790_000_000).unwrap();
    assert_eq!(cosigned, frozen);
    // Who signs for the log is read as before; who cosigned is read beside it.
    assert!(Checkpoint::open(frozen, log, &key.public()).is_ok());
    let at = |note: &str, name: &str| tlog::cosigned_at(note, name, &key.public());
    assert_eq!(at(frozen, name), Ok(1_790_000_000));
    assert_eq!(at(plain, name), Err(NoteError::Unsigned));
    assert_eq!(at(frozen, "noroshi/test/other"), Err(NoteError::Unsigned));
    // The same bytes are no signature of a log, nor the log's a cosignature.
    assert_eq!(at(frozen, log), Err(NoteError::Unsigned));
    let other = SigningKey::from_seed(&[8; 32]);
    assert_eq!(
        tlog::cosigned_at(frozen, name, &other.public()),
        Err(NoteError::Unsigned)
    );
    let body = frozen.find("300").unwrap();
    for (place, byte) in frozen.bytes().enumerate().skip(body) {
        if byte.is_ascii_alphanumeric() {
            let mut bent = frozen.as_bytes().to_vec();
            bent[place] = if byte == b'2' { b'3' } else { b'2' };
            let bent = String::from_utf8(bent).unwrap();
            let whole =
                at(&bent, name).is_ok() && Checkpoint::open(&bent, log, &key.public()).is_ok();
            assert!(!whole, "place {place}");
        }
    }
}

#[test]
fn a_verifier_key_is_read_as_it_is_written_and_no_other_is() {
    let key = SigningKey::generate(&Sevens);
    for cosigns in [false, true] {
        let written = VerifierKey {
            name: "noroshi/test/cosigner".into(),
            cosigns,
            public: key.public(),
        };
        let line = written.to_string();
        assert_eq!(VerifierKey::parse(&line), Some(written));
        for bent in [
            line.replace("cosigner", "other"),
            line.replacen('+', "-", 1),
            line[..line.len() - 4].to_owned(),
            format!("{line} "),
        ] {
            assert_eq!(VerifierKey::parse(&bent), None, "{bent}");
        }
    }
}
