//! The table in Markdown, from what the suites have left in files.

use crate::row::Row;
use crate::suite;
use std::fmt::Write as _;
use std::path::Path;

const BEGIN: &str = "<!-- figures: benches/run --readme -->";
const END: &str = "<!-- end of figures -->";

/// Keeps a suite's rows.
pub(crate) fn keep(folder: &Path, suite: &str, rows: &[Row]) -> Result<(), String> {
    let lines: String = rows.iter().map(|row| row.line() + "\n").collect();
    std::fs::write(folder.join(format!("{suite}.tsv")), lines).map_err(|error| error.to_string())
}

/// All suites that were run, in the order of [`suite::ALL`].
pub(crate) fn markdown(folder: &Path) -> String {
    let mut text = std::fs::read_to_string(folder.join("machine.txt")).unwrap_or_default();
    for (name, title, _) in suite::ALL {
        let Ok(lines) = std::fs::read_to_string(folder.join(format!("{name}.tsv"))) else { continue };
        let rows: Vec<Row> = lines.lines().filter_map(Row::parse).collect();
        let _ = write!(text, "\n### `{name}`: {title}\n\n{}", of(&rows));
    }
    text
}

fn of(rows: &[Row]) -> String {
    let mut text = String::from("| measure | ours | beside | ratio (least … most) | target | met |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for row in rows {
        let fields = [&row.what, &row.ours, &row.beside, &row.ratio, &row.target, &row.met];
        let _ = writeln!(text, "| {} |", fields.map(|field| field.replace('|', "\\|")).join(" | "));
    }
    text
}

/// Replaces the figures between the marks of a file.
pub(crate) fn replace(file: &Path, table: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let new = between(&text, table).ok_or(format!("{}: the marks {BEGIN} … {END} are missing", file.display()))?;
    std::fs::write(file, new).map_err(|error| format!("{}: {error}", file.display()))
}

fn between(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{}\n{END}{after}", table.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_replace_figures_and_nothing_else() {
        let text = format!("# A\n{BEGIN}\nold\n{END}\nB\n");
        assert_eq!(between(&text, "new\n").unwrap(), format!("# A\n{BEGIN}\nnew\n{END}\nB\n"));
        assert_eq!(between("# A", "new"), None);
    }

    #[test]
    fn a_bar_does_not_break_a_row() {
        let row = Row { what: "a|b".to_owned(), ..Row::default() };
        assert_eq!(of(&[row]).lines().nth(2), Some("| a\\|b |  |  |  |  |  |"));
    }
}
