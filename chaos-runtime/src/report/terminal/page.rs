//! Lines of limited width.

use super::Style;
use crate::report::{columns, text};

/// More of a single text is no help to anybody.
const MOST_BYTES: usize = 8 * 1024;

/// A report being written.
pub(super) struct Page {
    out: String,
    style: Style,
}

/// What a colour means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tone {
    Good,
    Bad,
    Odd,
    Heading,
}

impl Page {
    pub(super) fn new(style: Style) -> Self {
        Self { out: String::new(), style: Style { width: style.width.max(60), ..style } }
    }

    pub(super) fn width(&self) -> usize {
        self.style.width
    }

    /// Coloured text, if colours are wanted. The width of the result is not that of its characters.
    pub(super) fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Good => "1;32",
            Tone::Bad => "1;31",
            Tone::Odd => "1;33",
            Tone::Heading => "1",
        };
        if self.style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A line as it is.
    pub(super) fn raw(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// An empty line, unless there is one already.
    pub(super) fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.gap();
        let text = self.paint(Tone::Heading, text);
        self.raw(&text);
    }

    /// A name and a value, never broken so that it can be copied.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        self.raw(&format!("  {name:<8} {}", text::line(value, MOST_BYTES)));
    }

    /// A line that is cut at the page's width.
    pub(super) fn cut(&mut self, indent: usize, text: &str) {
        let text = text::capped(text, MOST_BYTES).replace(['\n', '\t'], " ");
        self.raw(&format!("{:indent$}{}", "", columns::cut(&text, self.width() - indent)));
    }

    /// Text wrapped at the page's width.
    pub(super) fn wrapped(&mut self, indent: usize, text: &str) {
        for line in wrap(&text::capped(text, MOST_BYTES), self.width() - indent) {
            self.raw(&format!("{:indent$}{line}", ""));
        }
    }

    /// Wrapped text behind a mark of one column.
    pub(super) fn marked(&mut self, indent: usize, mark: &str, text: &str) {
        for (i, line) in wrap(&text::capped(text, MOST_BYTES), self.width() - indent - 2).into_iter().enumerate() {
            let mark = if i == 0 { mark } else { " " };
            self.raw(&format!("{:indent$}{mark} {line}", ""));
        }
    }

    /// Whether a table is no wider than the page.
    pub(super) fn fits(&self, rows: &[Vec<String>]) -> bool {
        widths(rows).iter().map(|width| width + 2).sum::<usize>() <= self.width()
    }

    /// Rows in columns: the first one left, the others right.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let widths = widths(rows);
        for row in rows {
            let mut line = String::from(" ");
            for (i, (cell, width)) in row.iter().zip(&widths).enumerate() {
                line.push_str(if i == 0 { " " } else { "  " });
                let pad = " ".repeat(width - columns::of(cell));
                line.push_str(&if i == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") });
            }
            self.raw(&line);
        }
    }

    pub(super) fn finish(self) -> String {
        if self.style.ascii { columns::ascii(&self.out) } else { self.out }
    }
}

/// Of the columns of a table.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cells = |i| rows.iter().filter_map(move |row| row.get(i));
    (0..count).map(|i| cells(i).map(|cell| columns::of(cell)).max().unwrap_or(0)).collect()
}

/// Lines of at most `width` columns; the text's own line ends stay, longer words are broken.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && columns::of(&line) + 1 + columns::of(word) > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            // A single character stays whole, however narrow the page is.
            while columns::of(&line) > width && line.chars().nth(1).is_some() {
                let first = line.chars().next().map_or(1, char::len_utf8);
                let rest = line.split_off(columns::fitting(&line, width).max(first));
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_keeps_every_word_and_the_width() {
        let text = "one two three four\nfive 0123456789abcdef";
        assert_eq!(wrap(text, 9), ["one two", "three", "four", "five", "012345678", "9abcdef"]);
        assert_eq!(wrap("遅延注入 on", 5), ["遅延", "注入", "on"]);
        assert_eq!(wrap("遅延", 1), ["遅", "延"], "too wide for the page");
    }

    #[test]
    fn tables_align() {
        let mut page = Page::new(Style::PLAIN);
        page.table(&[vec!["phase".into(), "ops".into()], vec!["fault".into(), "2,010".into()]]);
        assert_eq!(page.finish(), "  phase    ops\n  fault  2,010\n");
    }
}
