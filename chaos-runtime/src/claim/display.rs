//! Numbers as people read them.

use super::Value;
use std::time::Duration;

/// `412 ms`, `1.25 s`, `2 min 5 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 120.0 {
        format!("{} min {} s", duration.as_secs() / 60, duration.as_secs() % 60)
    } else if seconds >= 1.0 {
        format!("{} s", trimmed(seconds, 2))
    } else if seconds >= 0.001 || seconds == 0.0 {
        format!("{} ms", trimmed(seconds * 1e3, if seconds < 0.1 { 2 } else { 0 }))
    } else {
        format!("{} µs", trimmed(seconds * 1e6, 0))
    }
}

/// `99.84 %`.
pub(crate) fn percent(percent: f64) -> String {
    format!("{} %", trimmed(percent, if percent.fract() != 0.0 && percent > 99.0 { 3 } else { 2 }))
}

/// `1,912`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its unit.
pub(crate) fn value(value: Value) -> String {
    match value {
        Value::Duration(d) => duration(d),
        Value::Percent(p) => percent(p),
        Value::Number(n) if n >= 0.0 && n.fract() == 0.0 && n < 1e15 => count(n as u64),
        Value::Number(n) => trimmed(n, 3),
        Value::Rate(r) => format!("{}/s", trimmed(r, 2)),
    }
}

/// With at most so many decimals, trailing zeros cut.
fn trimmed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl Value {
    /// As in the journal: seconds, percent, per second or a plain number, and the unit's sign.
    pub(crate) fn plain(self) -> (f64, &'static str) {
        match self {
            Self::Duration(d) => (d.as_secs_f64(), "s"),
            Self::Percent(p) => (p, "%"),
            Self::Number(n) => (n, ""),
            Self::Rate(r) => (r, "/s"),
        }
    }

    /// The value of the same unit with another number, as [`Value::plain`] gives it.
    pub(crate) fn of_same_unit(self, plain: f64) -> Self {
        match self {
            Self::Duration(_) => Self::Duration(Duration::from_secs_f64(plain.clamp(0.0, 1e9))),
            Self::Percent(_) => Self::Percent(plain),
            Self::Number(_) => Self::Number(plain),
            Self::Rate(_) => Self::Rate(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(duration(Duration::from_millis(412)), "412 ms");
        assert_eq!(duration(Duration::from_micros(1_234)), "1.23 ms");
        assert_eq!(duration(Duration::from_micros(87)), "87 µs");
        assert_eq!(duration(Duration::from_millis(1_250)), "1.25 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
        assert_eq!(duration(Duration::ZERO), "0 ms");
        assert_eq!(percent(99.0), "99 %");
        assert_eq!(percent(99.842), "99.842 %");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(value(Value::Rate(199.996)), "200/s");
    }
}
