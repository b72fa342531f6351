//! Phases and marks above the charts.

use super::timeline::{Clock, seconds};
use crate::figure;
use crate::report::journal::EventKind;
use crate::report::text;
use maud::{Markup, html};

/// Marks this close, in percent of the strip, stand side by side.
const CLOSE: f64 = 1.6;

/// A mark: when, what kind, its shape, in words.
struct Mark {
    at_us: u64,
    kind: &'static str,
    shape: &'static str,
    words: String,
}

/// All marks in order; with several faults each says which it is of.
fn marks(clock: &Clock<'_>) -> Vec<Mark> {
    let journal = clock.journal;
    let many = journal.faults.len() > 1;
    let mut marks = Vec::new();
    for (i, fault) in journal.faults.iter().enumerate() {
        let mut add = |us: Option<u64>, kind, shape, word: &str| {
            if let Some(at_us) = us {
                let words = if many { format!("{word} #{}", i + 1) } else { word.to_owned() };
                marks.push(Mark { at_us, kind, shape, words });
            }
        };
        add(Some(fault.injected_us), "inject", "▲", "inject");
        add(fault.confirmed_us, "confirm", "●", "confirmed");
        add(fault.cleared_us.filter(|_| !fault.one_shot), "clear", "▼", "clear");
    }
    for event in &journal.events {
        match event.kind {
            EventKind::Recovered => {
                marks.push(Mark { at_us: event.at_us, kind: "steady", shape: "◆", words: "steady again".to_owned() });
            }
            EventKind::Guard => {
                let words = format!("guard: {}", text::line(&event.text, 60));
                marks.push(Mark { at_us: event.at_us, kind: "guard", shape: "✖", words });
            }
            _ => {}
        }
    }
    marks.sort_by_key(|mark| mark.at_us);
    marks
}

pub(super) fn strip(clock: &Clock<'_>) -> Markup {
    let place = |us: u64| 100.0 * us.min(clock.end_us) as f64 / clock.end_us as f64;
    let marks = marks(clock);
    let mut groups: Vec<(f64, u64, Vec<&Mark>)> = Vec::new();
    for mark in &marks {
        match groups.last_mut() {
            Some((at, _, group)) if place(mark.at_us) - *at < CLOSE && group.len() < 6 => group.push(mark),
            _ => groups.push((place(mark.at_us), mark.at_us, vec![mark])),
        }
    }
    html! {
        div.strip data-group=(clock.group) aria-hidden="true" {
            div.phases { @for phase in &clock.journal.phases {
                @let (from, to) = (place(phase.start_us), place(phase.end_us.max(phase.start_us)));
                div.phase.(phase.kind.name()) data-a=(seconds(phase.start_us)) data-b=(seconds(phase.end_us))
                    style=(format!("left:{from:.3}%;width:{:.3}%", to - from)) title=(phase.kind.name()) { (phase.kind.name()) }
            } }
            div.marks { @for (at, us, group) in &groups {
                span.mark data-a=(seconds(*us)) style=(format!("left:{at:.3}%")) {
                    @for mark in group { span.(mark.kind) title=(mark.words) { (mark.shape) } }
                }
            } }
        }
        ul.marks-key aria-label="Marks on the time line" {
            @for mark in marks.iter().take(24) {
                li { span.key-mark.(mark.kind) aria-hidden="true" { (mark.shape) } " " (mark.words) " " (figure::duration(mark.at_us)) }
            }
            @if marks.len() > 24 { li { "and " (marks.len() - 24) " more" } }
        }
    }
}
