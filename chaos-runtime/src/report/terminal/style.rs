//! How wide and how colourful.

use std::io::IsTerminal;

/// How a report is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// Characters a line; at least 60 are used.
    pub(crate) width: usize,
    /// Whether to use ANSI colours.
    pub(crate) color: bool,
}

impl Style {
    /// For files.
    pub(crate) const PLAIN: Self = Self { width: 100, color: false };

    /// What suits standard error, where test output goes.
    pub(crate) fn detect() -> Self {
        Self::from_env(|name| std::env::var(name).ok(), std::io::stderr().is_terminal())
    }

    /// `NO_COLOR` beats `FORCE_COLOR` and `CLICOLOR_FORCE`, which beat everything else; else
    /// a capable terminal outside of CI gets colours.
    fn from_env(env: impl Fn(&str) -> Option<String>, terminal: bool) -> Self {
        let set = |name| env(name).is_some_and(|value| !value.is_empty() && value != "0");
        let denied = env("NO_COLOR").is_some_and(|value| !value.is_empty());
        let forced = set("FORCE_COLOR") || set("CLICOLOR_FORCE");
        let capable = terminal && !is_dumb(&env) && !set("CI") && env("CLICOLOR").as_deref() != Some("0");
        let width = env("COLUMNS").and_then(|columns| columns.parse().ok()).unwrap_or(Self::PLAIN.width);
        Self { width: usize::clamp(width, 60, 200), color: !denied && (forced || capable) }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn style(vars: &[(&str, &str)], terminal: bool) -> Style {
        Style::from_env(lookup(vars), terminal)
    }

    fn lookup(vars: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
    }

    #[test]
    fn colour_needs_a_capable_terminal_or_an_order() {
        assert!(style(&[], true).color);
        assert!(!style(&[], false).color);
        assert!(!style(&[("TERM", "dumb")], true).color);
        assert!(!style(&[("CI", "true")], true).color);
        assert!(!style(&[("CLICOLOR", "0")], true).color);
        assert!(style(&[("FORCE_COLOR", "1")], false).color);
        assert!(style(&[("CLICOLOR_FORCE", "1"), ("CI", "true")], false).color);
        assert!(!style(&[("FORCE_COLOR", "0")], false).color);
        assert!(!style(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], true).color);
        assert!(style(&[("NO_COLOR", "")], true).color, "an empty NO_COLOR says nothing");
    }

    #[test]
    fn width_comes_from_columns_within_reason() {
        assert_eq!(style(&[], true).width, 100);
        assert_eq!(style(&[("COLUMNS", "120")], true).width, 120);
        assert_eq!(style(&[("COLUMNS", "20")], true).width, 60);
        assert_eq!(style(&[("COLUMNS", "wide")], true).width, 100);
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
