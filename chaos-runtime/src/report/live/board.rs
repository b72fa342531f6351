//! The lines of the experiments of one process, and how they are drawn.
//!
//! They stand below the cursor, which stays where the harness writes next (`test slow ... ok`), in whatever column. So
//! a line that somebody else writes never mixes with ours, and to take ours away is to clear everything from the cursor
//! on, however the terminal has been resized.

use crate::figure;
use crate::report::columns;
use crate::report::terminal::Size;
use crate::report::text;
use std::time::{Duration, Instant};

/// At most five times a second; more is flicker.
const INTERVAL: Duration = Duration::from_millis(200);
/// For so long nothing is drawn after an experiment has ended: the harness tells of it now.
const ROOM: Duration = Duration::from_millis(300);
/// One line each for so many experiments at most; the others share one.
const MOST_LINES: usize = 6;
/// Of a name.
const NAME_COLUMNS: usize = 40;

/// Clears from the cursor to the end of the screen.
const CLEAR: &str = "\u{1b}[J";

/// What an experiment does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doing {
    /// How far it is.
    Runs(String),
    /// Who has the lock.
    Waits(String),
}

#[derive(Debug)]
struct Row {
    id: u64,
    name: String,
    doing: Option<Doing>,
}

#[derive(Debug)]
pub(super) struct Board {
    rows: Vec<Row>,
    last_id: u64,
    drawn: Option<Instant>,
    /// Whether lines stand on the screen.
    visible: bool,
    quiet_until: Option<Instant>,
    closed: bool,
}

impl Board {
    pub(super) const fn new() -> Self {
        Self { rows: Vec::new(), last_id: 0, drawn: None, visible: false, quiet_until: None, closed: false }
    }

    /// A place for an experiment. Nothing shows before it does something.
    pub(super) fn add(&mut self, name: &str) -> u64 {
        self.last_id += 1;
        self.rows.push(Row { id: self.last_id, name: text::line(&text::tell(name), 200), doing: None });
        self.last_id
    }

    pub(super) fn set(&mut self, id: u64, doing: Doing) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.doing = Some(doing);
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.rows.retain(|row| row.id != id);
    }

    /// What draws the lines, unless they have just been drawn.
    pub(super) fn draw_if_due(&mut self, now: Instant, size: impl FnOnce() -> Option<Size>) -> Option<String> {
        let recently = self.drawn.is_some_and(|drawn| now.duration_since(drawn) < INTERVAL);
        if recently { None } else { self.draw_now(now, size) }
    }

    /// What draws the lines, unless somebody else is about to write.
    pub(super) fn draw_now(&mut self, now: Instant, size: impl FnOnce() -> Option<Size>) -> Option<String> {
        if self.closed || self.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        self.drawn = Some(now);
        let size = size().unwrap_or(Size { columns: 80, rows: 24 });
        let lines = self.lines(size);
        if lines.is_empty() {
            return Some(self.make_way().to_owned()).filter(|erase| !erase.is_empty());
        }
        self.visible = true;
        // A vertical tab goes down in the same column and makes the screen scroll at its end; so there is room for
        // all lines before the cursor's place is kept.
        let down = "\u{b}".repeat(lines.len());
        let body: String = lines.iter().map(|line| format!("\r\n{line}")).collect();
        Some(format!("{CLEAR}{down}\u{1b}[{}A\u{1b}7{body}\u{1b}8", lines.len()))
    }

    /// What takes the lines away until they are drawn again.
    pub(super) fn make_way(&mut self) -> &'static str {
        if std::mem::take(&mut self.visible) { CLEAR } else { "" }
    }

    /// The same, for longer.
    pub(super) fn make_room(&mut self, now: Instant) -> &'static str {
        self.quiet_until = Some(now + ROOM);
        self.make_way()
    }

    /// The same for good.
    pub(super) fn close(&mut self) -> &'static str {
        self.closed = true;
        self.make_way()
    }

    /// A line for each experiment, those that run first, and one for those that find no room.
    fn lines(&self, size: Size) -> Vec<String> {
        let runs = self.rows.iter().filter(|row| matches!(row.doing, Some(Doing::Runs(_))));
        let waits = self.rows.iter().filter(|row| matches!(row.doing, Some(Doing::Waits(_))));
        let shown: Vec<&Row> = runs.chain(waits).collect();
        // The cursor's own line stays in sight, and one more.
        let most = MOST_LINES.min(size.rows.saturating_sub(2));
        if most == 0 {
            return Vec::new();
        }
        let (own, others) = if shown.len() <= most { (&shown[..], &[][..]) } else { shown.split_at(most - 1) };
        let width = own.iter().map(|row| columns::of(&row.name)).max().unwrap_or(0).min(NAME_COLUMNS);
        let mut lines: Vec<String> = own.iter().map(|row| line(row, width)).collect();
        if !others.is_empty() {
            lines.push(together(others));
        }
        // One column less, as some terminals wrap as soon as the last one is taken.
        lines.iter().map(|line| columns::cut(line, size.columns.saturating_sub(1)).into_owned()).collect()
    }
}

