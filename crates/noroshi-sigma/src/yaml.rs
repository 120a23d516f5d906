//! YAML as rules use it: maps, lists and scalars. Aliases, tags and keys given twice are refused,
//! so that a short text cannot become a large tree and no part of a rule hides another.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::error::SigmaError;

/// Longest text of rules, in bytes.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most nodes of one document, and deepest nesting.
const NODES_MAX: usize = 50_000;
const DEPTH_MAX: usize = 32;

/// A node and the line it begins in, from 1.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) what: What,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Map(Vec<(String, Node)>),
    List(Vec<Node>),
    /// Written in quotes or not, and meaning text.
    Text(String),
    /// A number, as it was written.
    Number(String),
    Boolean(bool),
    Null,
}

impl Node {
    /// The node of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.what {
            What::Map(pairs) => pairs.iter().find(|(name, _)| name == key).map(|(_, it)| it),
            _ => None,
        }
    }

    /// A scalar as text; `None` for null, lists and maps.
    pub(crate) fn text(&self) -> Option<String> {
        match &self.what {
            What::Text(text) | What::Number(text) => Some(text.clone()),
            What::Boolean(value) => Some(value.to_string()),
            What::Null | What::List(_) | What::Map(_) => None,
        }
    }

    /// One node, or those of a list.
    pub(crate) fn each(&self) -> &[Self] {
        match &self.what {
            What::List(nodes) => nodes,
            _ => core::slice::from_ref(self),
        }
    }
}

/// Every document of a text.
pub(crate) fn documents(text: &str) -> Result<Vec<Node>, SigmaError> {
    if text.len() > TEXT_BYTES_MAX {
        let detail = format!("the text has more than {TEXT_BYTES_MAX} bytes: split it");
        return Err(SigmaError::cost(0, detail));
    }
    let mut reader = Reader {
        parser: Parser::new_from_str(text),
        line: 1,
        nodes: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            Event::DocumentStart(_) => {
                reader.nodes = 0;
                let first = reader.next()?;
                documents.push(reader.node(first, 0)?);
            }
            Event::StreamEnd => return Ok(documents),
            _ => {}
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    /// Of the event taken last.
    line: usize,
    nodes: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, SigmaError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(event)
            }
            Some(Err(error)) => Err(SigmaError::yaml(error.marker().line(), error.info())),
            None => Ok(Event::StreamEnd),
        }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, SigmaError> {
        let line = self.line;
        self.nodes += 1;
        if self.nodes > NODES_MAX || depth > DEPTH_MAX {
            let detail = format!("more than {NODES_MAX} nodes, or nested deeper than {DEPTH_MAX}");
            return Err(SigmaError::cost(line, detail));
        }
        let what = match event {
            Event::Scalar(text, style, 0, None) => scalar(text.into_owned(), style),
            Event::SequenceStart(0, None) => {
                let mut nodes = Vec::new();
                loop {
                    match self.next()? {
                        Event::SequenceEnd => break What::List(nodes),
                        event => nodes.push(self.node(event, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(0, None) => self.map(depth)?,
            _ => {
                let detail = "anchors, aliases and tags have no place in a rule: write it out";
                return Err(SigmaError::yaml(line, detail));
            }
        };
        Ok(Node { line, what })
    }

    fn map(&mut self, depth: usize) -> Result<What, SigmaError> {
        let mut pairs: Vec<(String, Node)> = Vec::new();
        // Maps of many keys are looked through once for each: sorted names keep that short.
        let mut names = std::collections::BTreeSet::new();
        loop {
            let event = self.next()?;
            if event == Event::MappingEnd {
                return Ok(What::Map(pairs));
            }
            let line = self.line;
            let key = self.node(event, depth + 1)?.text();
            let key = key.ok_or_else(|| SigmaError::yaml(line, "a key is not a word"))?;
            if !names.insert(key.clone()) {
                let detail = format!("`{key}` is given twice: only one of them can be meant");
                return Err(SigmaError::yaml(line, detail));
            }
            let event = self.next()?;
            pairs.push((key, self.node(event, depth + 1)?));
        }
    }
}

/// What a scalar means by the core schema of YAML 1.2 (10.3.2).
fn scalar(text: String, style: ScalarStyle) -> What {
    if style != ScalarStyle::Plain {
        return What::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => return What::Null,
        "true" | "True" | "TRUE" => return What::Boolean(true),
        "false" | "False" | "FALSE" => return What::Boolean(false),
        _ => {}
    }
    let digits = text.trim_start_matches(['-', '+']);
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.matches('.').count() <= 1;
    if is_number {
        What::Number(text)
    } else {
        What::Text(text)
    }
}
