//! Files that never change while the binary runs: one style sheet, one script, one picture.

use crate::http::Response;

struct File {
    name: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const FILES: [File; 3] = [
    File {
        name: "noroshi.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../static/noroshi.css"),
    },
    File {
        name: "noroshi.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../static/noroshi.js"),
    },
    File {
        name: "noroshi.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../static/noroshi.svg"),
    },
];

/// The file of that name.
pub(crate) fn file(name: &str) -> Option<Response> {
    let file = FILES.iter().find(|file| file.name == name)?;
    Some(Response {
        status: 200,
        headers: vec![
            ("content-type", file.kind.to_owned()),
            // An upgrade changes the address that pages ask for.
            (
                "cache-control",
                "public, max-age=604800, immutable".to_owned(),
            ),
        ],
        body: file.bytes.to_vec(),
    })
}

/// What stands behind the names of files in pages, so that a new version is asked for anew.
pub(crate) fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
