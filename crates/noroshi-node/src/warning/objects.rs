//! Reading the desk's objects back, leniently: a partner's newer node may write more.

use noroshi_assess::level::LLR_MILLI_MAX;
use noroshi_assess::{Evidence, LevelTable, State};
use noroshi_model::json::{Object, Value};
use noroshi_model::{StixId, Timestamp};
use noroshi_store::{ItemState, Sought, StoredItem};

use crate::command::Failure;
use crate::node::Node;

/// Most states kept of an indicator; the oldest go first.
pub(super) const STATES_MAX: usize = 200;

/// What a problem is judged by.
pub(super) struct Judged {
    pub(super) table: LevelTable,
    pub(super) prior_permille: u16,
    pub(super) hypothesis: String,
}

impl Node {
    /// The item a person means, which must be of that type and readable.
    pub(super) fn of_kind(
        &self,
        named: &str,
        kind: &'static str,
    ) -> Result<(StoredItem, Object), Failure> {
        let stored = self.find_item(named)?;
        let is_it = stored.id.kind() == kind && stored.state == ItemState::Admitted;
        match self.readable(&stored).filter(|_| is_it) {
            Some(object) => Ok((stored, object)),
            None => Err(Failure::new(
                "warning.kind",
                2,
                format_args!("`{named}` is no readable {kind} here"),
            )
            .arg("item", named)
            .arg("kind", kind)),
        }
    }

    /// Current objects of a type that name an object, the newest first, up to a cap.
    pub(super) fn naming(
        &self,
        id: &StixId,
        kind: &str,
        most: u32,
    ) -> Result<Vec<(StoredItem, Object)>, Failure> {
        let sought = Sought {
            mentions: Some(id.clone()),
            kind: Some(kind.to_owned()),
            ..Sought::default()
        };
        self.objects_sought(&sought, most)
    }
}

/// What the problem says it is judged by. A table that this node does not know is refused: a level
/// by another table would not be the same level.
pub(super) fn judged_by(problem: &Object) -> Result<Judged, Failure> {
    let named = problem.get("watch_level").and_then(Value::as_object);
    let name = named.and_then(|level| level.str("table")).unwrap_or("-");
    let table = LevelTable::named(name).map_err(|error| Failure::new("internal", 1, error))?;
    let table = table.ok_or_else(|| {
        let why = format_args!("the problem is judged by the table `{name}`, unknown here");
        Failure::new("warning.table", 3, why).arg("table", name)
    })?;
    let hypotheses = problem.get("hypotheses").and_then(Value::as_array);
    let first = hypotheses.and_then(<[Value]>::first);
    let first = first.and_then(Value::as_object);
    let prior = first.and_then(|it| it.get("prior_permille"));
    let prior = prior.and_then(Value::as_int).unwrap_or(50);
    Ok(Judged {
        table,
        prior_permille: u16::try_from(prior.clamp(1, 999)).unwrap_or(50),
        hypothesis: first
            .and_then(|it| it.str("statement"))
            .unwrap_or_default()
            .to_owned(),
    })
}

/// An indicator as evidence; `None` where its weight is not one this node can read.
pub(super) fn evidence(id: &StixId, indicator: &Object) -> Option<Evidence> {
    let weight = indicator.get("weight").and_then(Value::as_int)?;
    let llr_milli = Some(weight).filter(|weight| (1..=LLR_MILLI_MAX).contains(weight))?;
    let mut states = states_of(indicator);
    if states.is_empty() {
        let state = indicator.str("state").and_then(State::from_word);
        let since = time(indicator, "last_checked");
        states.extend(since.zip(state));
    }
    Some(Evidence {
        id: id.to_string(),
        llr_milli,
        states,
    })
}

/// The states an indicator carries, as far as they are readable, the newest of them.
fn states_of(indicator: &Object) -> Vec<(Timestamp, State)> {
    let states = indicator.get("states").and_then(Value::as_array);
    let states = states.unwrap_or_default();
    let newest = states.len().saturating_sub(STATES_MAX);
    let states = states.iter().skip(newest).filter_map(Value::as_object);
    let read = states.filter_map(|one| time(one, "at").zip(State::from_word(one.str("state")?)));
    read.collect()
}

/// An instant an object names.
pub(super) fn time(object: &Object, name: &str) -> Option<Timestamp> {
    object.str(name)?.parse().ok()
}

/// The ids in a list of an object.
pub(super) fn ids(object: &Object, name: &str) -> Vec<StixId> {
    let list = object.get(name).and_then(Value::as_array);
    let list = list.unwrap_or_default().iter();
    list.filter_map(|id| id.as_str()?.parse().ok()).collect()
}

/// A text an object holds; empty where it holds none.
pub(super) fn said(object: &Object, name: &str) -> String {
    object.str(name).unwrap_or_default().to_owned()
}

/// A small whole number an object holds.
pub(super) fn number(object: &Object, name: &str) -> Option<u8> {
    u8::try_from(object.get(name)?.as_int()?).ok()
}
