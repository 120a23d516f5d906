//! The route table: every page and action there is, and who may. Nothing is served that is not
//! here; a test tries every row with nobody, with every duty, and with forms that are forged.

use noroshi_gate::Deed;
use noroshi_node::Failure;

use crate::http::Response;
use crate::live;
use crate::pages;
use crate::visit::Visit;

/// A form is no larger than this, in bytes, where its route does not say otherwise.
const FORM_BYTES_MAX: u64 = 64 * 1024;
/// A text that is pasted may be larger, and its letters are escaped on the way.
const TEXT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A file is no larger than this, with the fields beside it: larger ones are imported at the node.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// How a route is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Look.
    Get,
    /// Change: the form carries the session's token.
    Post,
}

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, signed in or not.
    Anybody,
    /// Whoever has signed in.
    SignedIn,
    /// Whoever has a duty that permits it.
    Deed(Deed),
}

pub(crate) type Handler = fn(&Visit<'_>) -> Result<Response, Failure>;

/// One row.
pub struct Route {
    /// How.
    pub method: Method,
    /// Where; `{}` stands for one part of the path.
    pub path: &'static str,
    /// Who.
    pub access: Access,
    /// Largest body, in bytes.
    pub body_bytes_max: u64,
    /// Is a file taken beside the form's fields?
    pub takes_file: bool,
    pub(crate) handler: Handler,
}

const fn get(path: &'static str, access: Access, handler: Handler) -> Route {
    Route {
        method: Method::Get,
        path,
        access,
        body_bytes_max: 0,
        takes_file: false,
        handler,
    }
}

const fn post(path: &'static str, access: Access, handler: Handler) -> Route {
    Route {
        method: Method::Post,
        path,
        access,
        body_bytes_max: FORM_BYTES_MAX,
        takes_file: false,
        handler,
    }
}

/// Every route.
pub const TABLE: &[Route] = &[
    get("/static/{}", Access::Anybody, pages::files::show),
    get("/enrol", Access::Anybody, pages::enrol::show),
    post("/enrol", Access::Anybody, pages::enrol::set),
    get("/signin", Access::Anybody, pages::signin::show),
    post("/signin", Access::Anybody, pages::signin::sign_in),
    post("/signout", Access::SignedIn, pages::signin::sign_out),
    post("/language", Access::SignedIn, pages::language::choose),
    get("/", Access::Deed(Deed::Overlook), pages::now::show),
    get("/live", Access::Deed(Deed::Overlook), live::show),
    post("/looked", Access::Deed(Deed::ReadItems), pages::now::looked),
    post(
        "/alarms",
        Access::Deed(Deed::AnswerAlarm),
        pages::now::answer_alarms,
    ),
    post(
        "/catalogues",
        Access::Deed(Deed::TakeIn),
        pages::first::load,
    ),
    get("/items", Access::Deed(Deed::ReadItems), pages::items::show),
    post(
        "/items/keep",
        Access::Deed(Deed::ReadItems),
        pages::items::keep,
    ),
    post(
        "/items/forget",
        Access::Deed(Deed::ReadItems),
        pages::items::forget,
    ),
    get("/share", Access::Deed(Deed::Propose), pages::share::show),
    post("/share", Access::Deed(Deed::Propose), pages::share::ask),
    get(
        "/recall",
        Access::Deed(Deed::Propose),
        pages::share::recall_form,
    ),
    post("/recall", Access::Deed(Deed::Propose), pages::share::recall),
    get("/acts", Access::Deed(Deed::Sign), pages::acts::list),
    get("/acts/{}", Access::Deed(Deed::Sign), pages::acts::show),
    post("/acts/{}", Access::Deed(Deed::Sign), pages::acts::sign),
    get("/paste", Access::Deed(Deed::TakeIn), pages::paste::show),
    Route {
        body_bytes_max: TEXT_BYTES_MAX,
        ..post("/paste", Access::Deed(Deed::TakeIn), pages::paste::read)
    },
    Route {
        body_bytes_max: FILE_BYTES_MAX,
        takes_file: true,
        ..post(
            "/paste/file",
            Access::Deed(Deed::TakeIn),
            pages::paste::file,
        )
    },
    Route {
        body_bytes_max: TEXT_BYTES_MAX,
        ..post(
            "/paste/take",
            Access::Deed(Deed::TakeIn),
            pages::paste::take,
        )
    },
    get(
        "/partners",
        Access::Deed(Deed::ReadPartners),
        pages::partners::show,
    ),
    get(
        "/partners/balance",
        Access::Deed(Deed::ReadPartners),
        pages::partners::balance,
    ),
    post(
        "/partners/invite",
        Access::Deed(Deed::Arrange),
        pages::partners::invite,
    ),
    post(
        "/partners/accept",
        Access::Deed(Deed::Arrange),
        pages::partners::accept,
    ),
    post(
        "/partners/confirm",
        Access::Deed(Deed::Arrange),
        pages::partners::confirm,
    ),
    post(
        "/partners/sign",
        Access::Deed(Deed::Arrange),
        pages::partners::sign_agreement,
    ),
    post(
        "/partners/sync",
        Access::Deed(Deed::Arrange),
        pages::partners::sync,
    ),
    get(
        "/threats",
        Access::Deed(Deed::ReadItems),
        pages::threats::show,
    ),
    get(
        "/threats/matrix",
        Access::Deed(Deed::ReadItems),
        pages::threats::matrix,
    ),
    get(
        "/ledger",
        Access::Deed(Deed::ReadLedger),
        pages::ledger::show,
    ),
    get(
        "/ledger/{}",
        Access::Deed(Deed::ReadLedger),
        pages::ledger::one,
    ),
    get(
        "/ledger/{}/proof",
        Access::Deed(Deed::ReadLedger),
        pages::ledger::proof,
    ),
    get(
        "/settings",
        Access::Deed(Deed::ReadPartners),
        pages::settings::show,
    ),
    post(
        "/settings/rule",
        Access::Deed(Deed::Rule),
        pages::settings::rule,
    ),
    post(
        "/settings/profile",
        Access::Deed(Deed::Rule),
        pages::settings::profile_set,
    ),
    post(
        "/settings/person/code",
        Access::Deed(Deed::Administer),
        pages::administer::code,
    ),
    post(
        "/settings/person/add",
        Access::Deed(Deed::Administer),
        pages::administer::add,
    ),
    post(
        "/settings/person/revoke",
        Access::Deed(Deed::Administer),
        pages::administer::revoke,
    ),
    post(
        "/settings/person/duties",
        Access::Deed(Deed::Administer),
        pages::administer::duties,
    ),
    post(
        "/settings/token",
        Access::Deed(Deed::Arrange),
        pages::administer::token,
    ),
    post(
        "/settings/token/revoke",
        Access::Deed(Deed::Arrange),
        pages::administer::token_revoke,
    ),
    post(
        "/settings/backup",
        Access::Deed(Deed::Administer),
        pages::administer::backup,
    ),
    post(
        "/settings/backup/forget",
        Access::Deed(Deed::Administer),
        pages::administer::backup_forget,
    ),
    get(
        "/items/{}",
        Access::Deed(Deed::ReadItems),
        pages::item::show,
    ),
];

/// What the head of every page leads to: path, message, and what permits it.
pub(crate) const NAVIGATION: &[(&str, &str, Deed)] = &[
    ("/", "console-now", Deed::Overlook),
    ("/items", "console-items", Deed::ReadItems),
    ("/paste", "console-paste", Deed::TakeIn),
    ("/share", "console-share", Deed::Propose),
    ("/partners", "console-partners", Deed::ReadPartners),
    ("/threats", "console-threats", Deed::ReadItems),
    ("/ledger", "console-ledger", Deed::ReadLedger),
    ("/settings", "console-settings", Deed::ReadPartners),
];

/// What there is at a path.
pub(crate) enum Found<'a> {
    /// The route, and what stands at its `{}`.
    Route(&'static Route, Vec<&'a str>),
    /// The path is known, for another method.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// Find a route.
pub(crate) fn find<'a>(method: &str, path: &'a str) -> Found<'a> {
    let method = match method {
        "GET" | "HEAD" => Some(Method::Get),
        "POST" => Some(Method::Post),
        _ => None,
    };
    let mut is_known = false;
    for route in TABLE {
        if let Some(parts) = matched(route.path, path) {
            is_known = true;
            if Some(route.method) == method {
                return Found::Route(route, parts);
            }
        }
    }
    if is_known {
        Found::OtherMethod
    } else {
        Found::Nothing
    }
}

