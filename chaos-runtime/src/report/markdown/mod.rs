//! The summary of a run for a pull request or the page of a CI job: GitHub's Markdown, which GitLab shows too.

mod details;
mod escape;
mod table;

use super::overview::Overview;
use super::recorded::RecordedRun;
use super::text;

/// A comment on GitHub holds 65,536 characters; whoever posts it may add a line of their own.
pub(super) const COMMENT_BYTES: usize = 65_000;

/// What the last lines may take.
const FOOT: usize = 1_000;

/// At most `most` bytes of a run. Experiments are left out as a whole, those that need nobody first.
pub(super) fn render(run: &RecordedRun, most: usize) -> String {
    let overview = Overview::of(run.experiments.iter().map(|one| &one.journal), run.unreadable.len());
    let several = overview.is_from_several_places();
    let (passed, others): (Vec<_>, Vec<_>) = overview.journals.iter().partition(|journal| table::is_folded(journal));
    let room = most.saturating_sub(FOOT);
    let mut out = format!("### {}\n\n", overview.headline());
    if overview.journals.len() > 1 {
        out.push_str(&format!("{}\n\n", overview.counts()));
    }
    // Rows leave half of the room to what explains them.
    let half = out.len() + room.saturating_sub(out.len()) / 2;
    let left_out = table::rows(&mut out, &others, several, half);
    if left_out > 0 {
        out.push_str(&format!("\n{left_out} more that did not pass are left out: there is no room for them.\n"));
    }
    for why in run.unreadable.iter().take(10) {
        out.push_str(&format!("\n> {}\n", escape::start(&text::tell(why), 500)));
    }
    let mut unexplained = 0;
    for journal in others.iter().filter(|journal| details::has(journal)) {
        let block = details::of(journal, several);
        if out.len() + block.len() <= room {
            out.push_str(&block);
        } else {
            unexplained += 1;
        }
    }
    let mut unlisted = 0;
    if !passed.is_empty() {
        let mut fold = format!("\n<details>\n<summary>{} passed</summary>\n\n", passed.len());
        unlisted = table::rows(&mut fold, &passed, several, room.saturating_sub(out.len()));
        fold.push_str("\n</details>\n");
        if unlisted < passed.len() && out.len() + fold.len() <= room {
            out.push_str(&fold);
        } else {
            unlisted = passed.len();
        }
    }
    out.push_str(&foot(run, &overview, unexplained, unlisted, several));
    out
}

fn foot(run: &RecordedRun, overview: &Overview, unexplained: usize, unlisted: usize, several: bool) -> String {
    let mut out = String::new();
    let mut missing = Vec::new();
    if unexplained > 0 {
        missing.push(format!("the details of {unexplained} that did not pass"));
    }
    if unlisted > 0 {
        missing.push(format!("{unlisted} that passed"));
    }
    if !missing.is_empty() {
        out.push_str(&format!(
            "\nLeft out, as there is no room for more: {}. <code>cargo chaos report</code> shows all.\n",
            missing.join(", ")
        ));
    }
    let mut facts = vec![format!("run {}", escape::code(&text::tell(&run.id), 100))];
    if let Some(first) = overview.journals.first() {
        if !several {
            facts.push(format!("profile {}", escape::code(&first.run.profile, 100)));
            facts.push(format!("on {}", escape::code(&first.run.host, 100)));
        }
        facts.push(format!("chaos-runtime {}", escape::code(&first.run.version, 50)));
    }
    out.push_str(&format!("\n<sub>{}</sub>\n", facts.join(" · ")));
    out
}

#[cfg(test)]
mod tests;
