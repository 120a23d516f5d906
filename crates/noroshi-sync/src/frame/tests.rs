//! What stands on the wire and in the store, byte by byte as version 1 says: it never changes.

use noroshi_model::{Attribution, Digest, KeyId, NodeId, Role, World};
use noroshi_seal::sealing::FrameKey;

use super::{Header, Record, WireAttribution, link_id, open, seal};
use crate::LinkState;
use crate::ranges::Ranges;

fn digits(bytes: &[u8]) -> String {
    let hex = noroshi_model::document::hex(bytes);
    hex.as_str().unwrap().to_owned()
}

/// Clause: I5
#[test]
fn a_sealed_frame_with_every_record_is_as_it_always_was() {
    let (from, to) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
    let header = Header {
        is_sealed: true,
        world: World::Operational,
        link: link_id(&from, &to),
        epoch: 3,
        counter: 4,
    };
    let mut applied = Ranges::new();
    assert!(applied.insert(0, 9) && applied.insert(12, 12));
    let records = vec![
        Record::Item {
            leaf: b"leaf".to_vec(),
            canonical: b"{}".to_vec(),
            attribution: WireAttribution::of(&Attribution {
                role: Role::Attestor,
                node: from,
                key: KeyId::of(b"key"),
                assigned: Vec::new(),
                signature: [5; 64],
            }),
        },
        Record::Notice {
            leaf: b"leaf".to_vec(),
            kind: 2,
            bytes: b"bytes".to_vec(),
        },
        Record::Void {
            number: 7,
            leaf_hash: Digest::of(b"void").0,
        },
        Record::Ack { epoch: 8, applied },
        Record::Checkpoint {
            note: "note".to_owned(),
        },
        Record::NeedAnnouncement,
    ];
    let key = FrameKey::from_bytes(&[6; 32]).unwrap();
    let frame = seal(header, &records, &key).unwrap();
    let frozen = include_str!("../../test-data/frame-v1.txt").trim_end();
    assert_eq!(digits(&frame), frozen);
    let (read, body) = Header::read(&frame).unwrap();
    assert_eq!(read, header);
    assert_eq!(open(read, body, &key).unwrap(), records);
}

/// Clause: I5
#[test]
fn an_acknowledgement_to_an_announcement_is_as_it_always_was() {
    let mut applied = Ranges::new();
    assert!(applied.insert(0, 9) && applied.insert(12, 12));
    let records = vec![Record::Applied {
        epoch: 8,
        announcement: [7; 32],
        applied,
    }];
    let frozen = include_str!("../../test-data/applied-v1.txt").trim_end();
    assert_eq!(digits(&postcard::to_allocvec(&records).unwrap()), frozen);
}

/// Clause: I5
#[test]
fn an_announcement_is_as_it_always_was() {
    let frozen = include_str!("../../test-data/epoch-announcement-v1.json").trim_end();
    let announcement = super::Announcement::from_bytes(frozen.as_bytes()).unwrap();
    assert_eq!(announcement.epoch, 300);
    assert_eq!(String::from_utf8(announcement.to_bytes()).unwrap(), frozen);
    let unsigned = frozen.replacen(&format!("\"signature\":\"{}\",", "0a".repeat(64)), "", 1);
    assert_eq!(announcement.payload(), unsigned.into_bytes());
}

/// Clause: I5
#[test]
fn a_cosigned_checkpoint_on_the_wire_is_as_it_always_was() {
    let records = vec![Record::Cosigned {
        note: "note".to_owned(),
    }];
    let frozen = include_str!("../../test-data/cosigned-v1.txt").trim_end();
    assert_eq!(digits(&postcard::to_allocvec(&records).unwrap()), frozen);
}

/// Clause: I5
#[test]
fn the_state_of_a_link_is_stored_as_it_always_was() {
    let mut state = LinkState {
        sending_epoch: 1,
        peer_epoch: 300,
        peer_announcement: Some([9; 32]),
        ..LinkState::default()
    };
    assert!(state.applied.insert(0, 1_000_000));
    let frozen = |text: &str| noroshi_model::document::unhex(text.trim_end());
    // Version 1 did not keep the key.
    let first = frozen(include_str!("../../test-data/link-state-v1.txt")).unwrap();
    assert_eq!(LinkState::from_bytes(&first), Some(state.clone()));
    state.peer_key = Some([7; 32]);
    let second = frozen(include_str!("../../test-data/link-state-v2.txt")).unwrap();
    assert_eq!(digits(&state.to_bytes()), digits(&second));
    assert_eq!(LinkState::from_bytes(&second), Some(state));
}

/// Clause: I5
#[test]
fn a_frame_of_more_records_or_markings_than_may_be_is_not_taken_into_memory() {
    let (from, to) = (NodeId::from_bytes([1; 32]), NodeId::from_bytes([2; 32]));
    let header = Header {
        is_sealed: true,
        world: World::Operational,
        link: link_id(&from, &to),
        epoch: 3,
        counter: 4,
    };
    let key = FrameKey::from_bytes(&[6; 32]).unwrap();
    let opened = |records: &[Record]| {
        let frame = seal(header, records, &key).unwrap();
        let (read, body) = Header::read(&frame).unwrap();
        open(read, body, &key)
    };
    let most = vec![Record::NeedAnnouncement; 4096];
    assert_eq!(opened(&most).unwrap().len(), 4096);
    let more = vec![Record::NeedAnnouncement; 4097];
    assert!(matches!(opened(&more), Err(super::FrameError::Records(_))));
    let item = |markings: usize| Record::Item {
        leaf: Vec::new(),
        canonical: Vec::new(),
        attribution: WireAttribution {
            role: b'a',
            node: [1; 32],
            key: [2; 32],
            assigned: vec![String::new(); markings],
            signature: Vec::new(),
        },
    };
    assert!(opened(&[item(32)]).is_ok());
    assert!(matches!(
        opened(&[item(33)]),
        Err(super::FrameError::Records(_))
    ));
}
