//! How wide, how colourful, and in which characters.

use std::io::IsTerminal;

/// Narrower ones can't hold a timeline, on wider ones the eye loses the line.
const COLUMNS: std::ops::RangeInclusive<usize> = 60..=120;

/// How a report for people is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of a line; at least 60 are used.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub color: bool,
    /// Whether to keep to ASCII.
    pub ascii: bool,
}

/// A terminal's size in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// What is known about a stream.
#[derive(Debug, Clone, Copy)]
struct Stream {
    terminal: bool,
    size: Option<Size>,
}

impl Style {
    /// For files.
    pub const PLAIN: Self = Self { width: 100, color: false, ascii: false };

    /// What suits standard error, where test output goes.
    pub(crate) fn detect() -> Self {
        let stream = Stream { terminal: std::io::stderr().is_terminal(), size: size() };
        Self::from_env(|name| std::env::var(name).ok(), stream)
    }

    /// What suits standard output, by what it is and by the environment: `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR_FORCE`,
    /// `CLICOLOR`, `CARGO_TERM_COLOR`, `TERM`, `COLUMNS`, `LC_ALL`, `LC_CTYPE` and `LANG`.
    pub fn for_stdout() -> Self {
        let stdout = std::io::stdout();
        let stream = Stream { terminal: stdout.is_terminal(), size: size_of(&stdout) };
        Self::from_env(|name| std::env::var(name).ok(), stream)
    }

    /// `NO_COLOR` beats `FORCE_COLOR` and `CLICOLOR_FORCE`, which beat what cargo was told, which beats everything else;
    /// else a capable terminal gets colours. In CI there is no terminal as a rule, and who wants colours in its log has
    /// told cargo so.
    fn from_env(env: impl Fn(&str) -> Option<String>, stream: Stream) -> Self {
        let set = |name| env(name).is_some_and(|value| !value.is_empty() && value != "0");
        let denied = env("NO_COLOR").is_some_and(|value| !value.is_empty());
        let forced = set("FORCE_COLOR") || set("CLICOLOR_FORCE");
        let capable = stream.terminal && !is_dumb(&env) && env("CLICOLOR").as_deref() != Some("0");
        let wanted = match env("CARGO_TERM_COLOR").as_deref() {
            Some("always") => true,
            Some("never") => false,
            _ => capable,
        };
        let told = env("COLUMNS").and_then(|columns| columns.parse().ok());
        let width = told.or(stream.size.map(|size| size.columns)).unwrap_or(Self::PLAIN.width);
        Self {
            width: width.clamp(*COLUMNS.start(), *COLUMNS.end()),
            color: !denied && (forced || wanted),
            // Files and logs are UTF-8 whatever the locale of who writes them.
            ascii: stream.terminal && !shows_unicode(&env),
        }
    }
}

/// Whether a line may be rewritten in place: a capable terminal, outside of CI, no `NO_COLOR`.
pub(crate) fn may_rewrite() -> bool {
    rewritable(|name| std::env::var(name).ok(), std::io::stderr().is_terminal())
}

fn rewritable(env: impl Fn(&str) -> Option<String>, terminal: bool) -> bool {
    let set = |name| env(name).is_some_and(|value| !value.is_empty() && value != "0");
    terminal && !is_dumb(&env) && !set("CI") && !set("NO_COLOR")
}

fn is_dumb(env: &impl Fn(&str) -> Option<String>) -> bool {
    env("TERM").as_deref() == Some("dumb")
}

/// By the locale, where one is set; the console of Linux has no block characters in its font.
fn shows_unicode(env: &impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(env).find(|value| !value.is_empty());
    let utf8 = locale.is_none_or(|locale| {
        let charset = locale.split('@').next().unwrap_or_default().split_once('.').map(|(_, charset)| charset);
        charset.is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8"))
    });
    utf8 && env("TERM").as_deref() != Some("linux")
}

/// The size of the terminal behind standard error, now.
pub(crate) fn size() -> Option<Size> {
    size_of(&std::io::stderr())
}

