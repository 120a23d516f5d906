//! The same policy, written down once more in another way: property by property, marking by
//! marking, with loops over the raw lists and nothing of the gate's own code.

use std::collections::BTreeSet;

use crate::caveat::{ACTIONS, Acs, CATEGORIES, Caveat, HANDLING, PAP, Share, TIERS, TLP, US};
use crate::world::{Ask, PLACES, Term};

/// What the evaluator answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: &'static str,
    pub(crate) withheld: BTreeSet<String>,
    pub(crate) second_person: bool,
}

/// Decide.
pub(crate) fn decide(ask: &Ask) -> Answer {
    let nothing = |outcome| Answer {
        outcome,
        withheld: BTreeSet::new(),
        second_person: false,
    };
    let on_object: Vec<&Caveat> = ask.markings.iter().collect();
    if ask.peer != "confirmed"
        || !ask.available
        || everything(ask).any(|one| *one == Caveat::Unknown)
    {
        return nothing("deny");
    }
    if !on_object.iter().any(|marking| releases(marking)) {
        return nothing("deny");
    }
    if ask.origin != "own" && !granted_by(ask, None) && !may_pass(ask) {
        return nothing("refer");
    }
    if ask.standing != "in force" || ask.terms.is_empty() || !open(&on_object, ask) {
        return nothing("deny");
    }
    if !consented(&on_object, ask) {
        return nothing("refer");
    }
    let mut withheld = BTreeSet::new();
    let mut leaving = on_object.clone();
    for (place, _) in &ask.granular {
        let mut all = on_object.clone();
        for (other, caveat) in &ask.granular {
            let (here, above) = (PLACES[*place], PLACES[*other]);
            if here == above || here.starts_with(&format!("{above}.")) {
                all.push(caveat);
            }
        }
        if open(&all, ask) && consented(&all, ask) {
            leaving.extend(all);
        } else {
            withheld.insert(PLACES[*place].to_owned());
        }
    }
    if withheld.contains("pattern") {
        return Answer {
            withheld,
            ..nothing("deny")
        };
    }
    Answer {
        outcome: if withheld.is_empty() {
            "release"
        } else {
            "reduced"
        },
        withheld,
        second_person: leaving.iter().any(|marking| wants_second(marking)),
    }
}

fn everything(ask: &Ask) -> impl Iterator<Item = &Caveat> {
    let on_places = ask.granular.iter().map(|(_, caveat)| caveat);
    ask.markings.iter().chain(on_places)
}

/// Statements, duties of handling, an officer's word and the wish to be asked release nothing.
fn releases(marking: &Caveat) -> bool {
    !matches!(
        marking,
        Caveat::Statement
            | Caveat::Iep(_)
            | Caveat::Pap(_)
            | Caveat::Handling(_)
            | Caveat::Relido
            | Caveat::Orcon
            | Caveat::Fgi(_)
            | Caveat::Consent(_)
            | Caveat::Unknown
            | Caveat::Raw(_)
    )
}

fn wants_second(marking: &Caveat) -> bool {
    match marking {
        Caveat::Tlp(level) => *level > 1,
        Caveat::Iep(iep) => iep.tlp > 1,
        Caveat::UsClass(level) => *level > 0,
        Caveat::Acs(acs) => {
            let plain = Acs {
                classification: 0,
                ..Acs::default()
            };
            *acs != plain
        }
        Caveat::Statement | Caveat::Pap(_) | Caveat::Handling(_) => false,
        _ => true,
    }
}

/// May all these markings together go to the recipient, by this road, now, under some term?
fn open(markings: &[&Caveat], ask: &Ask) -> bool {
    for marking in markings {
        let admits = match marking {
            Caveat::Noforn => ask.recipient == "USA",
            Caveat::RelTo(hold, see) => named(hold, ask) || (!ask.copy && named(see, ask)),
            Caveat::Handling(2) => false,
            Caveat::Iep(iep) => {
                let begun = iep.from.as_str() <= ask.now.as_str();
                let lasts = iep
                    .until
                    .as_ref()
                    .is_none_or(|until| ask.now.as_str() < until.as_str());
                begun && lasts && (ask.encrypted || !iep.encrypt)
            }
            Caveat::Acs(acs) => {
                let home = ask.recipient == "USA";
                (home || !(acs.nf || acs.access_denied || acs.share == Share::Denied))
                    && acs
                        .nations
                        .as_ref()
                        .is_none_or(|nations| named(nations, ask))
                    && acs
                        .permitted
                        .as_ref()
                        .is_none_or(|nations| named(nations, ask))
                    && !acs.organisation
            }
            _ => true,
        };
        if !admits {
            return false;
        }
    }
    ask.terms
        .iter()
        .any(|term| markings.iter().all(|marking| covered(marking, term, ask)))
}

/// Is the recipient's nation in the list, or in a coalition that the list names?
fn named(list: &[String], ask: &Ask) -> bool {
    list.iter().any(|code| {
        if code.len() == 3 {
            return *code == ask.recipient;
        }
        let mut newest: Option<&crate::world::List> = None;
        for list in &ask.coalitions {
            let begun = list.from <= ask.now;
            if list.code == *code && begun && newest.is_none_or(|known| list.serial > known.serial)
            {
                newest = Some(list);
            }
        }
        newest.is_some_and(|list| ask.now < list.until && list.nations.contains(&ask.recipient))
    })
}

