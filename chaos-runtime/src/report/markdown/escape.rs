//! Text that stays text in GitHub's and GitLab's Markdown, whatever it holds.
//!
//! Character references are never taken for syntax (CommonMark 6.2), so everything that could be is written as one. What
//! hosts make of finished text (`@name`, `#123`, addresses) they leave alone in code, and elsewhere where a character
//! without width stands in it.

use crate::report::text;
use std::fmt::Write as _;

/// Without width, so that what follows is not read together with what is before.
const APART: &str = "&#8203;";

/// As code, on one line and of at most `most` characters. Also fits in a table.
pub(super) fn code(text: &str, most: usize) -> String {
    let mut out = String::from("<code>");
    references(&mut out, &text::line(text, most));
    out.push_str("</code>");
    out
}

/// As text, on one line and of at most `most` characters. Also fits in a table.
pub(super) fn prose(text: &str, most: usize) -> String {
    let text = text::line(text, most);
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['@', '#', ':', '.', '-']) {
        let (before, from) = rest.split_at(at);
        references(&mut out, before);
        let (sign, after) = from.split_at(1);
        references(&mut out, sign);
        let next = after.chars().next();
        let linked = match sign {
            "@" => next.is_some_and(|c| c.is_alphanumeric() || c == '_'),
            "#" => next.is_some_and(|c| c.is_ascii_digit()),
            ":" => next == Some('/'),
            "." => before.to_lowercase().ends_with("www"),
            // GH-123.
            _ => before.to_lowercase().ends_with("gh") && next.is_some_and(|c| c.is_ascii_digit()),
        };
        if linked {
            out.push_str(APART);
        }
        rest = after;
    }
    references(&mut out, rest);
    out
}

/// The same where a paragraph or an item begins: some more characters would begin a list or a heading there.
pub(super) fn start(text: &str, most: usize) -> String {
    let out = prose(text, most);
    match out.chars().next() {
        Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '=') => format!("&#{};{}", u32::from(c), &out[1..]),
        _ => out,
    }
}

/// Lines as a block of code in this language.
pub(super) fn block(language: &str, text: &str) -> String {
    let text: String = text::clean(text).chars().map(visible).collect();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

fn references(out: &mut String, text: &str) {
    for c in text.chars().map(visible) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '#' | '!' | '{' | '}' | '^' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// Marks of direction would let a text look like another one.
fn visible(c: char) -> char {
    match c {
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => '\u{FFFD}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_is_text() {
        assert_eq!(
            prose("a | b `c` <img src=x> *d* _e_ [f](g) ~~h~~ $i$", 100),
            concat!(
                "a &#124; b &#96;c&#96; &lt;img src=x&gt; &#42;d&#42; &#95;e&#95; &#91;f&#93;(g) ",
                "&#126;&#126;h&#126;&#126; &#36;i&#36;"
            )
        );
        assert_eq!(code("a`|`b\n\n</code>", 100), "<code>a&#96;&#124;&#96;b &lt;/code&gt;</code>");
    }

    #[test]
    fn nobody_is_called_and_nothing_is_linked() {
        assert_eq!(
            prose("@octocat, see #12 and shop#7", 100),
            "@&#8203;octocat, see &#35;&#8203;12 and shop&#35;&#8203;7"
        );
        assert_eq!(prose("GET http://127.0.0.1:80/", 100), "GET http:&#8203;//127.0.0.1:80/");
        assert_eq!(prose("www.example.com GH-12 PAY-142", 100), "www.&#8203;example.com GH-&#8203;12 PAY-142");
        assert_eq!(code("@octocat #12", 100), "<code>@octocat &#35;12</code>", "code is left alone anyway");
    }

    #[test]
    fn no_start_begins_a_list_or_a_heading() {
        for (text, shown) in [("- a", "&#45; a"), ("1. a", "&#49;. a"), ("# a", "&#35; a"), ("=== a", "&#61;== a")] {
            assert_eq!(start(text, 100), shown);
        }
        assert_eq!(start("", 10), "");
    }

    #[test]
    fn a_block_ends_where_it_ends() {
        assert_eq!(block("sh", "echo ````\n```\n"), "`````sh\necho ````\n```\n`````\n");
        assert_eq!(block("sh", "cargo test"), "```sh\ncargo test\n```\n");
    }

    #[test]
    fn directions_can_not_be_turned_around() {
        assert_eq!(code("a\u{202e}b", 10), "<code>a\u{fffd}b</code>");
    }
}