#[cfg(unix)]
fn size_of(stream: &impl std::os::fd::AsFd) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    // Terminals without a size say zero.
    (size.ws_col > 0 && size.ws_row > 0).then(|| Size { columns: size.ws_col.into(), rows: size.ws_row.into() })
}

#[cfg(not(unix))]
fn size_of<T>(_stream: &T) -> Option<Size> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(vars: &[(&str, &str)], terminal: bool) -> Style {
        Style::from_env(lookup(vars), Stream { terminal, size: None })
    }

    fn lookup(vars: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    }

    #[test]
    fn colour_needs_a_capable_terminal_or_an_order() {
        assert!(style(&[], true).color);
        assert!(!style(&[], false).color);
        assert!(!style(&[("TERM", "dumb")], true).color);
        assert!(!style(&[("CLICOLOR", "0")], true).color);
        assert!(style(&[("FORCE_COLOR", "1")], false).color);
        assert!(style(&[("CLICOLOR_FORCE", "1"), ("CI", "true")], false).color);
        assert!(!style(&[("FORCE_COLOR", "0")], false).color);
        assert!(!style(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true).color);
        assert!(style(&[("NO_COLOR", "")], true).color, "an empty NO_COLOR says nothing");
    }

    #[test]
    fn in_ci_colours_come_where_those_of_cargo_do() {
        assert!(!style(&[("CI", "true"), ("GITHUB_ACTIONS", "true")], false).color);
        assert!(style(&[("CI", "true"), ("CARGO_TERM_COLOR", "always")], false).color);
        assert!(!style(&[("CARGO_TERM_COLOR", "never")], true).color);
        assert!(!style(&[("CARGO_TERM_COLOR", "always"), ("NO_COLOR", "1")], false).color);
        assert!(style(&[("CARGO_TERM_COLOR", "never"), ("FORCE_COLOR", "1")], false).color);
        assert!(style(&[("CI", "true")], true).color, "who gives a job a terminal shows its colours");
    }

    #[test]
    fn width_comes_from_columns_or_the_terminal_within_reason() {
        assert_eq!(style(&[], true).width, 100);
        assert_eq!(style(&[("COLUMNS", "110")], true).width, 110);
        assert_eq!(style(&[("COLUMNS", "20")], true).width, 60);
        assert_eq!(style(&[("COLUMNS", "400")], true).width, 120);
        assert_eq!(style(&[("COLUMNS", "wide")], true).width, 100);
        let sized = |columns| Stream { terminal: true, size: Some(Size { columns, rows: 24 }) };
        assert_eq!(Style::from_env(lookup(&[]), sized(84)).width, 84);
        assert_eq!(Style::from_env(lookup(&[("COLUMNS", "72")]), sized(84)).width, 72);
    }

    #[test]
    fn a_terminal_without_unicode_gets_ascii() {
        for (vars, ascii) in [
            (&[][..], false),
            (&[("LANG", "C")], true),
            (&[("LANG", "POSIX")], true),
            (&[("LANG", "C.UTF-8")], false),
            (&[("LANG", "de_DE.utf8@euro")], false),
            (&[("LANG", "de_DE")], true),
            (&[("LANG", "de_DE.ISO-8859-1")], true),
            (&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")], true),
            (&[("LANG", "C"), ("LC_CTYPE", "en_US.UTF-8"), ("LC_ALL", "")], false),
            (&[("LANG", "en_US.UTF-8"), ("TERM", "linux")], true),
        ] {
            assert_eq!(style(vars, true).ascii, ascii, "{vars:?}");
            assert!(!style(vars, false).ascii, "a log is UTF-8: {vars:?}");
        }
    }

    #[test]
    fn a_line_is_rewritten_only_where_someone_watches() {
        assert!(rewritable(lookup(&[]), true));
        for vars in [[("CI", "1")], [("NO_COLOR", "1")], [("TERM", "dumb")]] {
            assert!(!rewritable(lookup(&vars), true), "{vars:?}");
        }
        assert!(!rewritable(lookup(&[]), false));
    }
}
