//! The one door: host, route, session, origin, token, duty, in this order, for every request.

use std::io::Read;

use noroshi_node::Failure;
use noroshi_node::messages::Lang;
use noroshi_node::signin::{SignedIn, Whence, form_token};

use crate::cookies::Kind;
use crate::form::{Form, encoded};
use crate::http::{Request, Response};
use crate::parts::{self, Upload};
use crate::routes::{self, Access, Found, Method, Route};
use crate::times::Zone;
use crate::visit::Visit;
use crate::{Console, pages};

/// What every answer carries: nothing from elsewhere, nothing inline, no frame around it.
const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Longest name of a browser that is looked at, in bytes.
const AGENT_BYTES_MAX: usize = 512;

/// Why a request is turned away before any page sees it.
enum Turned {
    /// Not for this host: a name elsewhere that was made to point here.
    Host,
    /// Sent by another site, or with a token that is not this session's.
    Forged,
    /// Not a form, or too large.
    Form,
    /// Nobody has signed in.
    Nobody,
}

impl Console {
    /// Answer a request. Blocks.
    #[must_use]
    pub fn answer(&self, request: &mut Request<'_>) -> Response {
        let mut response = self.answered(request);
        for (name, value) in HEADERS {
            response = response.with(name, value);
        }
        if response.header("cache-control").is_none() {
            response = response.with("cache-control", "no-store");
        }
        if self.seat.is_secure {
            response = response.with("strict-transport-security", "max-age=31536000");
        }
        response
    }

    fn answered(&self, request: &mut Request<'_>) -> Response {
        let agent = agent_of(request);
        let whence = Whence {
            address: request.from,
            agent: &agent,
        };
        let cookies = (request.header)("cookie").unwrap_or_default();
        let session = self.seat.cookie_in(Kind::Session, &cookies);
        let who = match &session {
            None => Ok(None),
            // What a page asks by itself keeps no session alive.
            Some(id) if is_by_itself(request) => self.node.standing(id, whence),
            Some(id) => self.node.signed_in(id, whence),
        };
        let (who, trouble) = match who {
            Ok(who) => (who, None),
            Err(failure) => (None, Some(failure)),
        };
        let known = self.seat.cookie_in(Kind::Visitor, &cookies);
        let visitor = known.clone().unwrap_or_else(|| self.node.fresh_name());
        // A form belongs to the session, or to the visitor where there is none.
        let name = session.filter(|_| who.is_some()).unwrap_or(visitor.clone());
        let token = form_token(&name);
        let query = Form::parse(request.query.as_bytes());
        let lang = self.lang(who.as_ref(), query.as_ref(), request);
        let visit = self.visit(who.as_ref(), whence, lang, request.path);
        let mut visit = match (visit, trouble) {
            (Ok(visit), None) => visit,
            (Err(failure), _) | (_, Some(failure)) => return pages::trouble::bare(lang, &failure),
        };
        visit.token = token;
        visit.query = query.unwrap_or_default();
        let response = self.routed(request, visit);
        if who.is_some() || known.is_some() || response.header("cache-control").is_some() {
            return response;
        }
        let cookie = self.seat.set_cookie(Kind::Visitor, &visitor);
        response.with("set-cookie", cookie)
    }

