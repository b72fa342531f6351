//! What every page has around its body: style, script, and the rule that nothing is loaded.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = concat!(include_str!("vendor/uPlot.min.css"), "\n", include_str!("page.css"));
const LIBRARY: &str = include_str!("vendor/uPlot.iife.js");
const SCRIPT: &str = include_str!("page.js");

/// Nothing may be loaded, sent or framed; what stands in the file itself may run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// A tick in a circle, so that the tab is found among others.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Crect width='24' \
                    height='24' rx='6' fill='%230072b2'/%3E%3Cpath d='M3 13h4l3-8 4 14 3-6h4' fill='none' stroke='%23fff' \
                    stroke-width='2.4' stroke-linejoin='round' stroke-linecap='round'/%3E%3C/svg%3E";

/// One self-contained HTML file: style, scripts and `body` between them.
///
/// `body` is the content of the page's `<body>`; put what it is about into a `<main id="main">`, where the link for
/// keyboards leads. Charts are drawn wherever [`Chart::figure`](super::Chart::figure) stands.
pub fn document(title: &str, body: &Markup) -> String {
    let mut page = head(title);
    page.push_str(&body.0);
    page.push_str(&tail());
    page
}

/// Everything before the body's content.
pub(super) fn head(title: &str) -> String {
    let head = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "chaos-runtime " (env!("CARGO_PKG_VERSION")) };
                meta name="referrer" content="no-referrer";
                title { (title) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
        }
    };
    let head = head.0.strip_suffix("</html>").unwrap_or(&head.0);
    format!("{head}\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n{SYMBOLS}\n")
}

/// Everything after it.
pub(super) fn tail() -> String {
    format!(
        "\n<div id=\"spoken\" class=\"visually-hidden\" aria-live=\"polite\"></div>\n<script>{LIBRARY}</script>\n\
         <script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
}

/// The shapes of verdicts: told apart without colours, used by [`icon`].
const SYMBOLS: &str = include_str!("symbols.svg");

/// One of the shapes: `passed`, `refuted`, …
pub(super) fn icon(name: &str) -> Markup {
    html! { svg.icon aria-hidden="true" focusable="false" { use href={ "#v-" (name) }; } }
}
