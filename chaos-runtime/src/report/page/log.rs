//! What happened, and what targets wrote meanwhile.

use super::text::whole;
use crate::figure;
use crate::report::journal::{Event, EventKind, Journal, OutputRecord};
use maud::{Markup, html};

/// Lines this close to a fault's beginning or end, or to whatever ended the experiment, are shown between the events.
const AROUND_US: u64 = 2_000_000;

/// At most so many lines in a row; the others are counted.
const IN_A_ROW: usize = 12;

/// Events and lines of output on one clock.
pub(super) fn all(journal: &Journal) -> Markup {
    let outputs: Vec<_> = journal.outputs.iter().filter(|output| !output.lines.is_empty()).collect();
    if journal.events.is_empty() && outputs.is_empty() {
        return html! {};
    }
    let timed = outputs.iter().any(|output| !output.at_us.is_empty());
    html! {
        h3 { "What happened" }
        @if timed {
            p.dim.small { "Events of the experiment, and what its targets wrote within "
                (figure::duration(AROUND_US)) " of a fault's beginning and end." }
        }
        @if !journal.events.is_empty() { ol.log { @for item in items(journal) { (line(&item)) } } }
        @for output in outputs { (last_lines(output)) }
    }
}

enum Item<'a> {
    Event(&'a Event),
    Line { at_us: u64, target: &'a str, text: &'a str },
    LeftOut(usize),
}

fn items<'a>(journal: &'a Journal) -> Vec<Item<'a>> {
    let turning = |kind| {
        use EventKind::{Clear, Confirm, End, Guard, Inject, Recovered};
        matches!(kind, Clear | Confirm | End | Guard | Inject | Recovered)
    };
    let near: Vec<u64> = journal.events.iter().filter(|event| turning(event.kind)).map(|event| event.at_us).collect();
    let mut lines: Vec<(u64, &'a str, &'a str)> = journal
        .outputs
        .iter()
        .flat_map(|output| output.timed().map(move |(at, text)| (at, output.target.as_str(), text)))
        .filter(|(at, ..)| near.iter().any(|turn| turn.abs_diff(*at) <= AROUND_US))
        .collect();
    lines.sort_by_key(|(at, ..)| *at);
    let mut lines = lines.into_iter().peekable();
    let mut items = Vec::new();
    let mut flush = |items: &mut Vec<Item<'a>>, until: u64| {
        let mut row = Vec::new();
        while let Some((at_us, target, text)) = lines.next_if(|(at, ..)| *at < until) {
            row.push(Item::Line { at_us, target, text });
        }
        let more = row.len().saturating_sub(IN_A_ROW);
        // The last ones before an event say most about it.
        let kept = row.split_off(more);
        if more > 0 {
            items.push(Item::LeftOut(more));
        }
        items.extend(kept);
    };
    for event in &journal.events {
        flush(&mut items, event.at_us);
        items.push(Item::Event(event));
    }
    flush(&mut items, u64::MAX);
    items
}

fn line(item: &Item<'_>) -> Markup {
    html! { @match item {
        Item::Event(event) => {
            li.(event.kind.name()) {
                time { (figure::duration(event.at_us)) }
                span.kind { (event.kind.name()) }
                span.text.event { (whole(&event.text)) }
            }
        }
        Item::Line { at_us, target, text } => {
            li { time { (figure::duration(*at_us)) } span.kind { (target) } code.text { (whole(text)) } }
        }
        Item::LeftOut(n) => {
            li.gap { span {} span {} span.text { "… " (figure::counted(*n as u64, "line")) " more" } }
        }
    } }
}

fn last_lines(output: &OutputRecord) -> Markup {
    let text = output.lines.join("\n");
    html! {
        details.fold {
            summary { "Last " (figure::counted(output.lines.len() as u64, "line")) " of " (whole(&output.target)) }
            pre tabindex="0" { (crate::report::text::capped(&text, 32 * 1024)) }
        }
    }
}