fn matched<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = Vec::new();
    let mut here = path.split('/');
    for wanted in pattern.split('/') {
        let part = here.next()?;
        if wanted == "{}" {
            if part.is_empty() {
                return None;
            }
            parts.push(part);
        } else if wanted != part {
            return None;
        }
    }
    here.next().is_none().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::{Found, NAVIGATION, TABLE, find, matched};

    #[test]
    fn a_part_stands_for_one_and_no_more() {
        assert_eq!(matched("/items/{}", "/items/abc"), Some(vec!["abc"]));
        for path in ["/items", "/items/", "/items/a/b", "/items/a/", "items/a"] {
            assert_eq!(matched("/items/{}", path), None, "{path}");
        }
    }

    #[test]
    fn no_two_routes_are_one() {
        for (n, route) in TABLE.iter().enumerate() {
            let twin = TABLE[..n]
                .iter()
                .any(|other| other.method == route.method && other.path == route.path);
            assert!(!twin, "{}", route.path);
        }
    }

    #[test]
    fn everything_the_navigation_leads_to_is_there() {
        for (path, _, deed) in NAVIGATION {
            let Found::Route(route, _) = find("GET", path) else {
                panic!("{path}")
            };
            assert_eq!(route.access, super::Access::Deed(*deed), "{path}");
        }
    }
}
