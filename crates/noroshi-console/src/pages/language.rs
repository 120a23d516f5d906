//! Another language for whoever has signed in.

use noroshi_node::Failure;
use noroshi_node::messages::Lang;

use crate::http::Response;
use crate::visit::Visit;

pub(crate) fn choose(visit: &Visit<'_>) -> Result<Response, Failure> {
    if let Some(lang) = Lang::from_word(visit.form.text("lang")) {
        visit
            .console
            .node
            .choose_language(visit.signed_in()?, lang)?;
    }
    Ok(Response::see(super::signin::local_path(
        visit.form.text("to"),
    )))
}
