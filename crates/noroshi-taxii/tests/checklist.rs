//! The checklist of the standard, without sockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "checklist/mod.rs"]
mod checklist;

use std::sync::Arc;

use checklist::{Answer, Bench, Call, Peer, desk, each_check};
use noroshi_taxii::{About, CursorKey, Request, Taxii};

struct Direct(Taxii);

impl Peer for Direct {
    fn call(&self, call: &Call) -> Answer {
        let header = |name: &str| {
            let found = call.headers.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let (path, query) = call.target.split_once('?').unwrap_or((&call.target, ""));
        let request = Request {
            method: &call.method,
            path,
            query,
            accept: header("accept"),
            content_type: header("content-type"),
            authorization: header("authorization"),
            if_none_match: header("if-none-match"),
            content_length: None,
            certificate: None,
        };
        let response = self.0.answer(&request, &mut call.body.as_slice());
        let headers = response.headers.into_iter();
        Answer {
            status: response.status,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            body: response.body,
        }
    }
}

fn bench() -> Bench {
    let mut about = About::new("A server under test");
    about.page_max = 20;
    about.page_default = 15;
    about.body_bytes_max = 64 * 1024;
    let desk = Arc::new(desk::Memory::default());
    let taxii = Taxii::new(desk, about, CursorKey::new([5; 32]));
    checklist::bench(Box::new(Direct(taxii)))
}

macro_rules! tests {
    ($($room:ident: $($name:ident),+;)+) => {
        $(mod $room {
            $(#[test]
            fn $name() {
                crate::checklist::$room::$name(&crate::bench());
            })+
        })+
    };
}
each_check!(tests);
