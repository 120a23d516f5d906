//! The same policy, written down once more in another way: property by property, marking by
//! marking, with loops over the raw lists and nothing of the gate's own code.

use std::collections::BTreeSet;

use crate::world::{Ask, Caveat, PLACES, TLP, US};

/// What the evaluator answers.
pub(crate) struct Answer {
    pub(crate) outcome: String,
    pub(crate) withheld: BTreeSet<String>,
}

/// Decide.
pub(crate) fn decide(ask: &Ask) -> Answer {
    let answer = |outcome: &str, withheld: BTreeSet<String>| Answer {
        outcome: outcome.to_owned(),
        withheld,
    };
    let none = BTreeSet::new;
    if !ask
        .markings
        .iter()
        .any(|marking| *marking != Caveat::Statement)
    {
        return answer("deny", none());
    }
    if ask.origin != "own" && !may_pass(ask) {
        return answer("refer", none());
    }
    if ask.standing != "in force" || ask.terms.is_empty() {
        return answer("deny", none());
    }
    if !open(&ask.markings, ask) {
        return answer("deny", none());
    }
    let mut withheld = BTreeSet::new();
    for (place, _) in &ask.granular {
        let mut all = ask.markings.clone();
        for (other, caveat) in &ask.granular {
            let here = PLACES[*place];
            let above = PLACES[*other];
            if here == above || here.starts_with(&format!("{above}.")) {
                all.push(caveat.clone());
            }
        }
        if !open(&all, ask) {
            withheld.insert(PLACES[*place].to_owned());
        }
    }
    if withheld.contains("pattern") {
        return answer("deny", withheld);
    }
    answer(
        if withheld.is_empty() {
            "release"
        } else {
            "reduced"
        },
        withheld,
    )
}

/// May all these markings together go to the recipient under some term?
fn open(markings: &[Caveat], ask: &Ask) -> bool {
    for marking in markings {
        match marking {
            Caveat::Noforn if ask.recipient != "USA" => return false,
            Caveat::RelTo(nations) if !nations.contains(&ask.recipient.as_str()) => return false,
            _ => {}
        }
    }
    'terms: for term in &ask.terms {
        for marking in markings {
            let (axis, level, scale): (&str, &str, &[&str]) = match marking {
                Caveat::Tlp(level) => ("tlp", TLP[*level], &TLP),
                Caveat::UsClass(level) => ("us-class", US[*level], &US),
                Caveat::Sds => ("jp-sds", "sds", &["sds"]),
                Caveat::Mod => ("jp-mod", "hi", &["hi"]),
                _ => continue,
            };
            let position = |level: &str, scale: &[&str]| scale.iter().position(|one| *one == level);
            let within = match term.ceilings.get(axis) {
                Some(ceiling) => position(level, scale) <= position(ceiling, scale),
                None => equal(ask, axis, level, term),
            };
            if !within {
                continue 'terms;
            }
        }
        return true;
    }
    false
}

/// Not named by the term, but held equal by both parties to something that is.
fn equal(ask: &Ask, axis: &str, level: &str, term: &crate::world::Term) -> bool {
    let Some((left, right)) = &ask.equivalence else {
        return false;
    };
    let reaches = |side: &str| match side.split_once(':') {
        Some((other, highest)) if other == axis => {
            scale_of(axis).iter().position(|l| *l == level)
                <= scale_of(axis).iter().position(|l| *l == highest)
        }
        _ => false,
    };
    let other = if reaches(left) {
        right
    } else if reaches(right) {
        left
    } else {
        return false;
    };
    let (axis, level) = other.split_once(':').expect("axis:level");
    let scale = scale_of(axis);
    let position = |level: &str| scale.iter().position(|one| *one == level);
    term.ceilings
        .get(axis)
        .is_some_and(|ceiling| position(level) <= position(ceiling))
}

fn scale_of(axis: &str) -> &'static [&'static str] {
    match axis {
        "tlp" => &TLP,
        "us-class" => &US,
        "jp-sds" => &["sds"],
        _ => &["hi"],
    }
}

/// Another's item may be passed on when nothing on it is stricter than TLP:CLEAR, or TLP:GREEN
/// where its originator's term says so.
fn may_pass(ask: &Ask) -> bool {
    let everything = ask
        .markings
        .iter()
        .chain(ask.granular.iter().map(|(_, caveat)| caveat));
    let mut highest = None;
    for marking in everything {
        match marking {
            Caveat::Tlp(level) => highest = highest.max(Some(*level)),
            Caveat::Statement => {}
            _ => return false,
        }
    }
    match highest {
        Some(0) => true,
        Some(1) => ask.onward && ask.standing == "in force",
        _ => false,
    }
}
