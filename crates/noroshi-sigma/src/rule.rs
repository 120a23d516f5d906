//! A rule: what it is called, which logs it is for, what it looks for.

use crate::detection::{self, Expr};
use crate::error::SigmaError;
use crate::yaml::{self, Node, What};

/// Longest title or description that is kept, in characters.
const TEXT_CHARS_MAX: usize = 10_000;
/// Most entries of a list such as `tags`.
const LIST_MAX: usize = 1_000;

/// A rule that was read whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// A UUID, in small letters, as its author gave it.
    pub id: Option<String>,
    /// What it is called.
    pub title: String,
    /// What it finds, in words.
    pub description: Option<String>,
    /// `stable`, `test`, `experimental`, `deprecated` or `unsupported`.
    pub status: Option<String>,
    /// `informational`, `low`, `medium`, `high` or `critical`.
    pub level: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// `YYYY-MM-DD`.
    pub date: Option<String>,
    /// `YYYY-MM-DD`.
    pub modified: Option<String>,
    /// Addresses of what it rests on.
    pub references: Vec<String>,
    /// Such as `attack.t1059`.
    pub tags: Vec<String>,
    /// What else it may find, in words.
    pub false_positives: Vec<String>,
    /// Which logs it is for.
    pub logsource: LogSource,
    pub(crate) detection: Expr,
}

/// Which logs a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogSource {
    /// Such as `process_creation`.
    pub category: Option<String>,
    /// Such as `windows`.
    pub product: Option<String>,
    /// Such as `sysmon`.
    pub service: Option<String>,
}

impl Rule {
    /// Every rule of a text: one, or several with `---` between.
    ///
    /// # Errors
    /// The first thing that is no rule, or that is not done here: `sigma.yaml`, `sigma.shape`,
    /// `sigma.unsupported`, `sigma.cost`.
    pub fn read(text: &str) -> Result<Vec<Self>, SigmaError> {
        let documents = yaml::documents(text)?;
        let rules: Vec<Self> = documents.iter().map(one).collect::<Result<_, _>>()?;
        if rules.is_empty() {
            return Err(SigmaError::shape(1, "there is no rule in it"));
        }
        Ok(rules)
    }
}

fn one(node: &Node) -> Result<Rule, SigmaError> {
    if !matches!(node.what, What::Map(_)) {
        return Err(SigmaError::shape(node.line, "a rule is a map"));
    }
    if let Some(correlation) = node.get("correlation") {
        let detail = "a correlation goes over several events: only single rules are read";
        return Err(SigmaError::unsupported(correlation.line, detail));
    }
    if let Some(action) = node.get("action") {
        let detail = "collections with `action` were given up by Sigma: repeat what is shared";
        return Err(SigmaError::unsupported(action.line, detail));
    }
    let title = text(node, "title")?
        .ok_or_else(|| SigmaError::shape(node.line, "the rule has no `title`"))?;
    let missing = |what| SigmaError::shape(node.line, format!("the rule has no `{what}`"));
    let logsource = node.get("logsource").ok_or_else(|| missing("logsource"))?;
    let detection = node.get("detection").ok_or_else(|| missing("detection"))?;
    Ok(Rule {
        id: id(node)?,
        title,
        description: text(node, "description")?,
        status: text(node, "status")?,
        level: text(node, "level")?,
        author: text(node, "author")?,
        date: date(node, "date")?,
        modified: date(node, "modified")?,
        references: list(node, "references")?,
        tags: list(node, "tags")?,
        false_positives: list(node, "falsepositives")?,
        logsource: LogSource {
            category: text(logsource, "category")?,
            product: text(logsource, "product")?,
            service: text(logsource, "service")?,
        },
        detection: detection::read(detection)?,
    })
}

fn text(node: &Node, key: &str) -> Result<Option<String>, SigmaError> {
    let Some(value) = node.get(key) else {
        return Ok(None);
    };
    if matches!(value.what, What::Null) {
        return Ok(None);
    }
    let text = value
        .text()
        .ok_or_else(|| SigmaError::shape(value.line, format!("`{key}` is a text")))?;
    if text.chars().count() > TEXT_CHARS_MAX {
        let detail = format!("`{key}` has more than {TEXT_CHARS_MAX} characters");
        return Err(SigmaError::cost(value.line, detail));
    }
    Ok(Some(text))
}

fn list(node: &Node, key: &str) -> Result<Vec<String>, SigmaError> {
    let Some(value) = node.get(key) else {
        return Ok(Vec::new());
    };
    if matches!(value.what, What::Null) {
        return Ok(Vec::new());
    }
    let entries = value.each();
    if entries.len() > LIST_MAX {
        let detail = format!("`{key}` has more than {LIST_MAX} entries");
        return Err(SigmaError::cost(value.line, detail));
    }
    let entry = |entry: &Node| {
        let wrong = || SigmaError::shape(entry.line, format!("`{key}` is a list of texts"));
        entry.text().ok_or_else(wrong)
    };
    entries.iter().map(entry).collect()
}

/// A UUID in any version: the specification asks for 4, rules in use have others.
fn id(node: &Node) -> Result<Option<String>, SigmaError> {
    let Some(id) = text(node, "id")? else {
        return Ok(None);
    };
    let is_uuid = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if is_uuid {
        return Ok(Some(id.to_ascii_lowercase()));
    }
    let line = node.get("id").map_or(0, |node| node.line);
    Err(SigmaError::shape(line, "`id` is a UUID"))
}

/// A day, as ISO 8601 or with the slashes that older rules have.
fn date(node: &Node, key: &str) -> Result<Option<String>, SigmaError> {
    let Some(date) = text(node, key)? else {
        return Ok(None);
    };
    let day = date.replace('/', "-");
    let parts: Vec<Option<u32>> = day.split('-').map(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [
            Some(year @ 1000..=9999),
            Some(month @ 1..=12),
            Some(of_month @ 1..=31),
        ] => Ok(Some(format!("{year:04}-{month:02}-{of_month:02}"))),
        _ => {
            let line = node.get(key).map_or(0, |node| node.line);
            Err(SigmaError::shape(
                line,
                format!("`{key}` is a day such as 2026-01-31"),
            ))
        }
    }
}
