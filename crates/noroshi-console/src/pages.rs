//! One page, one file: what it asks the node, and its template.

pub(crate) mod acts;
pub(crate) mod enrol;
pub(crate) mod files;
pub(crate) mod graph;
pub(crate) mod item;
pub(crate) mod items;
pub(crate) mod language;
pub(crate) mod ledger;
pub(crate) mod now;
pub(crate) mod partners;
pub(crate) mod plan;
pub(crate) mod settings;
pub(crate) mod share;
pub(crate) mod signin;
pub(crate) mod threats;
pub(crate) mod trouble;

use askama::Template;
use noroshi_node::Failure;

use crate::http::Response;

/// A template as an answer.
pub(crate) fn html(status: u16, page: &impl Template) -> Response {
    match page.render() {
        Ok(body) => Response::html(status, body),
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
