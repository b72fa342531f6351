//! Texts of a journal in HTML.

use crate::report::text;
use maud::{Markup, html};

/// More of one text is no help on a page.
const MOST_BYTES: usize = 16 * 1024;

/// What stands in backquotes is code.
pub(super) fn code(text: &str) -> Markup {
    let text = text::capped(text, MOST_BYTES);
    let parts: Vec<&str> = text.split('`').collect();
    // A lonely backquote is one.
    let paired = parts.len() % 2 == 1;
    html! {
        @if paired {
            @for (i, part) in parts.iter().enumerate() {
                @if i % 2 == 1 { code { (part) } } @else { (part) }
            }
        } @else { (text) }
    }
}

/// Limited, line ends kept.
pub(super) fn whole(text: &str) -> String {
    text::capped(text, MOST_BYTES).into_owned()
}

pub(super) fn one_line(text: &str) -> String {
    text::line(text, 600)
}
