//! Pages that hear when what they show has changed. What is said is a mark of the person's own
//! view and nothing else: the page then asks for itself, through the door, as the person would.
//!
//! A view is made once for each person, however many screens the person has open, when the store
//! has something new, and now and then because partners fall silent without a word.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use noroshi_model::Timestamp;
use noroshi_node::Failure;
use noroshi_node::signin::{SignedIn, Whence};

use crate::Console;
use crate::cookies::Kind;
use crate::door::agent_of;
use crate::http::{Request, Response};
use crate::pages::now::{mark_of, seen};
use crate::visit::Visit;

/// A view is made again after so many seconds, whatever came.
const AGAIN_SECONDS: i64 = 15;
/// Persons whose marks are kept; when there are more, all are forgotten together.
const PERSONS_MAX: usize = 1_000;

/// The marks of persons' views. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Marks(Arc<Mutex<BTreeMap<String, Mark>>>);

#[derive(Clone)]
struct Mark {
    pulse: (u64, u64),
    /// How far catalogues are.
    step: Option<(String, u64)>,
    /// The duties it was made with, as their words.
    duties: String,
    at: Timestamp,
    mark: String,
}

/// Somebody whose page is open.
pub struct Viewer {
    console: Console,
    session: String,
    from: IpAddr,
    agent: String,
    last: String,
}

impl Viewer {
    /// What to say: nothing where all is as it was; `None` where the session is over. Blocks.
    pub fn news(&mut self) -> Option<Vec<u8>> {
        let whence = Whence {
            address: self.from,
            agent: &self.agent,
        };
        let who = self.console.node.standing(&self.session, whence).ok()??;
        // A store that fails says so on the page; here it ends the stream.
        let mark = self.console.mark(&who, whence).ok()?;
        if mark == self.last {
            return Some(Vec::new());
        }
        self.last.clone_from(&mark);
        Some(event(&mark))
    }
}

fn event(mark: &str) -> Vec<u8> {
    format!("retry: 5000\nevent: mark\ndata: {mark}\n\n").into_bytes()
}

impl Console {
    /// Answer a request for a stream, and who follows it, where the door let them in. Blocks.
    #[must_use]
    pub fn follow(&self, request: &mut Request<'_>) -> (Response, Option<Viewer>) {
        let cookies = (request.header)("cookie").unwrap_or_default();
        let session = self.seat.cookie_in(Kind::Session, &cookies);
        let agent = agent_of(request);
        let from = request.from;
        let response = self.answer(request);
        let is_stream = response.header("content-type") == Some("text/event-stream");
        let viewer = session
            .filter(|_| response.status == 200 && is_stream)
            .map(|session| Viewer {
                console: self.clone(),
                session,
                from,
                agent,
                last: String::new(),
            });
        (response, viewer)
    }

    /// The mark of what a person sees now.
    fn mark(&self, who: &SignedIn, whence: Whence<'_>) -> Result<String, Failure> {
        let now = self.node.clock_now();
        let pulse = self.node.pulse()?;
        let step = self.loading.step();
        let step_said = step.as_ref().map(|step| (step.name.clone(), step.done));
        let duties = format!("{:?}", who.duties());
        let person = who.person().to_string();
        let known = self.marks.get(&person);
        let is_good = |mark: &Mark| {
            mark.pulse == pulse
                && mark.step == step_said
                && mark.duties == duties
                && mark.at <= now
                && now < mark.at.plus_seconds(AGAIN_SECONDS)
        };
        if let Some(known) = known.filter(is_good) {
            return Ok(known.mark);
        }
        let visit = self.visit(Some(who), whence, who.lang(), "/")?;
        let mark = mark_of(&seen(&visit)?, step.as_ref());
        let kept = Mark {
            pulse,
            step: step_said,
            duties,
            at: now,
            mark: mark.clone(),
        };
        self.marks.set(person, kept);
        Ok(mark)
    }
}

impl Marks {
    fn get(&self, person: &str) -> Option<Mark> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        marks.get(person).cloned()
    }

    fn set(&self, person: String, mark: Mark) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if marks.len() >= PERSONS_MAX && !marks.contains_key(&person) {
            marks.clear();
        }
        marks.insert(person, mark);
    }
}

/// The stream's first word, and all of it for whoever does not stay.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let mark = visit.console.mark(visit.signed_in()?, visit.whence)?;
    Ok(Response {
        status: 200,
        headers: vec![("content-type", "text/event-stream".to_owned())],
        body: event(&mark),
    })
}
