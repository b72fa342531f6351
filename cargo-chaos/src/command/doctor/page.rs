//! The answer for people.

use super::check::{Check, State};
use super::command::Report;

pub(super) fn text(report: &Report) -> String {
    let mut text = String::new();
    let mut group = "";
    let width = report.checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0).min(24);
    for check in &report.checks {
        if check.group != group {
            group = check.group;
            text += &format!("{group}\n");
        }
        let mark = match check.state {
            State::Ok => '✓',
            State::Warning => '!',
            State::Missing => '✗',
            State::NotNeeded => '·',
        };
        let not_needed = if check.state == State::NotNeeded { "not needed: " } else { "" };
        text += &format!("  {mark} {:width$}  {not_needed}{}\n", check.name, check.found);
        let is_wrong = matches!(check.state, State::Warning | State::Missing);
        if is_wrong && !check.why.is_empty() {
            text += &format!("    {:width$}  for: {}\n", "", check.why);
        }
        if let Some(fix) = check.fix.as_ref().filter(|_| is_wrong) {
            text += &format!("    {:width$}  fix: {fix}\n", "");
        }
    }
    text + "\n" + &verdict(report) + "\n"
}

pub(super) fn markdown(report: &Report) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ").replace('<', "&lt;");
    let mut text = format!("### Chaos tests on this machine\n\n{}\n\n", verdict(report));
    text += "| | check | found | fix |\n|---|---|---|---|\n";
    for Check { name, state, found, fix, .. } in &report.checks {
        let mark = match state {
            State::Ok => "✅",
            State::Warning => "⚠️",
            State::Missing => "❌",
            State::NotNeeded => "–",
        };
        text += &format!("| {mark} | {} | {} | {} |\n", cell(name), cell(found), cell(fix.as_deref().unwrap_or("")));
    }
    text
}

fn verdict(report: &Report) -> String {
    let of = |state: State| report.checks.iter().filter(|check| check.state == state).count();
    let warnings = match of(State::Warning) {
        0 => String::new(),
        1 => "; 1 warning".to_owned(),
        many => format!("; {many} warnings"),
    };
    match of(State::Missing) {
        0 => format!("Everything that this project needs is here (profile {}){warnings}.", report.profile),
        1 => format!("1 thing that this project needs is missing (profile {}){warnings}.", report.profile),
        many => format!("{many} things that this project needs are missing (profile {}){warnings}.", report.profile),
    }
}
