//! Style sheet, script and picture.

use noroshi_node::Failure;

use crate::http::Response;
use crate::statics;
use crate::visit::Visit;

pub(crate) fn show(visit: &Visit<'_>) -> Result<Response, Failure> {
    let name = visit.parts.first().map(String::as_str);
    Ok(statics::file(name.unwrap_or_default())
        .unwrap_or_else(|| super::trouble::status(visit, 404)))
}
