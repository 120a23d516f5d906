//! One page, one file: what it asks the node, and its template.

pub(crate) mod acts;
pub(crate) mod administer;
pub(crate) mod enrol;
pub(crate) mod files;
pub(crate) mod first;
pub(crate) mod graph;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod language;
pub(crate) mod ledger;
pub(crate) mod now;
pub(crate) mod partners;
pub(crate) mod paste;
pub(crate) mod plan;
pub(crate) mod settings;
pub(crate) mod share;
pub(crate) mod signin;
pub(crate) mod threats;
pub(crate) mod trouble;

use askama::Template;
use noroshi_node::Failure;

use crate::http::Response;
use crate::shell::harmless;

/// A template as an answer. Nothing on any page turns the direction of writing or is hidden,
/// whoever wrote it.
pub(crate) fn html(status: u16, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => Response::html(status, harmless(&body)),
        // Writing into memory does not fail; a template that does is a defect.
        Err(_) => Response {
            status: 500,
            ..Response::default()
        },
    }
}

/// A template as the answer when all is well.
pub(crate) fn page(page: &impl Template) -> Result<Response, Failure> {
    Ok(html(200, page))
}

#[cfg(test)]
mod tests {
    use askama::Template;

    #[derive(Template)]
    #[template(ext = "html", source = "<p title=\"{{ text }}\">{{ text }}</p>\n")]
    struct Page {
        text: &'static str,
    }

    #[test]
    fn what_somebody_else_wrote_neither_turns_nor_marks_up_a_page() {
        let page = Page {
            text: "a\u{202e}b\u{61c}\"<script>",
        };
        let body = String::from_utf8(super::html(200, &page).body).unwrap();
        assert!(!body.contains(['\u{202e}', '\u{61c}']), "{body}");
        assert!(body.contains("⟨U+202E⟩") && body.ends_with('\n'), "{body}");
        assert!(!body.contains("<script>"), "{body}");
    }
}
