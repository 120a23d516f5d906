//! The markings of the cases: as an officer writes them, and as the definitions a node learns.

use std::collections::HashMap;

use noroshi_gate::{MarkingTable, Scope};
use noroshi_model::Limits;
use noroshi_model::json::{Object, Value};

pub(crate) const TLP: [&str; 5] = ["clear", "green", "amber", "amber+strict", "red"];
pub(crate) const US: [&str; 4] = ["unclassified", "confidential", "secret", "top-secret"];
pub(crate) const CATEGORIES: [&str; 4] = [
    "defence",
    "diplomacy",
    "counter-espionage",
    "counter-terrorism",
];
pub(crate) const TIERS: [&str; 3] = ["hi", "gokuhi", "kimitsu"];
pub(crate) const HANDLING: [&str; 3] = ["caution", "handle-with-care", "internal-only"];
pub(crate) const PAP: [&str; 4] = ["clear", "green", "amber", "red"];
/// From the least strict.
pub(crate) const ACTIONS: [&str; 5] = [
    "externally-visible-direct-actions",
    "externally-visible-indirect-actions",
    "internally-visible-actions",
    "contact-for-instruction",
    "none",
];
/// The identity that is the item's `created_by_ref`, and another.
pub(crate) const IDENTITIES: [&str; 2] = [
    "identity--00000000-0000-4000-8000-000000000001",
    "identity--00000000-0000-4000-8000-000000000002",
];

