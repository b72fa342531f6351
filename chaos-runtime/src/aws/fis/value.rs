//! The text of an action's parameter.

use super::iso8601;
use crate::units::Percent;
use std::time::Duration;

/// What a parameter of an action is set to: FIS knows only texts.
///
/// Made from texts, whole numbers, `true` and `false`, a [`Duration`] (ISO 8601: `PT2M`) and a [`Percent`] (`50`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(pub(crate) String);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self(truth.to_string())
    }
}

impl From<Duration> for Value {
    fn from(duration: Duration) -> Self {
        Self(iso8601::write(duration))
    }
}

impl From<Percent> for Value {
    fn from(share: Percent) -> Self {
        Self(in_percent(share))
    }
}

macro_rules! from_numbers {
    ($($number:ty)*) => {
        $(impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self(number.to_string())
            }
        })*
    };
}

from_numbers!(u8 u16 u32 u64 usize i32 i64);

/// `50`, `0.1`: without what binary fractions add to it.
pub(crate) fn in_percent(share: Percent) -> String {
    let percent = share.fraction() * 100.0;
    format!("{}", (percent * 1e9).round() / 1e9)
}

/// Whole milliseconds, rounded up so that no delay becomes none.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{micros, millis, minutes, percent};

    #[test]
    fn values_as_fis_reads_them() {
        assert_eq!(Value::from(minutes(2)).0, "PT2M");
        assert_eq!(Value::from(percent(50)).0, "50");
        assert_eq!(Value::from(percent(0.1)).0, "0.1");
        assert_eq!(Value::from(percent(14)).0, "14");
        assert_eq!(Value::from(true).0, "true");
        assert_eq!(Value::from(5432_u16).0, "5432");
        assert_eq!((milliseconds(millis(200)), milliseconds(micros(1))), (200, 1));
    }
}
