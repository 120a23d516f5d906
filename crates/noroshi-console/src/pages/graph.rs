//! Relations of an item as a picture: what names it on the left, what it names on the right. The
//! table beside it says the same in text.

use askama::Template;
use askama::filters::HtmlSafe;
use noroshi_node::views::RelationRow;

/// Relations drawn on each side; the table has all.
const SIDE_MAX: usize = 12;
/// From one row to the next.
const STEP: usize = 44;
/// Longest text in the picture, in columns.
const TEXT_COLUMNS_MAX: usize = 26;
const WIDTH: usize = 860;
const BOX_WIDTH: usize = 220;

/// The picture, as a part of a page.
#[derive(Template)]
#[template(path = "graph.html")]
pub(crate) struct Graph {
    width: usize,
    height: usize,
    title: String,
    middle: usize,
    nodes: Vec<Node>,
}

impl HtmlSafe for Graph {}

struct Node {
    x: usize,
    y: usize,
    text: String,
    label: String,
    label_x: usize,
    kind: String,
    /// Where it leads, if it is here.
    path: Option<String>,
    line: String,
}

impl Graph {
    pub(crate) fn of(title: &str, relations: &[RelationRow]) -> Self {
        let side = |direction: &str| -> Vec<&RelationRow> {
            let rows = relations.iter().filter(|row| row.direction == direction);
            rows.take(SIDE_MAX).collect()
        };
        let (left, right) = (side("in"), side("out"));
        let rows = left.len().max(right.len()).max(1);
        let height = rows * STEP + 16;
        let middle = height / 2;
        let mut nodes = Vec::new();
        for (rows, is_left) in [(left, true), (right, false)] {
            let top = (height - rows.len() * STEP) / 2;
            for (n, row) in rows.into_iter().enumerate() {
                nodes.push(node(row, top + n * STEP, middle, is_left));
            }
        }
        Self {
            width: WIDTH,
            height,
            title: short(title),
            middle,
            nodes,
        }
    }

    /// Is there nothing to draw?
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

fn node(row: &RelationRow, top: usize, middle: usize, is_left: bool) -> Node {
    let y = top + STEP / 2;
    let x = if is_left { 4 } else { WIDTH - BOX_WIDTH - 4 };
    let centre = (WIDTH - BOX_WIDTH) / 2;
    let (from, to) = if is_left {
        (x + BOX_WIDTH, centre)
    } else {
        (centre + BOX_WIDTH, x)
    };
    let (from_y, to_y) = if is_left { (y, middle) } else { (middle, y) };
    let half = (from + to) / 2;
    let title = if row.title.is_empty() {
        &row.id
    } else {
        &row.title
    };
    Node {
        x,
        y: top + 4,
        text: short(title),
        label: short(&row.label),
        label_x: half,
        kind: row.kind.clone(),
        path: row.known.then(|| format!("/items/{}", row.id)),
        line: format!("M{from},{from_y}C{half},{from_y} {half},{to_y} {to},{to_y}"),
    }
}

fn short(text: &str) -> String {
    let line: String = text.chars().filter(|c| *c != '\n').collect();
    if line.chars().map(columns).sum::<usize>() <= TEXT_COLUMNS_MAX {
        return line;
    }
    let mut cut = String::new();
    let mut used = 1;
    for c in line.chars() {
        used += columns(c);
        if used > TEXT_COLUMNS_MAX {
            break;
        }
        cut.push(c);
    }
    cut.push('…');
    cut
}

/// Two for what is as wide as it is high: kana, kanji, hangul, full-width forms.
fn columns(c: char) -> usize {
    match c {
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' => 2,
        '\u{ff00}'..='\u{ff60}' | '\u{20000}'..='\u{3ffff}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{Graph, SIDE_MAX};
    use askama::Template;
    use noroshi_node::views::RelationRow;

    fn row(direction: &str, title: &str) -> RelationRow {
        RelationRow {
            direction: direction.to_owned(),
            title: title.to_owned(),
            id: "malware--00000000-0000-4000-8000-000000000000".to_owned(),
            ..RelationRow::default()
        }
    }

    #[test]
    fn a_picture_has_so_many_and_no_more_and_escapes_what_it_says() {
        let many: Vec<RelationRow> = (0..50)
            .map(|_| row("out", "<script>alert(1)</script>"))
            .collect();
        let graph = Graph::of("a title", &many);
        assert_eq!(graph.nodes.len(), SIDE_MAX);
        let drawn = graph.render().unwrap();
        assert!(!drawn.contains("<script"), "{drawn}");
        assert!(Graph::of("alone", &[]).is_empty());
    }

    #[test]
    fn a_long_text_stays_in_its_box() {
        assert_eq!(super::short("GREY HERON"), "GREY HERON");
        assert_eq!(
            super::short(&"a".repeat(27)),
            format!("{}…", "a".repeat(25))
        );
        assert_eq!(
            super::short(&"狼".repeat(14)),
            format!("{}…", "狼".repeat(12))
        );
    }

    #[test]
    fn what_is_not_here_leads_nowhere() {
        let drawn = Graph::of("t", &[row("in", "x")]).render().unwrap();
        assert!(!drawn.contains("<a "), "{drawn}");
    }
}
