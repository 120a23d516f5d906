//! A draft to begin from: both directions, the usual types and purposes, dates.

use std::collections::BTreeMap;

use noroshi_model::agreement::{Agreement, Clause, Onward, Party, ReleaseTerm};

use super::{TEMPLATE_DAYS_MAX, outer_json, party};
use crate::command::{DraftAnswer, Failure};
use crate::node::Node;

impl Node {
    /// A draft that both sides can sign as it stands: TLP up to AMBER both ways, for defence.
    pub(crate) fn agreement_template(
        &self,
        with: &[String],
        title: Option<String>,
        days: u32,
    ) -> Result<DraftAnswer, Failure> {
        if !(1..=TEMPLATE_DAYS_MAX).contains(&days) {
            return Err(Failure::new(
                "agreement.days",
                2,
                "an agreement lasts 1 to 3660 days",
            ));
        }
        let mut parties = vec![party(&self.keys().manifest.organisation)];
        for named in with {
            parties.push(party(&self.find_peer(named)?.manifest.organisation));
        }
        let now = self.now();
        let terms = |from: &Party| {
            parties
                .iter()
                .filter(|to| to.node != from.node)
                .map(|to| ReleaseTerm {
                    clause: "2".into(),
                    from: from.node,
                    to: to.node,
                    types: vec!["*".into()],
                    purposes: vec!["defence".into()],
                    ceilings: BTreeMap::from([
                        ("tlp".into(), "amber".into()),
                        ("us-class".into(), "unclassified".into()),
                    ]),
                    onward: Onward::None,
                })
                .collect::<Vec<_>>()
        };
        let releases = parties.iter().flat_map(terms).collect();
        let agreement = Agreement {
            id: self.fresh_id("agreement"),
            created: now,
            modified: now,
            title: title.unwrap_or_else(|| "Sharing of cyber threat information".into()),
            title_ja: "サイバー脅威情報の共有".into(),
            kind: "mou".into(),
            parties,
            valid_from: now,
            valid_until: now.plus_seconds(i64::from(days) * 86_400),
            clauses: template_clauses(),
            releases,
            equivalences: Vec::new(),
            members_known: false,
        };
        Ok(DraftAnswer {
            agreement: outer_json(&agreement.to_value()),
        })
    }
}

fn template_clauses() -> Vec<Clause> {
    let clause = |id: &str, en: &str, ja: &str| Clause {
        id: id.into(),
        text_en: en.into(),
        text_ja: ja.into(),
    };
    vec![
        clause(
            "1",
            "The parties share cyber threat and vulnerability information in a timely, routine \
             and two-way manner.",
            "両当事者は、サイバー脅威及び脆弱性に関する情報を適時かつ日常的に双方向で共有する。",
        ),
        clause(
            "2",
            "Each party may release items marked up to TLP:AMBER to the other for the purpose of \
             defence. Markings not named in the terms of this clause are not covered.",
            "各当事者は、防衛の目的のため、TLP:AMBER までの標示を付した情報を他方に提供することができる。\
             本条項に掲げられていない標示は対象としない。",
        ),
        clause(
            "3",
            "The receiving party does not pass on what it received without the originator's \
             consent, and obeys a recall.",
            "受領した当事者は、作成元の同意なく第三者に提供せず、回収の求めに従う。",
        ),
        clause(
            "4",
            "Either party may suspend this agreement alone and at once.",
            "いずれの当事者も、単独で直ちに本合意を停止することができる。",
        ),
    ]
}
