//! Setting up an account with a code: who one is, a password, an authenticator, and for the first
//! one what the organisation is.

use askama::Template;
use noroshi_gate::Deed;
use noroshi_model::org::OrganisationKind;
use noroshi_node::Failure;
use noroshi_node::messages::{self, Lang};
use noroshi_node::signin::{Enrol, Enrolment, PASSWORD_CHARS_MIN};

use crate::form::encoded;
use crate::http::Response;
use crate::qr::Qr;
use crate::shell::Shell;
use crate::times::Zone;
use crate::visit::Visit;

/// Zones that are offered; any other can be typed into the node's configuration later.
const ZONES: [&str; 12] = [
    "Asia/Tokyo",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "Australia/Sydney",
    "Asia/Seoul",
    "Asia/Manila",
    "Europe/London",
    "UTC",
];

#[derive(Template)]
#[template(path = "enrol.html")]
struct Page {
    shell: Shell,
    code: String,
    /// Nothing where the code is not good yet.
    known: Option<Known>,
    problem: Option<String>,
}

struct Known {
    enrolment: Enrolment,
    /// The secret in groups, to be read.
    secret: String,
    qr: Qr,
    person: String,
    kind: &'static str,
    kinds: Vec<&'static str>,
    zone: String,
    zones: Vec<&'static str>,
    least: usize,
}

/// The form.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let code = visit.query.text("code");
    if code.is_empty() {
        return form(visit, 200, code, None);
    }
    match visit.console.node.enrolment(code, &visit.token) {
        Ok(_) => form(visit, 200, code, None),
        Err(failure) if failure.exit == 3 => form(
            visit,
            403,
            code,
            Some(messages::failure(visit.lang, &failure)),
        ),
        Err(failure) => Err(failure),
    }
}

fn form(
    visit: &Visit<'_>,
    status: u16,
    code: &str,
    problem: Option<String>,
) -> Result<Response, Failure> {
    let known = visit.console.node.enrolment(code, &visit.token).ok();
    let page = Page {
        shell: visit.shell(&visit.say("console-enrol")),
        code: code.to_owned(),
        known: known.map(|enrolment| known_of(visit, enrolment)),
        problem,
    };
    Ok(super::html(status, &page))
}

fn known_of(visit: &Visit<'_>, enrolment: Enrolment) -> Known {
    let issuer = encoded(&visit.face.name_en);
    let secret = &enrolment.secret;
    let uri = format!(
        "otpauth://totp/Noroshi:{issuer}?secret={secret}&issuer=Noroshi&algorithm=SHA1&digits=6&period=30"
    );
    let groups: Vec<&str> = (0..secret.len())
        .step_by(4)
        .filter_map(|at| secret.get(at..(at + 4).min(secret.len())))
        .collect();
    Known {
        secret: groups.join(" "),
        qr: Qr::of(&uri),
        person: visit.form.text("person").to_owned(),
        kind: visit.face.kind.as_str(),
        kinds: OrganisationKind::ALL.map(OrganisationKind::as_str).to_vec(),
        zone: visit.face.zone.clone(),
        zones: ZONES.to_vec(),
        least: PASSWORD_CHARS_MIN,
        enrolment,
    }
}

/// A try.
pub(crate) fn set(visit: &Visit<'_>) -> Result<Response, Failure> {
    let fields = &visit.form;
    let code = fields.text("enrolment");
    if fields.text("password") != fields.text("again") {
        let problem = visit.say("console-enrol-differ");
        return form(visit, 400, code, Some(problem));
    }
    let kind: Option<OrganisationKind> = fields.text("kind").parse().ok();
    let zone = Some(fields.text("zone")).filter(|zone| Zone::is_known(zone));
    let said = Enrol {
        person: fields.text("person"),
        passphrase: fields.text("passphrase"),
        password: fields.text("password"),
        code: fields.text("code").trim(),
        visitor: &visit.token,
        lang: Lang::from_word(fields.text("lang")).unwrap_or(visit.lang),
        organisation: kind.zip(zone),
    };
    let is_first = !visit.console.node.has_accounts()?;
    match visit.console.node.enrol(code, &said, visit.whence) {
        Ok(duties) => {
            // The first screen is not empty: who set it up begins what is done at the console too.
            let is_asked = is_first && fields.get("catalogues").is_some();
            if is_asked
                && duties.permit(Deed::TakeIn)
                && let Ok(person) = said.person.parse()
            {
                visit.console.load_catalogues(&person);
            }
            let lang = said.lang.as_str();
            Ok(Response::see(format!("/signin?lang={lang}")))
        }
        Err(failure) if failure.exit <= 4 && failure.exit >= 2 => {
            let problem = messages::failure(visit.lang, &failure);
            form(
                visit,
                super::trouble::status_of(&failure),
                code,
                Some(problem),
            )
        }
        Err(failure) => Err(failure),
    }
}
