//! The index: exact, small, changed while others look, and the same after a file.

use std::sync::Arc;

use proptest::prelude::*;

use crate::{Atom, Builder, Keyed, Live, Segment, SnapshotError, load_list};

fn keyed() -> Arc<Keyed> {
    Arc::new(Keyed::new(&[7; 32]))
}

fn segment(values: &[&str]) -> Segment {
    let mut builder = Builder::new(keyed());
    for (tag, value) in values.iter().enumerate() {
        builder
            .add(&Atom::written(value).unwrap(), tag as u32)
            .unwrap();
    }
    builder.build()
}

/// The tag under which a live index has this atom.
fn tag(live: &Live, value: &str) -> Option<u32> {
    let (view, atom) = (live.view(), Atom::written(value).unwrap());
    let hash = crate::index::fingerprint(view.keyed(), atom.kind(), atom.value());
    view.find(atom.kind(), atom.value(), hash)
        .map(|entry| entry.tag)
}

#[test]
fn fingerprints_stand_in_files_and_never_change() {
    let keyed = Keyed::new(&[1; 32]);
    let value = |value: &str| keyed.value(crate::Kind::Domain, value.as_bytes());
    assert_eq!(value("evil.example.com"), value("EVIL.example.COM"));
    let long = "a".repeat(3000);
    let marks = [
        value("evil.example.com"),
        keyed.value(crate::Kind::Url, long.as_bytes()),
        keyed.apex(b"example.com"),
        keyed.checksum(long.as_bytes()),
    ];
    assert_eq!(marks, FROZEN_MARKS);
}

/// Of version 1 of the snapshot file.
const FROZEN_MARKS: [u64; 4] = [
    5_301_769_286_838_447_461,
    1_828_782_686_291_432_945,
    6_899_664_199_105_920_661,
    3_254_565_818_796_367_013,
];

#[test]
fn values_of_any_length_have_fingerprints_of_their_own() {
    let keyed = keyed();
    let mut seen = std::collections::HashSet::new();
    for length in 0..1200 {
        for byte in [b'a', b'b'] {
            assert!(seen.insert(keyed.value(crate::Kind::Url, &vec![byte; length])) || length == 0);
        }
    }
}

#[test]
fn a_change_is_at_work_at_once_and_survives_settling() {
    let live = Live::new(segment(&["a.com", "b.com", "198.51.100.0/24"]));
    assert_eq!(live.add(&Atom::written("a.com").unwrap(), 9), Some(0));
    assert_eq!(live.add(&Atom::written("c.com").unwrap(), 10), None);
    assert_eq!(tag(&live, "c.com"), Some(10));
    assert_eq!(live.remove(&Atom::written("b.com").unwrap()), Some(1));
    assert_eq!(tag(&live, "b.com"), None);
    assert_eq!(live.pending(), 2);
    live.settle().unwrap();
    assert_eq!(live.pending(), 0);
    assert_eq!(live.view().segment().count(), 3);
    assert_eq!(tag(&live, "a.com"), Some(0));
    assert_eq!(tag(&live, "b.com"), None);
    assert_eq!(tag(&live, "c.com"), Some(10));
    assert_eq!(live.add(&Atom::written("b.com").unwrap(), 11), None);
    assert_eq!(tag(&live, "b.com"), Some(11));
    assert_eq!(live.remove(&Atom::written("b.com").unwrap()), Some(11));
    assert_eq!(live.remove(&Atom::written("b.com").unwrap()), None);
}

#[test]
fn changes_go_on_while_it_settles() {
    let live = Arc::new(Live::new(segment(&["a.com"])));
    std::thread::scope(|scope| {
        let other = Arc::clone(&live);
        scope.spawn(move || (0..20).for_each(|_| other.settle().unwrap()));
        for number in 0..2000_u32 {
            let value = format!("n{number}.com");
            live.add(&Atom::written(&value).unwrap(), number + 1);
            assert_eq!(tag(&live, &value), Some(number + 1));
            if number % 3 == 0 {
                live.remove(&Atom::written(&value).unwrap());
                assert_eq!(tag(&live, &value), None);
            }
        }
    });
    live.settle().unwrap();
    for number in 0..2000_u32 {
        let expected = (number % 3 != 0).then_some(number + 1);
        assert_eq!(tag(&live, &format!("n{number}.com")), expected, "{number}");
    }
}

