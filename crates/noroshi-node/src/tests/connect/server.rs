//! Somebody's server, as a script: an honest TAXII collection, and answers planted in its place.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Mutex;

use noroshi_model::{KeyId, NodeId};
use noroshi_taxii::client::{Call, CallFault, Credential, Method, Reply};
use serde_json::{Value, json};

use crate::node::lock;
use crate::outside::{Outside, OutsideError};

pub(super) const ROOT: &str = "https://taxii.example/api/";
pub(super) const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";

/// An answer that was planted.
pub(super) type Planted = Result<Answer, CallFault>;

#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(body: &Value) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        }
    }

    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::json(&json!({}))
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The dates of a page.
    pub(super) fn dated(self, first: &str, last: &str) -> Self {
        self.with("x-taxii-date-added-first", first)
            .with("x-taxii-date-added-last", last)
    }
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) url: String,
    pub(super) is_post: bool,
    pub(super) is_delete: bool,
    pub(super) credential: Option<Credential>,
    pub(super) accept: String,
    pub(super) etag: Option<String>,
    pub(super) body: Vec<u8>,
}

/// The server.
#[derive(Default)]
pub(super) struct Fake {
    /// Answers to questions for objects, in their order; then it is honest again.
    pub(super) planted: Mutex<VecDeque<Planted>>,
    /// Answers by the end of an address, whatever else; each for ever.
    pub(super) fixed: Mutex<Vec<(String, Planted)>>,
    /// The honest collection: when each object was added, and the object.
    pub(super) held: Mutex<Vec<(String, Value)>>,
    /// Objects on a page of it.
    pub(super) page: Mutex<Option<usize>>,
    /// Largest body it takes, whatever it announces.
    pub(super) most: Mutex<Option<usize>>,
    pub(super) heard: Mutex<Vec<Heard>>,
}

impl Fake {
    pub(super) fn plant(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.planted).extend(answers.into_iter().map(Ok));
    }

    pub(super) fn fail(&self, fault: CallFault) {
        lock(&self.planted).push_back(Err(fault));
    }

    pub(super) fn fix(&self, end: &str, answer: Planted) {
        lock(&self.fixed).push((end.to_owned(), answer));
    }

    /// Add an object at a time such as `2026-11-24T08:00:00Z`.
    pub(super) fn add(&self, at: &str, object: Value) {
        lock(&self.held).push((at.to_owned(), object));
    }

    /// What was asked since this was last looked at.
    pub(super) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *lock(&self.heard))
    }

    fn answer(&self, heard: &Heard) -> Planted {
        let path = heard.url.split('?').next().unwrap_or_default();
        let fixed = lock(&self.fixed)
            .iter()
            .find(|(end, _)| path.ends_with(end.as_str()))
            .map(|(_, answer)| answer.clone());
        if let Some(answer) = fixed {
            return answer;
        }
        let collection = json!({
            "id": COLLECTION, "title": "Indicators", "can_read": true, "can_write": true,
        });
        let root = json!({
            "title": "Root", "versions": ["application/taxii+json;version=2.1"],
            "max_content_length": 100_000,
        });
        if path.ends_with("/objects/") {
            if let Some(planted) = lock(&self.planted).pop_front() {
                return planted;
            }
            return Ok(if heard.is_post {
                self.taken(&heard.body)
            } else {
                self.honest(&heard.url)
            });
        }
        match path.strip_prefix("https://taxii.example") {
            Some("/taxii2/") => Ok(Answer::json(&json!({
                "title": "A server", "default": ROOT, "api_roots": [ROOT],
            }))),
            Some("/api/") => Ok(Answer::json(&root)),
            Some("/api/collections/") => Ok(Answer::json(&json!({ "collections": [collection] }))),
            _ => Ok(Answer::status(404)),
        }
    }

    /// A post as the standard wants it.
    fn taken(&self, body: &[u8]) -> Answer {
        if lock(&self.most).is_some_and(|most| body.len() > most) {
            return Answer::status(413);
        }
        let read: Value = serde_json::from_slice(body).unwrap();
        let count = read["objects"].as_array().unwrap().len();
        let mut answer = Answer::json(&json!({
            "id": "2d086da7-4bdc-4f91-900e-d77486753710", "status": "complete",
            "total_count": count, "success_count": count, "failure_count": 0,
            "pending_count": 0,
        }));
        answer.status = 202;
        answer
    }

    /// A page as the standard wants it.
    fn honest(&self, url: &str) -> Answer {
        let asked = |name: &str| {
            let (_, query) = url.split_once('?')?;
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(known, _)| *known == name)?;
            Some(value.replace("%3A", ":"))
        };
        let after = asked("added_after").unwrap_or_default();
        let from: usize = asked("next").map_or(0, |next| next.parse().unwrap());
        let held = lock(&self.held);
        let is_later = |at: &str| {
            let read = |text: &str| text.parse::<noroshi_model::Timestamp>().ok();
            read(at) > read(&after)
        };
        let later: Vec<&(String, Value)> = held.iter().filter(|(at, _)| is_later(at)).collect();
        let size = lock(&self.page).unwrap_or(1000);
        let page: Vec<&(String, Value)> = later.iter().skip(from).take(size).copied().collect();
        let more = from + page.len() < later.len();
        let mut body = json!({
            "objects": page.iter().map(|(_, object)| object.clone()).collect::<Vec<_>>(),
        });
        if more {
            body["more"] = true.into();
            body["next"] = (from + page.len()).to_string().into();
        }
        let answer = Answer::json(&body);
        match (page.first(), page.last()) {
            (Some((first, _)), Some((last, _))) => answer.dated(first, last),
            _ => answer,
        }
    }
}

impl Outside for Fake {
    fn pair(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        Err(nothing(address))
    }

    fn recover(&self, address: &str, _: &[u8]) -> Result<(Vec<u8>, KeyId), OutsideError> {
        Err(nothing(address))
    }

    fn exchange(&self, address: &str, _: &[KeyId], _: &[u8]) -> Result<Vec<u8>, OutsideError> {
        Err(nothing(address))
    }

    fn call(&self, call: &Call<'_>, out: &mut dyn Write) -> Result<Reply, CallFault> {
        let heard = Heard {
            url: call.target.to_string(),
            is_post: call.method == Method::Post,
            is_delete: call.method == Method::Delete,
            credential: call.credential.cloned(),
            accept: call.accept.to_owned(),
            etag: call.etag.map(str::to_owned),
            body: call.body.map(|(_, body)| body.to_vec()).unwrap_or_default(),
        };
        let answer = self.answer(&heard);
        lock(&self.heard).push(heard);
        let answer = answer?;
        if answer.body.len() as u64 > call.bytes_max {
            return Err(CallFault::TooLarge);
        }
        out.write_all(&answer.body).unwrap();
        let headers = answer.headers.into_iter();
        Ok(Reply {
            status: answer.status,
            headers: headers
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        })
    }

    fn wake(&self, _: &NodeId) {}

    fn present(&self, _: &[u8]) {}
}

fn nothing(address: &str) -> OutsideError {
    OutsideError {
        address: address.to_owned(),
        problem: "no partner stands there".to_owned(),
    }
}
