//! A QR code as a drawing made here; whoever cannot scan it reads the text beside it.

use askama::Template;
use askama::filters::HtmlSafe;
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of quiet zone around it.
const QUIET: i32 = 4;

/// A code, as a part of a page.
#[derive(Template)]
#[template(
    ext = "html",
    source = r#"<svg class="qr" viewBox="0 0 {{ side }} {{ side }}" role="img" aria-hidden="true" focusable="false"><path d="{{ path }}"/></svg>"#
)]
pub(crate) struct Qr {
    side: i32,
    path: String,
}

impl HtmlSafe for Qr {}

impl Qr {
    /// Of a text of some hundred bytes; nothing is drawn of one that is too long for any.
    pub(crate) fn of(text: &str) -> Self {
        let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
            return Self {
                side: 0,
                path: String::new(),
            };
        };
        let mut path = String::new();
        for y in 0..code.size() {
            let mut x = 0;
            while x < code.size() {
                let run = (x..code.size())
                    .take_while(|x| code.get_module(*x, y))
                    .count();
                let run = i32::try_from(run).unwrap_or_default();
                if run > 0 {
                    path.push_str(&format!("M{},{}h{run}v1h-{run}z", x + QUIET, y + QUIET));
                }
                x += run.max(1);
            }
        }
        Self {
            side: code.size() + 2 * QUIET,
            path,
        }
    }
}
