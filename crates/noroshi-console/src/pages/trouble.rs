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

/// The page for a failure of the node. What failed inside it, with paths in it, is for its own
/// people only.
pub(crate) fn page(visit: &Visit<'_>, failure: &Failure) -> Response {
    match status_of(failure) {
        inside @ 500 if visit.who.is_none() => status(visit, inside),
        other => shown(visit, other, messages::failure(visit.lang, failure)),
    }
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

/// Where not even the frame can be made: the store fails, and who asks is not known.
pub(crate) fn bare(lang: Lang, failure: &Failure) -> Response {
    Response {
        status: status_of(failure),
        headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        body: messages::text(lang, "console-status-500", &[]).into_bytes(),
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

#[cfg(test)]
mod tests {
    use noroshi_node::Failure;
    use noroshi_node::messages::Lang;

    #[test]
    fn nobody_reads_paths_who_has_not_signed_in() {
        let failure = Failure::new("store.failed", 5, "/srv/noroshi/store/items: no space left");
        for lang in [Lang::En, Lang::Ja] {
            let response = super::bare(lang, &failure);
            let body = String::from_utf8(response.body).unwrap();
            assert_eq!(response.status, 500);
            assert!(
                !body.contains("/srv") && body.contains("noroshi doctor"),
                "{body}"
            );
        }
    }
}
