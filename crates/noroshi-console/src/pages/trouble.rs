//! When a page cannot be given: what went wrong, in words that say what to do.

use askama::Template;
use noroshi_node::Failure;
use noroshi_node::messages::{self, Lang};

use crate::http::Response;
use crate::shell::Shell;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble {
    shell: Shell,
    status: u16,
    detail: String,
}

/// The page for a failure of the node.
pub(crate) fn page(visit: &Visit<'_>, failure: &Failure) -> Response {
    shown(
        visit,
        status_of(failure),
        messages::failure(visit.lang, failure),
    )
}

/// The page for a request that no page saw.
pub(crate) fn status(visit: &Visit<'_>, status: u16) -> Response {
    shown(
        visit,
        status,
        visit.say(&format!("console-status-{status}")),
    )
}

fn shown(visit: &Visit<'_>, status: u16, detail: String) -> Response {
    let page = Trouble {
        shell: visit.shell(&visit.say("console-trouble")),
        status,
        detail: crate::shell::harmless(&detail),
    };
    super::html(status, &page)
}

/// Where not even the frame can be made: the store fails.
pub(crate) fn bare(lang: Lang, failure: &Failure) -> Response {
    Response {
        status: status_of(failure),
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        body: messages::failure(lang, failure).into_bytes(),
    }
}

/// By what exit code the command line would end with.
pub(crate) fn status_of(failure: &Failure) -> u16 {
    match failure.exit {
        2 => 400,
        3 => 403,
        4 => 404,
        6 => 502,
        _ => 500,
    }
}
