//! Checkpoints, key files, pairing messages, manifests: what seal reads from outside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noroshi_seal::keyfile;
use noroshi_seal::manifest::SignedManifest;
use noroshi_seal::sign::Ed25519;
use noroshi_seal::tlog::Checkpoint;

fuzz_target!(|bytes: &[u8]| {
    let _ = Checkpoint::open(&String::from_utf8_lossy(bytes), "name", &[0; 32]);
    let _ = keyfile::read_plain("items", bytes);
    let signed = SignedManifest {
        bytes: bytes.to_vec(),
        signature: [0; 64],
    };
    let _ = signed.verify(&Ed25519);
});
