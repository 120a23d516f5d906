//! First steps, on the page Now until they are taken: catalogues that came with the program, and
//! rules that suit what the organisation is, each an order that two persons sign.

use noroshi_gate::{Deed, Threshold};
use noroshi_node::messages::{self, Lang};
use noroshi_node::signin::Suggested;
use noroshi_node::{Command, Failure};
use serde_json::Value;

use crate::http::Response;
use crate::visit::Visit;

/// What is left to do.
pub(crate) struct First {
    /// Catalogues by their titles, and whether they are here.
    pub(crate) catalogues: Vec<(String, bool)>,
    /// Which is being taken in, and how many parts of a hundred are.
    pub(crate) under_way: Option<(String, u64)>,
    /// Why the last try failed.
    pub(crate) problem: Option<String>,
    pub(crate) may_load: bool,
    /// Above what a second person is suggested, where the rule is still the program's own.
    pub(crate) second_above: Option<&'static str>,
    /// How the organisation's own findings are suggested to be marked, where nothing is set yet.
    pub(crate) own_marking: Option<&'static str>,
    /// The message of what the organisation is.
    pub(crate) kind: &'static str,
}

impl First {
    /// What is left for the person who visits; nothing where all is done, or nothing is theirs.
    pub(crate) fn of(visit: &Visit<'_>) -> Result<Option<Self>, Failure> {
        let duties = visit.signed_in()?.duties();
        let may_load = duties.permit(Deed::TakeIn);
        let rows = match may_load {
            true => visit.console.catalogues()?,
            false => Vec::new(),
        };
        let step = visit.console.loading.step();
        let suggested = Suggested::to(visit.face.kind);
        let (second_above, own_marking) = match duties.permit(Deed::Rule) {
            true => (
                second_above(visit, suggested)?,
                own_marking(visit, suggested)?,
            ),
            false => (None, None),
        };
        let is_loaded = rows.iter().all(|row| row.loaded.is_some());
        if is_loaded && second_above.is_none() && own_marking.is_none() {
            return Ok(None);
        }
        let title = |row: &noroshi_node::catalogues::CatalogueRow| match visit.lang {
            Lang::En => row.title_en.clone(),
            Lang::Ja => row.title_ja.clone(),
        };
        let failed = step.as_ref().and_then(|step| step.failed.as_ref());
        let problem = failed.map(|failure| messages::failure(visit.lang, failure));
        let under_way = step.filter(|step| step.failed.is_none()).map(|step| {
            let named = rows.iter().find(|row| row.name == step.name);
            let done = step.done * 100 / step.total.max(1);
            (named.map(title).unwrap_or_default(), done.min(100))
        });
        Ok(Some(Self {
            catalogues: rows
                .iter()
                .map(|row| (title(row), row.loaded.is_some()))
                .collect(),
            may_load: may_load && !is_loaded,
            under_way,
            problem,
            second_above,
            own_marking,
            kind: visit.face.kind.as_str(),
        }))
    }

    /// Is it about catalogues?
    pub(crate) fn loads(&self) -> bool {
        self.may_load || self.under_way.is_some()
    }
}

fn second_above(visit: &Visit<'_>, suggested: Suggested) -> Result<Option<&'static str>, Failure> {
    let rules: Value = visit
        .ask(Command::RuleShow)?
        .answer("rules")
        .unwrap_or_default();
    let usual = Threshold::default().to_string();
    let is_usual = rules["second_person_above"] == usual.as_str();
    let wanted = suggested.second_person_above;
    Ok(Some(wanted).filter(|wanted| is_usual && *wanted != usual))
}

fn own_marking(visit: &Visit<'_>, suggested: Suggested) -> Result<Option<&'static str>, Failure> {
    let profiles: Vec<Value> = visit.ask(Command::ProfileList)?.rows("profile");
    let has_own = profiles.iter().any(|profile| profile["own"] == true);
    Ok(Some(suggested.own_marking).filter(|_| !has_own))
}

/// Take in the catalogues that are not here yet.
pub(crate) fn load(visit: &Visit<'_>) -> Result<Response, Failure> {
    if visit.form.get("which") == Some("all") {
        visit.console.load_catalogues(visit.signed_in()?.person());
    }
    Ok(Response::see("/"))
}
