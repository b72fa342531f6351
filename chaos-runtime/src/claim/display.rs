//! Values as people read them.

use super::Value;
pub(crate) use crate::figure::{count, percent};
use std::time::Duration;

/// `412 ms`, `1.25 s`, `2 min 5 s`.
pub(crate) fn duration(duration: Duration) -> String {
    crate::figure::duration(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
}

/// A number with its unit.
pub(crate) fn value(value: Value) -> String {
    let (plain, unit) = value.plain();
    crate::figure::value(plain, unit)
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
