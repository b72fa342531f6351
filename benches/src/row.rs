//! A row of the table: one measure, ours beside a peer's, and the target.

use crate::series::Series;
use crate::statistics::Spread;

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Shown, not judged.
    None,
}

impl Target {
    fn met(self, value: f64) -> Option<bool> {
        match self {
            Self::AtLeast(limit) => Some(value >= limit),
            Self::AtMost(limit) => Some(value <= limit),
            Self::None => None,
        }
    }

    fn text(self) -> String {
        match self {
            Self::AtLeast(limit) => format!("≥ {limit}"),
            Self::AtMost(limit) => format!("≤ {limit}"),
            Self::None => String::new(),
        }
    }
}

/// A row of the table, as text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: String,
    pub(crate) beside: String,
    pub(crate) ratio: String,
    pub(crate) target: String,
    /// `yes`, `no`, `FAILED: …` or nothing.
    pub(crate) met: String,
}

impl Row {
    /// Ours divided by the peer's, repeat by repeat.
    pub(crate) fn ratio(what: &str, ours: &Series, peer: &Series, key: &str, target: Target) -> Self {
        let row = Self { what: what.to_owned(), target: target.text(), ..Self::default() };
        if let Some(failure) = ours.failure().or(peer.failure()) {
            return Self { met: format!("FAILED: {failure}"), ..row };
        }
        let (Some(mine), Some(theirs), Some(ratio)) = (ours.spread(key), peer.spread(key), ours.over(peer, key)) else {
            return Self { met: format!("FAILED: no {key} was measured"), ..row };
        };
        Self {
            ours: number(mine.median),
            beside: format!("{} {}", peer.name, number(theirs.median)),
            ratio: spread(ratio),
            met: answer(target.met(ratio.median)),
            ..row
        }
    }

    /// Ours alone.
    pub(crate) fn absolute(what: &str, ours: &Series, key: &str, target: Target) -> Self {
        let row = Self { what: what.to_owned(), target: target.text(), ..Self::default() };
        match (ours.failure(), ours.spread(key)) {
            (Some(failure), _) => Self { met: format!("FAILED: {failure}"), ..row },
            (None, None) => Self { met: format!("FAILED: no {key} was measured"), ..row },
            (None, Some(mine)) => Self { ours: spread(mine), met: answer(target.met(mine.median)), ..row },
        }
    }

    /// Ours, with a peer's figure beside it for those who want to know, where a ratio says nothing.
    pub(crate) fn beside(mut self, peer: &Series, key: &str) -> Self {
        let text = match (peer.failure(), peer.spread(key)) {
            (None, Some(theirs)) => format!("{} {}", peer.name, number(theirs.median)),
            (failure, _) => format!("{}: {}", peer.name, failure.unwrap_or("nothing was measured")),
        };
        self.beside = if self.beside.is_empty() { text } else { format!("{}; {text}", self.beside) };
        self
    }

    /// A peer that is not there.
    pub(crate) fn missing(peer: &str) -> Self {
        Self { what: format!("{peer}: not installed, left out"), ..Self::default() }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.met.starts_with("FAILED")
    }

    /// One line with tabs.
    pub(crate) fn line(&self) -> String {
        let fields = [&self.what, &self.ours, &self.beside, &self.ratio, &self.target, &self.met];
        fields.map(|field| field.replace(['\t', '\n'], " ")).join("\t")
    }

    /// The reverse of [`line`](Self::line).
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let fields: [&str; 6] = line.split('\t').collect::<Vec<_>>().try_into().ok()?;
        let [what, ours, beside, ratio, target, met] = fields.map(str::to_owned);
        Some(Self { what, ours, beside, ratio, target, met })
    }
}

fn answer(met: Option<bool>) -> String {
    met.map_or("", |met| if met { "yes" } else { "**no**" }).to_owned()
}

fn spread(Spread { median, min, max }: Spread) -> String {
    if min == max { number(median) } else { format!("{} ({} … {})", number(median), number(min), number(max)) }
}

/// Three digits that count.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        0.0..0.095 => 3,
        0.0..9.95 => 2,
        0.0..99.5 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), String::new()), |(a, b)| (a, format!(".{b}")));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Reading;

    fn series(name: &str, values: &[f64]) -> Series {
        let reading = |value: &f64| Ok(Reading::default().with("x", *value));
        Series { name: name.to_owned(), readings: values.iter().map(reading).collect() }
    }

    #[test]
    fn ratios_are_of_pairs_and_judged_by_their_median() {
        let (ours, peer) = (series("ours", &[10.0, 40.0, 30.0]), series("theirs", &[10.0, 20.0, 10.0]));
        let row = Row::ratio("speed", &ours, &peer, "x", Target::AtLeast(1.9));
        assert_eq!((row.ratio.as_str(), row.met.as_str()), ("2.00 (1.00 … 3.00)", "yes"));
        let row = Row::ratio("speed", &ours, &peer, "x", Target::AtMost(1.9));
        assert_eq!(row.met, "**no**");
    }

    #[test]
    fn one_failed_repeat_fails_the_row() {
        let mut ours = series("ours", &[1.0]);
        ours.readings.push(Err("3 errors".to_owned()));
        let row = Row::absolute("speed", &ours, "x", Target::None);
        assert!(row.has_failed() && row.met.contains("3 errors"));
        assert!(Row::ratio("speed", &series("peer", &[1.0]), &ours, "x", Target::None).has_failed());
        assert!(Row::absolute("speed", &series("ours", &[1.0]), "y", Target::None).has_failed());
    }

    #[test]
    fn lines_are_read_again() {
        let row = Row::absolute("speed", &series("ours", &[1.0, 2.0]), "x", Target::AtMost(3.0));
        assert_eq!(Row::parse(&row.line()), Some(row));
    }

    #[test]
    fn numbers_have_three_digits() {
        let texts = [0.0123, 1.234, 12.34, 123.4, 79_442.3, 1_234_567.0, -12.5].map(number);
        assert_eq!(texts, ["0.012", "1.23", "12.3", "123", "79,442", "1,234,567", "-12.5"]);
    }
}
