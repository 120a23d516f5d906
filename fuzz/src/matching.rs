//! What is matched and what it is matched against: texts, lists, telemetry, mappings, files.

use std::sync::{Arc, LazyLock};

use noroshi_match::{
    Atom, Builder, KINDS, Keyed, Layout, Live, Mapping, Scanner, Segment, ZEEK, extract, refang,
};

/// Largest snapshot that is read here.
const SNAPSHOT_BYTES_MAX: u64 = 1 << 20;

static LIVE: LazyLock<(Live, Mapping)> = LazyLock::new(|| {
    let mut builder = Builder::new(keyed());
    let values = [
        "evil.com",
        "198.51.100.7",
        "198.51.0.0/16",
        "2001:db8::/32",
        "http://evil.com/x",
    ];
    for (tag, value) in (0..).zip(values) {
        let atom = Atom::written(value).expect("invariant: written as it should be");
        builder.add(&atom, tag).expect("invariant: small");
    }
    let mapping = Mapping::from_toml(ZEEK).expect("invariant: ours");
    (Live::new(builder.build()), mapping)
});

fn keyed() -> Arc<Keyed> {
    Arc::new(Keyed::new(&[7; 32]))
}

/// What is found stands where it says, and its normal form is its own.
pub(crate) fn text(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let extract = extract(text);
    for found in &extract.found {
        assert!(
            text.get(found.span.clone()).is_some(),
            "a span outside of the text"
        );
        let again = Atom::observed(found.atom.kind(), found.atom.value());
        assert_eq!(again.as_ref(), Ok(&found.atom), "another normal form");
    }
    for over in &extract.passed_over {
        assert!(
            text.get(over.span.clone()).is_some(),
            "a span outside of the text"
        );
    }
    assert_eq!(refang(&refang(text)), refang(text), "refanged twice");
    !extract.found.is_empty()
}

/// Every normal form is its own, whatever kind it is read as.
pub(crate) fn atom(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    for kind in KINDS {
        if let Ok(atom) = Atom::observed(kind, text) {
            let again = Atom::observed(atom.kind(), atom.value());
            assert_eq!(again, Ok(atom), "another normal form");
        }
    }
    Atom::written(text).is_ok()
}

/// Hits lie in the bytes, and a line more before them moves them and changes nothing else.
fn scanned(layout: Layout, bytes: &[u8], before: &[u8]) -> bool {
    let (live, mapping) = &*LIVE;
    let mut plain = Vec::new();
    Scanner::new(layout, mapping.clone()).scan(&live.view(), bytes, &mut plain);
    for hit in &plain {
        assert!(
            hit.line <= hit.value.start && hit.value.end <= bytes.len(),
            "a hit outside"
        );
    }
    let mut moved = Vec::new();
    let longer = [before, bytes].concat();
    Scanner::new(layout, mapping.clone()).scan(&live.view(), &longer, &mut moved);
    let of_both = moved.iter().zip(&plain);
    for (moved, plain) in of_both {
        assert_eq!(
            moved.value.start,
            plain.value.start + before.len(),
            "another place"
        );
        assert_eq!(moved.matched, plain.matched, "another match");
    }
    assert_eq!(moved.len(), plain.len(), "more or fewer hits");
    !plain.is_empty()
}

pub(crate) fn json(bytes: &[u8]) -> bool {
    scanned(Layout::Json, bytes, b"{\"a\":1,\"b\":[]}\n")
}

pub(crate) fn tsv(bytes: &[u8]) -> bool {
    scanned(Layout::ZeekTsv, bytes, b"#close\n")
}

pub(crate) fn mapping(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes);
    text.is_ok_and(|text| Mapping::from_toml(text).is_ok())
}

/// Whoever flips a byte is noticed; what is taken is written as it was read.
pub(crate) fn snapshot(bytes: &[u8]) -> bool {
    let Ok(segment) = Segment::read_snapshot(keyed(), bytes, SNAPSHOT_BYTES_MAX) else {
        return false;
    };
    let mut again = Vec::new();
    let written = segment.write_snapshot(&mut again);
    assert!(written.is_ok() && again == bytes, "written otherwise");
    true
}