/// `slow  fault 12 s · 200/s`
fn line(row: &Row, width: usize) -> String {
    let name = columns::padded(&columns::cut(&row.name, width), width);
    match &row.doing {
        Some(Doing::Runs(how_far)) => format!("  {name}  {}", text::line(how_far, 500)),
        Some(Doing::Waits(holder)) => format!("  {name}  waits for {}", text::line(holder, 500)),
        None => format!("  {name}"),
    }
}

/// `and 1 more at work, 3 more waiting for shop::checkout (process 4711)`
fn together(rows: &[&Row]) -> String {
    let (mut at_work, mut waiting, mut holder) = (0, 0, "");
    for row in rows {
        match &row.doing {
            Some(Doing::Waits(of)) => {
                waiting += 1;
                holder = of.split(", ").next().unwrap_or(of);
            }
            _ => at_work += 1,
        }
    }
    let mut parts = Vec::new();
    if at_work > 0 {
        parts.push(format!("{} more at work", figure::count(at_work)));
    }
    if waiting > 0 {
        parts.push(format!("{} more waiting for {holder}", figure::count(waiting)));
    }
    format!("  and {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { columns: 60, rows: 24 };

    fn board(doings: &[(&str, Doing)]) -> Board {
        let mut board = Board::new();
        for (name, doing) in doings {
            let id = board.add(name);
            board.set(id, doing.clone());
        }
        board
    }

    fn runs(text: &str) -> Doing {
        Doing::Runs(text.to_owned())
    }

    fn waits(text: &str) -> Doing {
        Doing::Waits(text.to_owned())
    }

    #[test]
    fn those_that_run_come_first_and_columns_align() {
        let board = board(&[
            ("waiting", waits("slow (process 1)")),
            ("slow", runs("fault 12 s · 200/s")),
            ("遅い", runs("baseline 1 s")),
        ]);
        assert_eq!(
            board.lines(SIZE),
            ["  slow     fault 12 s · 200/s", "  遅い     baseline 1 s", "  waiting  waits for slow (process 1)"]
        );
    }

    #[test]
    fn many_share_the_last_line_and_none_is_wider_than_the_terminal() {
        let mut all = vec![("slow", runs("fault"))];
        all.extend((0..9).map(|_| ("waiting", waits("slow (process 1), 3 more ahead"))));
        let lines = board(&all).lines(SIZE);
        assert_eq!(lines.len(), MOST_LINES);
        assert_eq!(lines[MOST_LINES - 1], "  and 5 more waiting for slow (process 1)");
        let lines = board(&all).lines(Size { columns: 20, rows: 4 });
        assert_eq!(lines, ["  slow  fault", "  and 9 more waiti…"]);
        assert!(board(&all).lines(Size { columns: 20, rows: 2 }).is_empty(), "no room for any");
    }

    #[test]
    fn drawing_is_rare_and_stops_while_the_harness_writes() {
        let mut board = board(&[("slow", runs("fault"))]);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(board.draw_if_due(at(0), || Some(SIZE)).is_some());
        assert!(board.draw_if_due(at(199), || Some(SIZE)).is_none());
        assert!(board.draw_if_due(at(200), || Some(SIZE)).is_some());
        assert_eq!(board.make_room(at(250)), CLEAR);
        assert_eq!(board.make_way(), "", "they are gone already");
        assert!(board.draw_if_due(at(549), || Some(SIZE)).is_none());
        assert!(board.draw_if_due(at(550), || Some(SIZE)).is_some());
        assert_eq!(board.close(), CLEAR);
        assert!(board.draw_now(at(9_000), || Some(SIZE)).is_none());
    }
}
