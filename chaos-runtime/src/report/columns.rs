//! How many columns of a terminal a text takes: a letter one, an ideograph or an emoji two.

use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns of a text without line ends.
pub(super) fn of(text: &str) -> usize {
    text.width()
}

/// At most `most` columns of a text; what was cut ends in `…`.
pub(super) fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if of(text) <= most {
        return Cow::Borrowed(text);
    }
    if most == 0 {
        return Cow::Borrowed("");
    }
    let mut short = text[..fitting(text, most - 1)].to_owned();
    short.push('…');
    Cow::Owned(short)
}

/// The text with spaces behind it up to `width` columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(of(text))))
}

/// How many bytes at the start of a text fit in so many columns.
pub(super) fn fitting(text: &str, columns: usize) -> usize {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            return at;
        }
    }
    text.len()
}

/// The same text in ASCII, a character for a character, for terminals that show nothing else.
pub(super) fn ascii(text: &str) -> String {
    text.chars().flat_map(|c| std::iter::repeat_n(plain(c), columns_of(c))).collect()
}

/// So that columns stay where they are.
fn columns_of(c: char) -> usize {
    if c == '\n' || c == '\t' || c == '\u{1b}' { 1 } else { c.width().unwrap_or(0) }
}

fn plain(c: char) -> char {
    match c {
        _ if c.is_ascii() => c,
        '✓' => '+',
        '✗' | '×' => 'x',
        '│' => '|',
        '▲' => '^',
        '●' => 'o',
        '▼' => 'v',
        '◆' => '*',
        '■' => '!',
        '·' | '–' | '‐' => '-',
        '…' => '~',
        '±' => '~',
        'µ' => 'u',
        '▁' => '_',
        '▂' => '.',
        '▃' => ':',
        '▄' => '-',
        '▅' => '=',
        '▆' => '+',
        '▇' => '%',
        '█' => '#',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(of("slow"), 4);
        assert_eq!(of("遅延"), 4);
        assert_eq!(of("🔥"), 2);
        assert_eq!(of("e\u{301}"), 1, "an accent takes none");
    }

    #[test]
    fn what_is_cut_fits() {
        assert_eq!(cut("遅延注入", 8), "遅延注入");
        assert_eq!(cut("遅延注入", 7), "遅延注…");
        assert_eq!(cut("遅延注入", 6), "遅延…");
        assert_eq!(cut("slow", 3), "sl…");
        assert_eq!(cut("slow", 0), "");
        assert_eq!(padded("遅延", 6), "遅延  ");
    }

    #[test]
    fn ascii_keeps_the_columns() {
        let text = "  ✗ p99 │▁█│ 412 µs … 遅延 \u{1b}[1mx\u{1b}[0m\n";
        let plain = ascii(text);
        assert!(plain.is_ascii());
        assert_eq!(plain, "  x p99 |_#| 412 us ~ ???? \u{1b}[1mx\u{1b}[0m\n");
    }
}