/// Does a term let one marking through on every axis it stands on?
fn covered(marking: &Caveat, term: &Term, ask: &Ask) -> bool {
    match marking {
        Caveat::Tlp(level) => below("tlp", &TLP, *level, term, ask),
        Caveat::UsClass(level) => below("us-class", &US, *level, term, ask),
        Caveat::Cui => below("us-cui", &["cui"], 0, term, ask),
        Caveat::Sds(level) => below("jp-sds", &["sds", "kimitsu"], *level, term, ask),
        Caveat::Category(at) => {
            below("jp-sds", &["sds", "kimitsu"], 0, term, ask)
                && word("jp-sds-category", CATEGORIES[*at], term)
        }
        Caveat::Mda(level) => below("jp-mda", &TIERS, *level, term, ask),
        Caveat::Mod => below("jp-mod", &["hi"], 0, term, ask),
        Caveat::Gov(level) => below("jp-gov", &TIERS, *level, term, ask),
        Caveat::Eis => below("jp-eis", &["eis"], 0, term, ask),
        Caveat::Handling(level) => limited("jp-handling", &HANDLING, *level, term),
        Caveat::Pap(level) => limited("pap", &PAP, *level, term),
        Caveat::Iep(iep) => {
            below("tlp", &TLP, iep.tlp, term, ask)
                && limited("iep-actions", &ACTIONS, iep.actions, term)
        }
        Caveat::Acs(acs) => {
            below("us-class", &US, acs.classification, term, ask)
                && (!acs.fouo || below("us-cui", &["cui"], 0, term, ask))
                && (!acs.fisa || word("acs-caveat", "fisa", term))
                && (!acs.les || word("acs-sensitivity", "les", term))
                && (!acs.ncc || word("acs-shareability", "ncc", term))
                && (!acs.gov || word("acs-entity", "gov", term))
        }
        _ => true,
    }
}

/// A level on a ladder: at or below the ceiling, or, where none is named, held equal to one that
/// is.
fn below(axis: &str, scale: &[&str], level: usize, term: &Term, ask: &Ask) -> bool {
    match term.ceilings.get(axis) {
        Some(ceiling) => scale
            .iter()
            .position(|one| one == ceiling)
            .is_some_and(|at| level <= at),
        None => {
            let equal = |here: &str, there: &str| {
                let (other, highest) = here.split_once(':').expect("axis:level");
                let reached = scale.iter().position(|one| *one == highest);
                let (axis_there, level_there) = there.split_once(':').expect("axis:level");
                let scale_there = scale_of(axis_there);
                let place = |level: &str| scale_there.iter().position(|one| *one == level);
                let allowed = term
                    .ceilings
                    .get(axis_there)
                    .and_then(|ceiling| place(ceiling));
                other == axis
                    && reached.is_some_and(|reached| level <= reached)
                    && allowed
                        .is_some_and(|allowed| place(level_there).is_some_and(|at| at <= allowed))
            };
            let pair = ask.equivalence.as_ref();
            pair.is_some_and(|(left, right)| equal(left, right) || equal(right, left))
        }
    }
}

fn scale_of(axis: &str) -> &'static [&'static str] {
    match axis {
        "tlp" => &TLP,
        "us-class" => &US,
        "jp-mda" | "jp-gov" => &TIERS,
        "jp-sds" => &["sds", "kimitsu"],
        _ => &["hi"],
    }
}

/// A duty: no ceiling unless the term names one.
fn limited(axis: &str, scale: &[&str], level: usize, term: &Term) -> bool {
    term.ceilings.get(axis).is_none_or(|ceiling| {
        scale
            .iter()
            .position(|one| one == ceiling)
            .is_some_and(|at| level <= at)
    })
}

fn word(axis: &str, word: &str, term: &Term) -> bool {
    let named = term.ceilings.get(axis);
    named.is_some_and(|named| named.split(' ').any(|one| one == word))
}

/// Has everybody consented whom these markings want asked?
fn consented(markings: &[&Caveat], ask: &Ask) -> bool {
    let originator = ask.origin == "own" || granted_by(ask, None);
    markings.iter().all(|marking| match marking {
        Caveat::Orcon | Caveat::Consent(None) => originator,
        Caveat::Acs(acs) if acs.share == Share::Silent => originator,
        Caveat::Consent(Some(identity)) => *identity == 0 && originator,
        Caveat::Fgi(None) => false,
        Caveat::Fgi(Some(nation)) => {
            *nation == ask.recipient
                || (nation == "USA" && ask.origin == "own")
                || granted_by(ask, Some(nation))
        }
        _ => true,
    })
}

/// Is there a consent that fits: the originator's own, or one by a node of that nation? The
/// originator of others' items in the cases is of Australia.
fn granted_by(ask: &Ask, nation: Option<&str>) -> bool {
    ask.grants
        .iter()
        .any(|grant| match (grant.as_str(), nation) {
            ("fits", None) => true,
            ("fits" | "other giver", Some(nation)) => nation == "AUS",
            (of, Some(nation)) => of == nation,
            _ => false,
        })
}

/// Another's item may be passed on when nothing on it is stricter than TLP:CLEAR, or TLP:GREEN
/// where its originator's term says so. Duties travel with it.
fn may_pass(ask: &Ask) -> bool {
    let mut highest = None;
    for marking in everything(ask) {
        match marking {
            Caveat::Tlp(level) => highest = highest.max(Some(*level)),
            Caveat::Iep(iep) => highest = highest.max(Some(iep.tlp)),
            Caveat::Statement | Caveat::Pap(_) | Caveat::Handling(_) => {}
            _ => return false,
        }
    }
    match highest {
        Some(0) => true,
        Some(1) => ask.onward && ask.standing == "in force",
        _ => false,
    }
}
