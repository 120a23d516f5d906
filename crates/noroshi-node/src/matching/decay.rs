//! How the worth of an indicator fades, by models that are data (MISP's, `data/decay`).
//!
//! score = base × (1 − (t / lifetime)^(1 / speed)), t since the last word on it: its version, its
//! arrival, or when it was last sighted here. Solved for the time at which the score falls below
//! the threshold, so that nothing is ever scored anew: t = lifetime × (1 − threshold / base)^speed.

use std::sync::OnceLock;

use noroshi_match::{Atom, Kind};
use noroshi_model::json::Object;
use noroshi_model::{Timestamp, Value};
use serde::Deserialize;

/// Microseconds of a day.
const DAY: f64 = 86_400_000_000.0;
const MODELS: [(&str, &str); 2] = [
    (
        "phishing",
        include_str!("../../../../data/decay/phishing-model.json"),
    ),
    (
        "nids",
        include_str!("../../../../data/decay/nids-simple-model.json"),
    ),
];

/// A model, as MISP writes it; what is not used here is passed over.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Model {
    /// What it is called.
    pub(crate) name: String,
    parameters: Parameters,
}

#[derive(Clone, Debug, Deserialize)]
struct Parameters {
    /// Days.
    lifetime: f64,
    decay_speed: f64,
    threshold: f64,
    default_base_score: f64,
}

/// How one indicator fades.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decay {
    pub(crate) model: &'static Model,
    pub(crate) base: f64,
}

fn models() -> &'static [(&'static str, Model)] {
    static READ: OnceLock<Vec<(&'static str, Model)>> = OnceLock::new();
    READ.get_or_init(|| {
        let read = MODELS.iter().map(|(word, text)| {
            let model = serde_json::from_str(text)
                .expect("invariant: what comes with the program reads as a test says");
            (*word, model)
        });
        read.collect()
    })
}

impl Decay {
    /// Of an indicator that has no end of its own and looks for what changes hands on the network:
    /// hashes and names of files stay what they are. Its base is its `confidence`, else the
    /// model's.
    pub(crate) fn of(object: &Object, atoms: &[Atom]) -> Option<Self> {
        if object.str("valid_until").is_some() || atoms.is_empty() || !atoms.iter().all(fades) {
            return None;
        }
        let is_phishing = ["labels", "indicator_types"].iter().any(|name| {
            let words = object.get(name).and_then(Value::as_array);
            let mut words = words.into_iter().flatten().filter_map(Value::as_str);
            words.any(|word| word.to_ascii_lowercase().contains("phishing"))
        });
        let wanted = if is_phishing { "phishing" } else { "nids" };
        let (_, model) = models().iter().find(|(word, _)| *word == wanted)?;
        let confidence = object.get("confidence").and_then(Value::as_int);
        let base = confidence
            .and_then(|confidence| u8::try_from(confidence).ok())
            .map_or(model.parameters.default_base_score, f64::from);
        Some(Self { model, base })
    }

    /// How long after the last word it is below the threshold, in microseconds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a model's lifetime is days; what is beyond any time ends there"
    )]
    pub(crate) fn span(self) -> i64 {
        let Parameters {
            lifetime,
            decay_speed,
            threshold,
            ..
        } = self.model.parameters;
        let left = (1.0 - threshold / self.base.max(f64::MIN_POSITIVE)).max(0.0);
        (lifetime * left.powf(decay_speed) * DAY) as i64
    }

    /// The score so long after the last word, in microseconds: 0 to 100.
    #[expect(clippy::cast_precision_loss, reason = "a score has two digits")]
    pub(crate) fn score(self, since: i64) -> f64 {
        let Parameters {
            lifetime,
            decay_speed,
            ..
        } = self.model.parameters;
        let part = (since.max(0) as f64 / (lifetime * DAY)).min(1.0);
        (self.base * (1.0 - part.powf(1.0 / decay_speed))).clamp(0.0, 100.0)
    }

    /// Below which score it is at work no more.
    pub(crate) fn threshold(self) -> f64 {
        self.model.parameters.threshold
    }
}

fn fades(atom: &Atom) -> bool {
    matches!(
        atom.kind(),
        Kind::Ipv4 | Kind::Ipv6 | Kind::Ipv4Net | Kind::Ipv6Net | Kind::Domain | Kind::Url
    )
}

/// The last word on an indicator: its version, its arrival, its last sighting.
pub(crate) fn last_word(object: &Object, arrived: Timestamp, sighted: Option<Timestamp>) -> i64 {
    let modified = object
        .str("modified")
        .and_then(|text| text.parse::<Timestamp>().ok());
    let words = [modified, Some(arrived), sighted];
    let latest = words.into_iter().flatten().max();
    latest.unwrap_or(arrived).micros()
}
