//! The timeline as a picture: phases, marks, and what each load did.

use super::page::Page;
use crate::figure;
use crate::report::columns;
use crate::report::journal::{BinRecord, EventKind, Journal, LoadRecord};

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Room behind a row for its scale: `  █ = 1.25 s`.
const SCALE: usize = 13;
/// More marks than these are too many to read.
const MOST_MARKS: usize = 12;

/// The whole strip; nothing if the experiment had no phase.
pub(super) fn timeline(page: &mut Page, journal: &Journal) {
    let end = journal.phases.iter().map(|phase| phase.end_us).max().unwrap_or(0);
    if end == 0 {
        return;
    }
    let names: Vec<(String, &LoadRecord)> = journal.loads.iter().map(|load| (prefix(journal, load), load)).collect();
    let label = names.iter().map(|(name, _)| columns::of(name) + "success".len()).max().unwrap_or(0).clamp(7, 30);
    let scale = Scale { end, columns: page.width() - 2 - label - 2 - SCALE };

    page.heading("timeline");
    let row = |page: &mut Page, name: &str, cells: &str, remark: &str| {
        page.raw(&format!("  {}  {cells}{remark}", columns::padded(&columns::cut(name, label), label)));
    };
    row(page, "phase", &phase_row(journal, scale), &format!("  {}", figure::duration(end)));
    let marks = marks(journal);
    if !marks.is_empty() {
        row(page, "", &mark_row(&marks, scale), "");
    }
    for (name, load) in &names {
        if load.bins.is_empty() {
            continue;
        }
        row(page, &format!("{name}success"), &success_row(load, scale), "  █ = 100 %");
        let top = load.bins.iter().map(|bin| bin.p99_us).max().unwrap_or(0);
        if top > 0 {
            row(page, &format!("{name}p99"), &p99_row(load, top, scale), &format!("  █ = {}", figure::duration(top)));
        }
    }
    let shown =
        marks.iter().take(MOST_MARKS).map(|mark| format!("{} {} {}", mark.sign, mark.name, figure::duration(mark.at)));
    let mut legend = shown.collect::<Vec<_>>().join(" · ");
    if marks.len() > MOST_MARKS {
        legend.push_str(&format!(" · and {} more", marks.len() - MOST_MARKS));
    }
    if !legend.is_empty() {
        page.wrapped(2, &legend);
    }
}

/// How instants map to columns.
#[derive(Clone, Copy)]
struct Scale {
    end: u64,
    columns: usize,
}

impl Scale {
    fn column(self, at: u64) -> usize {
        (u128::from(at.min(self.end)) * self.columns as u128 / u128::from(self.end)) as usize
    }

    /// The stretch of time that a column shows.
    fn span(self, column: usize) -> (u64, u64) {
        let at = |column: usize| (column as u128 * u128::from(self.end) / self.columns as u128) as u64;
        (at(column), at(column + 1).max(at(column) + 1))
    }
}

/// With one load its name says nothing; with several every row needs one.
fn prefix(journal: &Journal, load: &LoadRecord) -> String {
    match journal.loads.len() {
        0 | 1 => String::new(),
        _ if load.control => format!("{} (control) ", load.name),
        _ => format!("{} ", load.name),
    }
}

fn phase_row(journal: &Journal, scale: Scale) -> String {
    let mut cells = vec![' '; scale.columns];
    for phase in &journal.phases {
        let (from, to) = (scale.column(phase.start_us), scale.column(phase.end_us));
        let name = columns::cut(phase.kind.name(), to.saturating_sub(from + 1));
        let text = std::iter::once('│').chain(name.chars()).chain(std::iter::repeat(' '));
        for (cell, c) in cells[from.min(to)..to].iter_mut().zip(text) {
            *cell = c;
        }
    }
    cells.into_iter().collect()
}

struct Mark {
    at: u64,
    sign: char,
    name: String,
}

fn marks(journal: &Journal) -> Vec<Mark> {
    let mut marks = Vec::new();
    let several = journal.faults.len() > 1;
    for (i, fault) in journal.faults.iter().enumerate() {
        let number = if several { format!(" #{}", i + 1) } else { String::new() };
        let mut add = |at: Option<u64>, sign, name: &str| {
            marks.extend(at.map(|at| Mark { at, sign, name: format!("{name}{number}") }));
        };
        add(Some(fault.injected_us), '▲', "inject");
        add(fault.confirmed_us, '●', "confirmed");
        // A one-shot fault is over when the steady state is back, which has a mark of its own.
        add(fault.cleared_us.filter(|_| !fault.one_shot), '▼', "clear");
    }
    for event in &journal.events {
        let (sign, name) = match event.kind {
            EventKind::Recovered => ('◆', "steady again"),
            EventKind::Guard => ('✗', "guard tripped"),
            EventKind::End => ('■', "ended early"),
            _ => continue,
        };
        marks.push(Mark { at: event.at_us, sign, name: name.to_owned() });
    }
    marks.sort_by_key(|mark| mark.at);
    marks
}

fn mark_row(marks: &[Mark], scale: Scale) -> String {
    let mut cells = vec![' '; scale.columns];
    for mark in marks {
        // A taken column moves the mark to the next free one: better a little late than invisible.
        let column = scale.column(mark.at).min(scale.columns - 1);
        if let Some(cell) = cells[column..].iter_mut().find(|cell| **cell == ' ') {
            *cell = mark.sign;
        }
    }
    cells.into_iter().collect()
}

/// The worst bin of each column. Only a full 100 % is a full block.
fn success_row(load: &LoadRecord, scale: Scale) -> String {
    row(load, scale, |bins| {
        let worst = bins.filter(|bin| bin.operations > 0).map(|bin| bin.succeeded as f64 / bin.operations as f64);
        let worst = worst.fold(f64::NAN, f64::min);
        if worst.is_nan() { ' ' } else { LEVELS[(worst.clamp(0.0, 1.0) * 7.0) as usize] }
    })
}

fn p99_row(load: &LoadRecord, top: u64, scale: Scale) -> String {
    row(load, scale, |bins| match bins.filter(|bin| bin.operations > 0).map(|bin| bin.p99_us).max() {
        None => ' ',
        Some(p99) => LEVELS[(p99 as f64 / top as f64 * 7.0) as usize],
    })
}

fn row(load: &LoadRecord, scale: Scale, cell: impl Fn(&mut dyn Iterator<Item = &BinRecord>) -> char) -> String {
    (0..scale.columns)
        .map(|column| {
            let (from, to) = scale.span(column);
            let mut bins =
                load.bins.iter().filter(|bin| bin.start_us < to && bin.start_us.saturating_add(load.bin_us) > from);
            cell(&mut bins)
        })
        .collect()
}