/// One marking.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caveat {
    Tlp(usize),
    UsClass(usize),
    Cui,
    Noforn,
    /// Who may hold, and who may only see.
    RelTo(Vec<String>, Vec<String>),
    Orcon,
    Relido,
    /// Of a nation; of one that is not named.
    Fgi(Option<String>),
    /// Of whoever answers for the item; of an identity.
    Consent(Option<usize>),
    Sds(usize),
    Category(usize),
    Mda(usize),
    Mod,
    Gov(usize),
    Eis,
    Handling(usize),
    Pap(usize),
    Iep(Iep),
    Acs(Acs),
    Statement,
    /// An extension as it was written, learned or not.
    Raw(String),
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Iep {
    pub(crate) tlp: usize,
    pub(crate) encrypt: bool,
    pub(crate) actions: usize,
    pub(crate) from: String,
    pub(crate) until: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Acs {
    pub(crate) classification: usize,
    pub(crate) nf: bool,
    pub(crate) fouo: bool,
    pub(crate) fisa: bool,
    pub(crate) les: bool,
    pub(crate) ncc: bool,
    pub(crate) gov: bool,
    pub(crate) nations: Option<Vec<String>>,
    pub(crate) organisation: bool,
    /// Access denied by default, and permitted to these only.
    pub(crate) permitted: Option<Vec<String>>,
    pub(crate) access_denied: bool,
    pub(crate) share: Share,
}

/// Further sharing with foreign governments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Share {
    #[default]
    Permitted,
    Silent,
    Denied,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

impl Caveat {
    /// From an officer's words.
    pub(crate) fn read(word: &str) -> Self {
        let level = |levels: &[&str], word: &str| {
            let word = word.trim().to_lowercase().replace(' ', "-");
            let found = levels.iter().position(|level| *level == word);
            found.unwrap_or_else(|| panic!("`{word}` is no level"))
        };
        if let Some(json) = word.strip_prefix("definition ") {
            return Self::Raw(json.to_owned());
        }
        let (first, rest) = word.split_once(' ').unwrap_or((word, ""));
        match first {
            "NOFORN" => Self::Noforn,
            "ORCON" => Self::Orcon,
            "RELIDO" => Self::Relido,
            "CUI" => Self::Cui,
            "FGI" => Self::Fgi((!rest.is_empty()).then(|| rest.to_owned())),
            "consent" => Self::Consent(match rest {
                "" => None,
                "creator" => Some(0),
                _ => Some(1),
            }),
            "REL" | "DISPLAY" => {
                let (hold, see) = match word.split_once("DISPLAY ONLY") {
                    Some((hold, see)) => (hold, see),
                    None => (word, ""),
                };
                let hold = hold.trim().strip_prefix("REL TO").unwrap_or_default();
                Self::RelTo(words(hold), words(see))
            }
            "特定秘密" => match rest {
                "" => Self::Sds(0),
                "機密" => Self::Sds(1),
                category => Self::Category(level(&CATEGORIES, category)),
            },
            "特別防衛秘密" => Self::Mda(tier(rest)),
            "省秘" => Self::Mod,
            "行政文書" => Self::Gov(tier(rest)),
            "重要経済安保情報" => Self::Eis,
            "注意" => Self::Handling(0),
            "取扱注意" => Self::Handling(1),
            "部内限り" => Self::Handling(2),
            "statement" => Self::Statement,
            "unknown" => Self::Unknown,
            "IEP" => Self::Iep(Iep::read(rest)),
            "ACS" => Self::Acs(Acs::read(rest)),
            _ => {
                if let Some(tlp) = word.strip_prefix("TLP:") {
                    Self::Tlp(level(&TLP, tlp))
                } else if let Some(pap) = word.strip_prefix("PAP:") {
                    Self::Pap(level(&PAP, pap))
                } else {
                    Self::UsClass(level(&US, word))
                }
            }
        }
    }
}

fn tier(word: &str) -> usize {
    let tiers = ["秘", "極秘", "機密"];
    tiers
        .iter()
        .position(|tier| *tier == word)
        .expect("秘, 極秘 or 機密")
}

impl Iep {
    /// `amber encrypt from 2026-01-01 until 2027-01-01`
    fn read(text: &str) -> Self {
        let words = words(text);
        let after = |word: &str| {
            let at = words.iter().position(|one| one == word)?;
            Some(format!("{}T00:00:00Z", words.get(at + 1)?))
        };
        Self {
            tlp: TLP
                .iter()
                .position(|level| *level == words[0])
                .expect("a TLP level first"),
            encrypt: words.iter().any(|word| word == "encrypt"),
            actions: ACTIONS
                .iter()
                .position(|action| words.iter().any(|word| word == action))
                .unwrap_or(2),
            from: after("from").unwrap_or_else(|| "2026-01-01T00:00:00Z".to_owned()),
            until: after("until"),
        }
    }

    fn content(&self) -> Object {
        let mut content = Object::new()
            .with("iep_id", "1")
            .with("iep_version", "2.0")
            .with("description", "a policy")
            .with("start_date", self.from.as_str())
            .with(
                "encrypt_in_transit",
                if self.encrypt { "must" } else { "may" },
            )
            .with("permitted_actions", ACTIONS[self.actions])
            .with("affected_party_notifications", "may")
            .with("tlp", TLP[self.tlp])
            .with("provider_attribution", "may")
            .with("unmodified_resale", "must-not");
        if let Some(until) = &self.until {
            content.insert("end_date", until.as_str());
        }
        content
    }
}

impl Acs {
    /// `secret nf to USA JPN; denied; share-denied`, parts apart by semicolons.
    fn read(text: &str) -> Self {
        let mut acs = Self::default();
        for part in text.split(';').map(str::trim) {
            let (word, rest) = part.split_once(' ').unwrap_or((part, ""));
            match word {
                "nf" => acs.nf = true,
                "fouo" => acs.fouo = true,
                "fisa" => acs.fisa = true,
                "les" => acs.les = true,
                "ncc" => acs.ncc = true,
                "gov" => acs.gov = true,
                "to" => acs.nations = Some(words(rest)),
                "organisation" => acs.organisation = true,
                "permitted" => acs.permitted = Some(words(rest)),
                "denied" => acs.access_denied = true,
                "share-silent" => acs.share = Share::Silent,
                "share-denied" => acs.share = Share::Denied,
                level => {
                    let found = US.iter().position(|one| *one == level);
                    acs.classification = found.unwrap_or_else(|| panic!("`{level}` of ACS"));
                }
            }
        }
        acs
    }

    fn content(&self) -> Object {
        let list = |stands: &[(bool, &'static str)]| -> Vec<&'static str> {
            let stands = stands.iter().filter(|(stands, _)| *stands);
            stands.map(|(_, word)| *word).collect()
        };
        let mut set =
            Object::new().with("classification", ["U", "C", "S", "TS"][self.classification]);
        let lists = [
            (
                "formal_determination",
                list(&[(self.nf, "NF"), (self.fouo, "FOUO")]),
            ),
            ("caveat", list(&[(self.fisa, "FISA")])),
            ("sensitivity", list(&[(self.les, "LES")])),
            ("shareability", list(&[(self.ncc, "NCC")])),
            ("entity", list(&[(self.gov, "GOV")])),
        ];
        for (field, words) in lists.into_iter().filter(|(_, words)| !words.is_empty()) {
            set.insert(field, words);
        }
        if let Some(nations) = &self.nations {
            set.insert("permitted_nationalities", nations.clone());
        }
        if self.organisation {
            set.insert("permitted_organizations", vec!["USA.DHS"]);
        }
        let defaults = format!(
            "urn:isa:policy:acs:ns:v3.0?privdefault={}&sharedefault={}",
            if self.permitted.is_some() {
                "deny"
            } else {
                "permit"
            },
            if self.share == Share::Permitted {
                "permit"
            } else {
                "deny"
            },
        );
        let rule = |effect: &str, nations: Vec<String>| {
            let scope = Object::new().with("permitted_nationalities", nations);
            Value::Object(
                Object::new()
                    .with("privilege_action", "DSPLY")
                    .with("privilege_scope", scope)
                    .with("rule_effect", effect),
            )
        };
        let mut rules = Vec::new();
        rules.extend(
            self.permitted
                .clone()
                .map(|nations| rule("permit", nations)),
        );
        rules.extend(
            self.access_denied
                .then(|| rule("deny", vec!["ALL".to_owned()])),
        );
        let mut content = Object::new()
            .with("identifier", "isa:guide.19001.ACS3-1")
            .with("create_date_time", "2026-01-01T00:00:00Z")
            .with("responsible_entity_custodian", "USA.DHS")
            .with("policy_reference", defaults)
            .with("control_set", set);
        if !rules.is_empty() {
            content.insert("access_privilege", Value::Array(rules));
        }
        if self.share == Share::Denied {
            let rule = Object::new()
                .with("sharing_scope", vec!["FOREIGNGOV"])
                .with("rule_effect", "deny");
            content.insert("further_sharing", Value::Array(vec![rule.into()]));
        }
        content
    }
}

/// Definitions that have been learned, each caveat under one id.
pub(crate) struct Definitions {
    pub(crate) table: MarkingTable,
    ids: HashMap<Caveat, String>,
}

impl Definitions {
    pub(crate) fn new() -> Self {
        Self {
            table: MarkingTable::builtin(),
            ids: HashMap::new(),
        }
    }

    /// The id a caveat goes by; its definition is learned the first time.
    pub(crate) fn id(&mut self, caveat: &Caveat) -> String {
        if let Some(id) = self.ids.get(caveat) {
            return id.clone();
        }
        let id = match caveat {
            Caveat::Tlp(level) => {
                let uuid = [
                    "94868c89-83c2-464b-929b-a1a8aa3c8487",
                    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
                    "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
                    "939a9414-2ddd-4d32-a0cd-375ea402b003",
                    "e828b379-4e03-4974-9ac4-e53a884c97c1",
                ][*level];
                format!("marking-definition--{uuid}")
            }
            _ => format!(
                "marking-definition--00000000-0000-4000-8000-{:012x}",
                self.ids.len()
            ),
        };
        if let Some(more) = body(caveat) {
            let mut object = Object::new()
                .with("type", "marking-definition")
                .with("spec_version", "2.1")
                .with("id", id.as_str())
                .with("created", "2026-01-01T00:00:00.000Z");
            for (key, value) in more {
                object.insert(key, value);
            }
            let learned = self.table.learn(&object, &Scope::Own);
            let may_fail = matches!(caveat, Caveat::Raw(_));
            assert!(learned.is_ok() || may_fail, "{caveat:?}: {learned:?}");
        }
        self.ids.insert(caveat.clone(), id.clone());
        id
    }
}

/// What a definition says beside its head; `None` for those that nobody need learn, or can.
fn body(caveat: &Caveat) -> Option<Object> {
    let extension = |id: &str, content: Object| {
        let key = format!("extension-definition--{id}");
        let content = content.with("extension_type", "property-extension");
        Object::new().with("extensions", Object::new().with(&key, content))
    };
    let national = |scheme: &str, content: Object| {
        let content = content.with("scheme", scheme);
        extension("694be976-4ec2-4b80-b47c-48f75510a38d", content)
    };
    let us = |content: Object| national("US-CAPCO", content);
    let one = |key: &str, value: &str| Object::new().with(key, value);
    let caveats = |caveat: String| us(Object::new().with("caveats", vec![caveat]));
    Some(match caveat {
        Caveat::Tlp(_) | Caveat::Unknown => return None,
        Caveat::UsClass(level) => us(one("level", US[*level])),
        Caveat::Cui => us(one("level", "CUI")),
        Caveat::Noforn => caveats("NOFORN".to_owned()),
        Caveat::RelTo(hold, see) => {
            let mut content = Object::new().with("rel_to", hold.clone());
            if !see.is_empty() {
                content.insert("caveats", vec![format!("DISPLAY ONLY {}", see.join(", "))]);
            }
            us(content)
        }
        Caveat::Orcon => caveats("ORCON".to_owned()),
        Caveat::Relido => caveats("RELIDO".to_owned()),
        Caveat::Fgi(Some(nation)) => us(one("fgi_source", nation)),
        Caveat::Fgi(None) => caveats("FGI".to_owned()),
        Caveat::Consent(whose) => {
            let mut content = Object::new().with("consent_required", true);
            if let Some(identity) = whose {
                content.insert("originator_ref", IDENTITIES[*identity]);
            }
            us(content)
        }
        Caveat::Sds(0) => national("JP-SDS", one("level", "SDS")),
        Caveat::Sds(_) => national("JP-SDS", one("level", "機密")),
        Caveat::Category(at) => national("JP-SDS", one("sds_category", CATEGORIES[*at])),
        Caveat::Mda(at) => national("JP-MDA", one("level", TIERS[*at])),
        Caveat::Mod => national("JP-MOD", one("level", "hi")),
        Caveat::Gov(at) => national("JP-GOV", one("level", TIERS[*at])),
        Caveat::Eis => national("JP-EIS", one("level", "重要経済安保情報")),
        Caveat::Handling(at) => national("JP-GOV", one("handling", HANDLING[*at])),
        Caveat::Pap(level) => Object::new()
            .with("definition_type", "pap")
            .with("definition", one("pap", PAP[*level])),
        Caveat::Iep(iep) => extension("762e2e97-ee51-43e5-a9ea-165fbb862c4a", iep.content()),
        Caveat::Acs(acs) => extension("3a65884d-005a-4290-8335-cb2d778a83ce", acs.content()),
        Caveat::Statement => Object::new()
            .with("definition_type", "statement")
            .with("definition", one("statement", "Copyright")),
        Caveat::Raw(text) => {
            let value = Value::parse(text.as_bytes(), &Limits::DEFAULT);
            match value {
                Ok(Value::Object(object)) => object,
                other => panic!("{text}: {other:?}"),
            }
        }
    })
}
