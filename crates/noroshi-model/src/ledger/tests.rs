//! Looking through a line must come to what reading it comes to.

use super::{LedgerLine, LineKind};
use crate::json::{Object, Value};
use crate::time::Timestamp;

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| Value::Array(vec![inner]))
}

/// Clause: I5
#[test]
fn a_line_reads_back_exactly_where_reading_it_gives_the_same_line() {
    let most = (1_i64 << 53) - 1;
    let values = [
        (true, Value::Null),
        (true, Value::Bool(true)),
        (true, Value::Int(most)),
        (true, Value::Int(-most)),
        (false, Value::Int(most + 1)),
        (false, Value::Int(-most - 1)),
        (true, Value::Float(1.5)),
        (false, Value::Float(1.0)),
        (true, Value::String("特定秘密 \u{1} \u{2028}".into())),
        (false, Value::String("a\0b".into())),
        (true, Value::Object(Object::new().with("é", 1))),
        (false, Value::Object(Object::new().with("a\0b", 1))),
        (true, nested(5)),
        (true, nested(20)),
        (false, nested(100)),
    ];
    let at = [0, 1_790_000_000_123_456, -1, i64::MAX].map(Timestamp::from_micros);
    for (reads, value) in values {
        for at in at {
            let line = LedgerLine {
                at,
                kind: LineKind::Alarm,
                person: None,
                body: Object::new().with("x", value.clone()),
            };
            let bytes = line.to_bytes();
            let read = LedgerLine::from_bytes(&bytes).as_ref() == Ok(&line);
            assert_eq!(line.reads_back(&bytes), read, "{line:?}");
            if at.micros() == 0 {
                assert_eq!(read, reads, "{line:?}");
            }
        }
    }
}
