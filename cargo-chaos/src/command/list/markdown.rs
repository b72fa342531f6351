//! The catalogue as a page of documentation.

use super::{faults, table};
use chaos_runtime::report::catalogue::Catalogue;
use std::fmt::Write as _;

/// A heading, and a table for each binary.
pub(super) fn of(catalogue: &Catalogue) -> String {
    let mut text = "# What this code base claims to survive\n\n".to_owned();
    if catalogue.experiments.is_empty() {
        text.push_str("Nothing yet: there are no chaos tests.\n");
        return text;
    }
    let _ = writeln!(text, "{}, as their authors declare it.\n", table::count(catalogue));
    for binary in catalogue.experiments.chunk_by(table::same_binary) {
        let _ = writeln!(text, "## {}\n", escaped(&table::heading(&binary[0])));
        text.push_str("| experiment | claims | faults | runs |\n|---|---|---|---|\n");
        for entry in binary {
            let claims = table::claims(entry).map(|(before, claim)| format!("{before}{}", code(claim)));
            let summary = escaped(&entry.summary());
            let name = format!("{}<br>{summary}", code(&entry.name));
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                name.trim_end_matches("<br>"),
                claims.collect::<Vec<_>>().join("<br>"),
                escaped(&faults::of(entry).join(", ")),
                escaped(&table::conditions(entry).join(", "))
            );
        }
        text.push('\n');
    }
    text
}

/// Words in a cell, which mean themselves.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => out.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '#' | '~' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Code in a cell. A claim's own backticks would end it.
fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_hold_what_they_are_given() {
        assert_eq!(escaped("a|b `c`\n<d>"), "a\\|b \\`c\\` \\<d\\>");
        assert_eq!(code("p99 < 1s | x"), "`p99 < 1s \\| x`");
        assert_eq!(code("probe(`a`)"), "`` probe(`a`) ``");
    }
}
