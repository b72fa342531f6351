//! The difference of two runs for people.

use crate::command::history::escaped;
use chaos_runtime::history::{Change, ClaimDifference, Difference, ExperimentDifference, Measured, Side};
use chaos_runtime::report::journal::{Judgement, Verdict};
use std::fmt::Write as _;

pub(super) fn render(difference: &Difference, all: bool) -> String {
    let mut text = format!("a  {}\nb  {}\n", side(&difference.a), side(&difference.b));
    let shown: Vec<_> = difference.experiments.iter().filter(|one| all || is_worth(one)).collect();
    for one in &shown {
        let _ = writeln!(text, "\n{} {}::{} {}", sign(one), one.package, one.binary, one.name);
        let _ = writeln!(text, "  {}", verdicts(one));
        if let (Some(reason), true) = (&one.reason, one.change == Change::Worse) {
            let _ = writeln!(text, "  {}", reason.lines().next().unwrap_or_default());
        }
        for claim in one.claims.iter().filter(|claim| all || claim.beyond_chance == Some(true)) {
            let _ = writeln!(text, "  {} {}  {}", claim_sign(claim), claim.claim, values(claim));
            let _ = writeln!(text, "      {}", claim.how);
        }
    }
    let same = difference.experiments.len() - shown.len();
    if same > 0 {
        let _ = writeln!(text, "\n{same} experiments without a difference beyond chance");
    }
    let _ = writeln!(text, "\n{}", conclusion(difference));
    text
}

pub(super) fn markdown(difference: &Difference, all: bool) -> String {
    let mut text = format!("### {}\n\n", conclusion(difference));
    let _ = writeln!(text, "a: {}  \nb: {}\n", escaped(&side(&difference.a)), escaped(&side(&difference.b)));
    let shown: Vec<_> = difference.experiments.iter().filter(|one| all || is_worth(one)).collect();
    if shown.is_empty() {
        return text;
    }
    text += "| | experiment | claim | a | b | |\n|---|---|---|---|---|---|\n";
    for one in shown {
        let name = escaped(&one.name);
        let verdict = |verdict: Option<Verdict>| verdict.map_or("–", Verdict::name);
        let _ = writeln!(
            text,
            "| {} | {name} | verdict | {} | {} | |",
            sign(one),
            verdict(one.verdict_a),
            verdict(one.verdict_b)
        );
        for claim in one.claims.iter().filter(|claim| all || claim.beyond_chance == Some(true)) {
            let told = |of: &Option<Measured>| of.as_ref().map_or_else(|| "–".to_owned(), |of| escaped(&of.text));
            let text_of = claim.claim.replace('|', "\\|");
            let (a, b, how) = (told(&claim.a), told(&claim.b), escaped(&claim.how));
            let _ =
                writeln!(text, "| {} | {name} | `{text_of}` | {a} | {b} | {} {how} |", claim_sign(claim), by(claim));
        }
    }
    text
}

fn is_worth(one: &ExperimentDifference) -> bool {
    one.change != Change::Same || one.claims.iter().any(|claim| claim.beyond_chance == Some(true))
}

/// `4711-1 of 2026-11-02 at abc1234`
fn side(side: &Side) -> String {
    let day = side.started_at.as_deref().and_then(|at| at.get(..16)).map(|at| format!(" of {at}")).unwrap_or_default();
    let short = |commit: &str| commit.get(..7).filter(|_| commit.len() >= 12).unwrap_or(commit).to_owned();
    let commit = side.commit.as_deref().map(|commit| format!(" at {}", short(commit))).unwrap_or_default();
    format!("{}{day}{commit}", side.id)
}

fn sign(one: &ExperimentDifference) -> char {
    match one.change {
        _ if one.is_worse() => '▲',
        Change::Added => '+',
        Change::Removed => '-',
        Change::Better => '▽',
        _ => ' ',
    }
}

fn verdicts(one: &ExperimentDifference) -> String {
    match (one.verdict_a, one.verdict_b) {
        (Some(a), Some(b)) if a == b => format!("{} in both", a.name()),
        (Some(a), Some(b)) => format!("{} → {}", a.name(), b.name()),
        (None, Some(b)) => format!("new: {}", b.name()),
        (Some(a), None) => format!("not in b; it was {}", a.name()),
        (None, None) => String::new(),
    }
}

fn claim_sign(claim: &ClaimDifference) -> char {
    match (claim.beyond_chance, claim.is_worse) {
        (Some(true), Some(true)) => '▲',
        (Some(true), Some(false)) => '▽',
        (Some(true), None) => '◇',
        _ => '=',
    }
}

/// `250 ms (230 to 270) → 351 ms (345 to 360), +40 %`
fn values(claim: &ClaimDifference) -> String {
    let told = |of: &Option<Measured>| {
        let Some(of) = of else { return "not judged".to_owned() };
        let sign = match of.judgement {
            Judgement::Holds => "✓",
            Judgement::Broken => "✗",
            _ => "?",
        };
        format!("{} {sign} (n = {})", of.text, of.samples)
    };
    format!("{} → {}  {}", told(&claim.a), told(&claim.b), by(claim))
}

fn by(claim: &ClaimDifference) -> String {
    let values = claim.a.as_ref().and_then(|a| a.value).zip(claim.b.as_ref().and_then(|b| b.value));
    match (values, claim.share) {
        (Some((a, b)), _) if claim.unit == "%" => format!("{:+.2} points", b - a),
        (_, Some(share)) => format!("{:+.0} %", 100.0 * share),
        _ => String::new(),
    }
}

fn conclusion(difference: &Difference) -> String {
    let experiments = &difference.experiments;
    let fell = experiments.iter().filter(|one| one.change == Change::Worse).count();
    let values = experiments.iter().flat_map(|one| &one.claims).filter(|claim| claim.is_clearly_worse()).count();
    let plural = |n: usize, one: &str, many: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {many}") };
    match (fell, values) {
        (0, 0) => "Nothing is worse beyond chance".to_owned(),
        (fell, 0) => plural(fell, "verdict fell", "verdicts fell"),
        (0, values) => plural(values, "value is worse beyond chance", "values are worse beyond chance"),
        (fell, values) => format!(
            "{}, {}",
            plural(fell, "verdict fell", "verdicts fell"),
            plural(values, "value is worse beyond chance", "values are worse beyond chance")
        ),
    }
}
