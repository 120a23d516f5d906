//! Words for how likely and how sure: two scales that are never one.
//!
//! Likelihood is the chance of an event; confidence is how well the judgement rests. A sentence
//! holds one of them. Sources: ICD 203 for likelihood and confidence in English with its bands;
//! the DNI and WEP scales as STIX libraries map them. The Japanese words are this project's.

/// A word of a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// In objects and commands.
    pub name: &'static str,
    /// In English.
    pub en: &'static str,
    /// In Japanese.
    pub ja: &'static str,
}

/// A word of likelihood and its band.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Likelihood {
    /// The word.
    pub term: Term,
    /// From this chance on, in percent.
    pub from_percent: u8,
    /// Up to this chance, in percent.
    pub to_percent: u8,
}

/// A word of a scale that STIX's `confidence` is mapped to, with the value it is given and the
/// range that is read as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The word.
    pub word: &'static str,
    /// The value it becomes.
    pub value: u8,
    /// The least value that is read as it.
    pub from: u8,
    /// The largest.
    pub to: u8,
}

const fn likelihood_term(
    name: &'static str,
    en: &'static str,
    ja: &'static str,
    from_percent: u8,
    to_percent: u8,
) -> Likelihood {
    Likelihood {
        term: Term { name, en, ja },
        from_percent,
        to_percent,
    }
}

/// ICD 203's seven words, the least likely first. A band begins where the one before ends.
pub const LIKELIHOOD: [Likelihood; 7] = [
    likelihood_term(
        "almost-no-chance",
        "almost no chance",
        "ほとんどあり得ない",
        1,
        5,
    ),
    likelihood_term(
        "very-unlikely",
        "very unlikely",
        "可能性は非常に低い",
        5,
        20,
    ),
    likelihood_term("unlikely", "unlikely", "可能性は低い", 20, 45),
    likelihood_term(
        "roughly-even-chance",
        "roughly even chance",
        "五分五分",
        45,
        55,
    ),
    likelihood_term("likely", "likely", "可能性は高い", 55, 80),
    likelihood_term("very-likely", "very likely", "可能性は非常に高い", 80, 95),
    likelihood_term("almost-certain", "almost certain", "ほぼ確実", 95, 99),
];

/// Words of confidence, the least first.
pub const CONFIDENCE: [Term; 3] = [
    Term {
        name: "low",
        en: "low confidence",
        ja: "確信度は低い",
    },
    Term {
        name: "moderate",
        en: "moderate confidence",
        ja: "確信度は中程度",
    },
    Term {
        name: "high",
        en: "high confidence",
        ja: "確信度は高い",
    },
];

const fn mapped(word: &'static str, value: u8, from: u8, to: u8) -> Mapped {
    Mapped {
        word,
        value,
        from,
        to,
    }
}

/// The DNI scale as STIX maps it. Its ranges are not ICD 203's bands: a number does not come back
/// as the word it was, so the word is what is kept.
pub const DNI: [Mapped; 7] = [
    mapped("Almost No Chance / Remote", 5, 0, 9),
    mapped("Very Unlikely / Highly Improbable", 15, 10, 19),
    mapped("Unlikely / Improbable", 30, 20, 39),
    mapped("Roughly Even Chance / Roughly Even Odds", 50, 40, 59),
    mapped("Likely / Probable", 70, 60, 79),
    mapped("Very Likely / Highly Probable", 85, 80, 89),
    mapped("Almost Certain / Nearly Certain", 95, 90, 100),
];

/// The WEP scale and the values it becomes.
pub const WEP: [(&str, u8); 7] = [
    ("Impossible", 0),
    ("Highly Unlikely/Almost Certainly Not", 10),
    ("Unlikely/Probably Not", 30),
    ("Even Chance", 50),
    ("Likely/Probable", 70),
    ("Highly likely/Almost Certain", 90),
    ("Certain", 100),
];

/// The word for a probability. On a border the more likely word holds; what is below 1 or above 99
/// percent takes the outermost.
#[must_use]
pub fn likelihood_of(probability: f64) -> &'static Likelihood {
    let fits = |row: &&Likelihood| probability * 100.0 >= f64::from(row.from_percent);
    LIKELIHOOD.iter().rev().find(fits).unwrap_or(&LIKELIHOOD[0])
}

/// The likelihood of that name.
#[must_use]
pub fn likelihood_named(name: &str) -> Option<&'static Likelihood> {
    LIKELIHOOD.iter().find(|row| row.term.name == name)
}

/// The confidence of that name.
#[must_use]
pub fn confidence_named(name: &str) -> Option<&'static Term> {
    CONFIDENCE.iter().find(|term| term.name == name)
}

/// The word of the DNI scale that a value of STIX is read as.
#[must_use]
pub fn dni_of(value: u8) -> Option<&'static Mapped> {
    let fits = |row: &&Mapped| (row.from..=row.to).contains(&value);
    DNI.iter().find(fits)
}
