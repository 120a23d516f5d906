//! Paging while objects arrive: nothing is lost and nothing comes twice, by `next` and by
//! `added_after`, whatever the order of additions, polls and page sizes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "checklist/desk.rs"]
mod desk;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use noroshi_taxii::{About, CursorKey, Request, Taxii};
use proptest::prelude::*;
use serde_json::{Value, json};

const MEDIA: Option<&str> = Some("application/taxii+json;version=2.1");

fn taxii(page_bytes_max: usize) -> Taxii {
    let mut about = About::new("paging");
    about.page_default = 3;
    about.page_max = 5;
    about.page_bytes_max = page_bytes_max;
    Taxii::new(
        Arc::new(desk::Memory::default()),
        about,
        CursorKey::new([1; 32]),
    )
}

fn path() -> String {
    format!("/taxii2/api/collections/{}/objects/", desk::FULL)
}

/// Version `second` of the indicator of that number.
fn post(taxii: &Taxii, number: u32, second: u32) {
    let time = format!("2026-01-01T00:00:{second:02}.000Z");
    let body = json!({ "objects": [{
        "type": if number.is_multiple_of(3) { "malware" } else { "indicator" },
        "id": id_of(number), "spec_version": "2.1", "created": time, "modified": time,
    }] })
    .to_string();
    let request = Request {
        method: "POST",
        path: &path(),
        authorization: Some("Bearer caller"),
        accept: MEDIA,
        content_type: MEDIA,
        ..Request::default()
    };
    let answer = taxii.answer(&request, &mut body.as_bytes());
    assert_eq!(answer.status, 202);
}

fn id_of(number: u32) -> String {
    let kind = if number.is_multiple_of(3) {
        "malware"
    } else {
        "indicator"
    };
    format!("{kind}--00000000-0000-4000-8000-{number:012x}")
}

/// One who follows a listing to its end, and comes back for what is new.
#[derive(Clone, Debug)]
struct Poller {
    filters: &'static str,
    by_next: bool,
    next: Option<String>,
    after: Option<String>,
    /// How often each version of each object came.
    seen: BTreeMap<(String, String), u32>,
}

impl Poller {
    fn new(filters: &'static str, by_next: bool) -> Self {
        Self {
            filters,
            by_next,
            next: None,
            after: None,
            seen: BTreeMap::new(),
        }
    }

    /// Ask for one page; whether there is more.
    fn poll(&mut self, taxii: &Taxii, limit: u32) -> bool {
        let mut query = format!("limit={limit}&{}", self.filters);
        if let Some(after) = &self.after {
            query += &format!("&added_after={after}");
        }
        if let Some(next) = &self.next {
            query += &format!("&next={next}");
        }
        let request = Request {
            method: "GET",
            path: &path(),
            query: &query,
            authorization: Some("Bearer caller"),
            accept: MEDIA,
            ..Request::default()
        };
        let answer = taxii.answer(&request, &mut std::io::empty());
        assert_eq!(answer.status, 200, "{query}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let objects = body["objects"].as_array().cloned().unwrap_or_default();
        assert!(objects.len() <= limit as usize);
        for object in objects {
            let text = |key: &str| object[key].as_str().unwrap().to_owned();
            *self.seen.entry((text("id"), text("modified"))).or_default() += 1;
        }
        let more = body["more"] == true;
        self.next = body["next"].as_str().map(str::to_owned);
        if self.by_next && more {
            return true;
        }
        // At the end of a listing, or page by page: go on from the date of the last entry.
        self.next = None;
        let last = answer.header("x-taxii-date-added-last").unwrap();
        self.after = Some(last.to_owned());
        more
    }
}

#[derive(Clone, Debug)]
enum Step {
    Post(u32, u32),
    Poll(usize, u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..12_u32, 0..6_u32).prop_map(|(number, second)| Step::Post(number, second)),
        (0..4_usize, 1..7_u32).prop_map(|(who, limit)| Step::Poll(who, limit)),
    ];
    proptest::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_comes_twice(steps in steps(), bytes in 1..900_usize) {
        let taxii = taxii(bytes);
        let mut pollers = [
            Poller::new("match[version]=all", true),
            Poller::new("match[version]=all", false),
            Poller::new("match[version]=all&match[type]=malware", true),
            Poller::new("match[version]=all&match[type]=malware", false),
        ];
        let mut posted = BTreeMap::new();
        for step in steps {
            match step {
                Step::Post(number, second) => {
                    post(&taxii, number, second);
                    let version = format!("2026-01-01T00:00:{second:02}.000Z");
                    posted.insert((id_of(number), version), 1_u32);
                }
                Step::Poll(who, limit) => {
                    pollers[who].poll(&taxii, limit);
                }
            }
        }
        for (at, poller) in pollers.iter_mut().enumerate() {
            let mut pages = 0;
            while poller.poll(&taxii, 4) {
                pages += 1;
                prop_assert!(pages < 200, "the pages have no end");
            }
            let mut expected = posted.clone();
            expected.retain(|(id, _), _| at < 2 || id.starts_with("malware"));
            prop_assert_eq!(&poller.seen, &expected);
        }
    }
}

/// The same with threads: three write while one follows by `added_after` and one by `next`, as the
/// clients did from which other servers lost up to half of what they had acknowledged.
#[test]
fn pollers_beside_writers_get_everything_once() {
    const EACH: u32 = 120;
    let taxii = taxii(1 << 20);
    let writing = AtomicUsize::new(3);
    let pollers = std::thread::scope(|scope| {
        for writer in 0..3 {
            let (taxii, writing) = (&taxii, &writing);
            scope.spawn(move || {
                for number in 0..EACH {
                    post(taxii, writer * EACH + number, 1);
                }
                writing.fetch_sub(1, Ordering::SeqCst);
            });
        }
        let pollers = [false, true].map(|by_next| {
            let (taxii, writing) = (&taxii, &writing);
            scope.spawn(move || {
                let mut poller = Poller::new("match[version]=all", by_next);
                loop {
                    let done = writing.load(Ordering::SeqCst) == 0;
                    if !poller.poll(taxii, 5) && done {
                        return poller;
                    }
                }
            })
        });
        pollers.map(|poller| poller.join().unwrap())
    });
    for poller in pollers {
        assert_eq!(poller.seen.len(), 3 * EACH as usize);
        assert!(poller.seen.values().all(|times| *times == 1));
    }
}