#[test]
fn a_snapshot_file_gives_the_same_index_and_any_flipped_byte_is_noticed() {
    let segment = segment(&["a.com", "198.51.100.0/24", "http://a.com/x", "co.jp"]);
    let mut file = Vec::new();
    segment.write_snapshot(&mut file).unwrap();
    let read = |file: &[u8]| Segment::read_snapshot(keyed(), file, 1 << 20);
    let live = Live::new(read(&file).unwrap());
    for (number, value) in ["a.com", "198.51.100.0/24", "http://a.com/x", "co.jp"]
        .iter()
        .enumerate()
    {
        assert_eq!(tag(&live, value), Some(number as u32));
    }
    for at in 0..file.len() {
        file[at] ^= 1;
        assert!(read(&file).is_err(), "byte {at}");
        file[at] ^= 1;
    }
    for length in 0..file.len() {
        assert!(read(&file[..length]).is_err());
    }
    file.push(0);
    assert!(matches!(read(&file), Err(SnapshotError::Damaged)));
    file.pop();
    let other = Segment::read_snapshot(Arc::new(Keyed::new(&[8; 32])), &file[..], 1 << 20);
    assert!(matches!(other, Err(SnapshotError::Damaged)));
    let small = Segment::read_snapshot(keyed(), &file[..], 100);
    assert!(matches!(small, Err(SnapshotError::TooLarge { max: 100 })));
}

#[test]
fn the_snapshot_file_of_version_1_is_read_for_ever() {
    let frozen = include_bytes!("../../test-data/snapshot-v1.bin");
    let live = Live::new(Segment::read_snapshot(keyed(), &frozen[..], 1 << 20).unwrap());
    for (number, value) in FROZEN.iter().enumerate() {
        assert_eq!(tag(&live, value), Some(number as u32));
    }
    let mut file = Vec::new();
    segment(&FROZEN).write_snapshot(&mut file).unwrap();
    assert_eq!(file, frozen);
}

/// What the frozen file was made of.
const FROZEN: [&str; 5] = [
    "evil.example.com",
    "198.51.100.7",
    "2001:db8::/32",
    "d41d8cd98f00b204e9800998ecf8427e",
    "http://evil.example.com/gate.php",
];

#[test]
fn a_list_is_taken_line_by_line_and_what_is_refused_is_counted() {
    let mut builder = Builder::new(keyed());
    let list = "# remark\nevil[.]com\tfamily\n\n198.51.100.7 # seen\n198.51.100.7:443\nevil.com\n";
    let loaded = load_list(list, &mut builder).unwrap();
    assert_eq!(loaded.taken, 3);
    assert_eq!(loaded.refused, [(crate::Unfit::Port, 1)]);
    let live = Live::new(builder.build());
    assert_eq!(live.view().segment().count(), 2);
    assert_eq!(tag(&live, "evil.com"), Some(1));
}

proptest! {
    #[test]
    fn what_was_put_in_is_found_and_nothing_else(
        names in prop::collection::btree_set("[a-z]{1,3}\\.(com|jp|net)", 0..400),
        others in prop::collection::vec("[a-z]{1,3}\\.(com|jp|net)", 0..100),
    ) {
        let values: Vec<&str> = names.iter().map(String::as_str).collect();
        let segment = segment(&values);
        prop_assert_eq!(segment.count(), values.len());
        let live = Live::new(segment);
        for (number, value) in values.iter().enumerate() {
            prop_assert_eq!(tag(&live, value), Some(number as u32));
        }
        for other in others.iter().filter(|other| !names.contains(*other)) {
            prop_assert_eq!(tag(&live, other), None);
        }
    }
}