    pub(crate) fn visit<'a>(
        &'a self,
        who: Option<&'a SignedIn>,
        whence: Whence<'a>,
        lang: Lang,
        path: &'a str,
    ) -> Result<Visit<'a>, Failure> {
        let face = self.node.face()?;
        Ok(Visit {
            console: self,
            who,
            whence,
            lang,
            zone: Zone::named(&face.zone),
            face,
            path,
            parts: Vec::new(),
            query: Form::default(),
            form: Form::default(),
            file: None,
            token: String::new(),
            now: self.node.clock_now(),
        })
    }

    fn routed(&self, request: &mut Request<'_>, mut visit: Visit<'_>) -> Response {
        if !self.is_for_us(request) {
            return turned(&visit, &Turned::Host);
        }
        let (route, parts) = match routes::find(request.method, request.path) {
            Found::Route(route, parts) => (route, parts),
            Found::OtherMethod => return pages::trouble::status(&visit, 405),
            Found::Nothing => return pages::trouble::status(&visit, 404),
        };
        visit.parts = parts.into_iter().map(str::to_owned).collect();
        if route.method == Method::Post {
            if !is_from_us(request) {
                return turned(&visit, &Turned::Forged);
            }
            match read_form(request, route) {
                Some((form, file)) => (visit.form, visit.file) = (form, file),
                None => return turned(&visit, &Turned::Form),
            }
            if visit.form.get("token") != Some(&*visit.token) {
                return turned(&visit, &Turned::Forged);
            }
        }
        let is_let_in = match (route.access, visit.who) {
            (Access::Anybody, _) | (Access::SignedIn, Some(_)) => Ok(()),
            (_, None) => return turned(&visit, &Turned::Nobody),
            (Access::Deed(deed), Some(who)) => who.expect(deed),
        };
        match is_let_in.and_then(|()| (route.handler)(&visit)) {
            Ok(response) => response,
            Err(failure) => pages::trouble::page(&visit, &failure),
        }
    }

    /// In the clear, a name that resolves to this machine could be anybody's: only the machine's
    /// own names are answered. Over TLS the certificate says so.
    fn is_for_us(&self, request: &Request<'_>) -> bool {
        if self.seat.is_secure {
            return true;
        }
        let host = (request.header)("host").unwrap_or_default();
        let ours = ["127.0.0.1", "[::1]", "localhost"];
        ours.iter()
            .any(|name| host == format!("{name}:{}", self.seat.port))
    }

    fn lang(&self, who: Option<&SignedIn>, query: Option<&Form>, request: &Request<'_>) -> Lang {
        if let Some(who) = who {
            return who.lang();
        }
        let asked = query.and_then(|query| Lang::from_word(query.text("lang")));
        let accepted = (request.header)("accept-language").unwrap_or_default();
        let mut accepted = accepted
            .split(',')
            .filter_map(|part| Lang::from_word(part.trim()));
        asked
            .or_else(|| accepted.next())
            .unwrap_or(self.node.config().lang)
    }
}

/// What the browser calls itself, as far as it is looked at.
pub(crate) fn agent_of(request: &Request<'_>) -> String {
    let mut agent = (request.header)("user-agent").unwrap_or_default();
    let mut end = agent.len().min(AGENT_BYTES_MAX);
    while !agent.is_char_boundary(end) {
        end -= 1;
    }
    agent.truncate(end);
    agent
}

/// Is it asked by a page that is open, and by nobody? Whoever pretends it shortens their session.
fn is_by_itself(request: &Request<'_>) -> bool {
    request.path == "/live" || (request.header)("x-noroshi-live").is_some()
}

/// Browsers say from which site a request comes. Under `no-referrer` a form's `Origin` is `null`
/// where they do, so that it is asked only where they do not.
fn is_from_us(request: &Request<'_>) -> bool {
    if let Some(site) = (request.header)("sec-fetch-site") {
        return site == "same-origin";
    }
    let host = (request.header)("host").unwrap_or_default();
    let origin = (request.header)("origin").unwrap_or_default();
    let ours = ["http://", "https://"];
    !host.is_empty()
        && ours
            .iter()
            .any(|scheme| origin == format!("{scheme}{host}"))
}

fn read_form(request: &mut Request<'_>, route: &Route) -> Option<(Form, Option<Upload>)> {
    let kind = (request.header)("content-type").unwrap_or_default();
    let boundary = parts::boundary(&kind).filter(|_| route.takes_file);
    let plain = kind.split(';').next().unwrap_or_default().trim();
    let is_plain = plain.eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if boundary.is_none() && !is_plain {
        return None;
    }
    let mut bytes = Vec::new();
    let most = route.body_bytes_max;
    request.body.take(most + 1).read_to_end(&mut bytes).ok()?;
    if bytes.len() as u64 > most {
        return None;
    }
    match boundary {
        Some(boundary) => parts::read(&bytes, boundary),
        None => Form::parse(&bytes).map(|form| (form, None)),
    }
}

fn turned(visit: &Visit<'_>, why: &Turned) -> Response {
    match why {
        Turned::Host => pages::trouble::status(visit, 421),
        Turned::Forged => pages::trouble::status(visit, 403),
        Turned::Form => pages::trouble::status(visit, 400),
        // Looking is taken up again after signing in; changing has to be asked for anew.
        Turned::Nobody => Response::see(format!("/signin?to={}", encoded(visit.path))),
    }
}
