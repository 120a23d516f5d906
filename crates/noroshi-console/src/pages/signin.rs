//! Signing in and out.

use askama::Template;
use noroshi_node::Failure;
use noroshi_node::messages;

use crate::cookies::Kind;
use crate::http::Response;
use crate::shell::Shell;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "signin.html")]
struct Signin {
    shell: Shell,
    name: String,
    to: String,
    /// Why the last try failed.
    problem: Option<String>,
    /// Nobody has an account: there is nothing to sign in with.
    is_empty: bool,
}

/// The form.
pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let to = local_path(visit.query.text("to"));
    if visit.who.is_some() {
        return Ok(Response::see(to));
    }
    form(visit, 200, to, None)
}

fn form(
    visit: &Visit<'_>,
    status: u16,
    to: String,
    problem: Option<String>,
) -> Result<Response, Failure> {
    let page = Signin {
        shell: visit.shell(&visit.say("console-signin")),
        name: visit.form.text("name").to_owned(),
        to,
        problem,
        is_empty: !visit.console.node.has_accounts()?,
    };
    Ok(super::html(status, &page))
}

/// A try.
pub(crate) fn sign_in(visit: &Visit<'_>) -> Result<Response, Failure> {
    let form_fields = &visit.form;
    let to = local_path(form_fields.text("to"));
    let name = form_fields.text("name");
    let (password, code) = (form_fields.text("password"), form_fields.text("code"));
    let node = &visit.console.node;
    match node.sign_in(name, password, code, visit.whence) {
        Ok(id) => {
            // Whoever was signed in here before is not any more.
            if let Some(before) = visit.who {
                node.sign_out(before)?;
            }
            let seat = visit.console.seat;
            Ok(Response::see(to)
                .with("set-cookie", seat.set_cookie(Kind::Session, &id))
                .with("set-cookie", seat.set_cookie(Kind::Visitor, "")))
        }
        Err(failure) if failure.exit == 3 => {
            let status = if failure.code == "signin.wait" {
                429
            } else {
                403
            };
            let problem = messages::failure(visit.lang, &failure);
            form(visit, status, to, Some(problem))
        }
        Err(failure) => Err(failure),
    }
}

/// The session ends here and in the browser.
pub(crate) fn sign_out(visit: &Visit<'_>) -> Result<Response, Failure> {
    visit.console.node.sign_out(visit.signed_in()?)?;
    let gone = visit.console.seat.set_cookie(Kind::Session, "");
    Ok(Response::see("/signin").with("set-cookie", gone))
}

/// A path of this site, or its first page: nobody is sent elsewhere.
pub(crate) fn local_path(text: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>');
    let is_local = text.starts_with('/') && !text.starts_with("//") && text.chars().all(plain);
    if is_local && text.len() <= 2000 {
        text.to_owned()
    } else {
        "/".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nset-cookie: x",
            "/\u{202e}",
        ] {
            assert_eq!(local_path(bad), "/", "{bad}");
        }
        assert_eq!(local_path("/items?q=%E7%8B%BC"), "/items?q=%E7%8B%BC");
    }
}
