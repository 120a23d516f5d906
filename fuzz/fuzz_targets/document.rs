//! Every signed or stored document; what is read must be written as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use noroshi_model::act::Act;
use noroshi_model::agreement::Agreement;
use noroshi_model::ledger::LedgerLine;
use noroshi_model::link::{LogLeaf, Recall, Receipt};
use noroshi_model::manifest::Manifest;
use noroshi_model::{Limits, Value};

fuzz_target!(|bytes: &[u8]| {
    macro_rules! round {
        ($($kind:ty),*) => {$(
            if let Ok(document) = <$kind>::from_bytes(bytes) {
                let again = <$kind>::from_bytes(&document.to_bytes()).expect("read before");
                assert_eq!(again, document);
            }
        )*};
    }
    round!(Act, LedgerLine, LogLeaf, Recall, Receipt, Manifest);
    if let Ok(value) = Value::parse(bytes, &Limits::DEFAULT) {
        let canonical = value.canonical();
        let again = Value::parse(&canonical, &Limits::DEFAULT);
        if let Ok(again) = again {
            assert_eq!(again.canonical(), canonical);
        }
        let _ = Agreement::from_value(value);
    }
});
