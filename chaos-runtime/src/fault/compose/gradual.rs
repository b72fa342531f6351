//! Values between two others.

use crate::claim::display;
use crate::units::{ByteRate, Percent, bytes_per_second, percent};
use std::time::Duration;

/// A value that can be moved gradually from one to another.
pub trait Gradual: Copy + PartialEq + Send + Sync + 'static {
    /// The value at `share` (0 to 1) of the way.
    fn between(from: Self, to: Self, share: f64) -> Self;

    /// In words, with its unit.
    fn in_words(self) -> String;
}

impl Gradual for Duration {
    fn between(from: Self, to: Self, share: f64) -> Self {
        let seconds = f64::between(from.as_secs_f64(), to.as_secs_f64(), share);
        // Both ends exactly, whatever a number with 53 bits makes of them.
        match share {
            0.0 => from,
            1.0 => to,
            _ => Self::try_from_secs_f64(seconds).unwrap_or(to),
        }
    }

    fn in_words(self) -> String {
        if self.is_zero() { "0 s".to_owned() } else { display::duration(self) }
    }
}

impl Gradual for f64 {
    fn between(from: Self, to: Self, share: f64) -> Self {
        from * (1.0 - share) + to * share
    }

    fn in_words(self) -> String {
        self.to_string()
    }
}

impl Gradual for u64 {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Within both ends.
    fn between(from: Self, to: Self, share: f64) -> Self {
        match share {
            0.0 => from,
            1.0 => to,
            _ => (f64::between(from as f64, to as f64, share).round() as Self).clamp(from.min(to), from.max(to)),
        }
    }

    fn in_words(self) -> String {
        self.to_string()
    }
}

impl Gradual for Percent {
    fn between(from: Self, to: Self, share: f64) -> Self {
        percent(f64::between(from.fraction(), to.fraction(), share) * 100.0)
    }

    fn in_words(self) -> String {
        self.to_string()
    }
}

impl Gradual for ByteRate {
    fn between(from: Self, to: Self, share: f64) -> Self {
        bytes_per_second(u64::between(from.as_bytes_per_second(), to.as_bytes_per_second(), share))
    }

    fn in_words(self) -> String {
        format!("{} B/s", self.as_bytes_per_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{millis, secs};

    #[test]
    fn both_ends_are_exact_and_the_middle_is_in_the_middle() {
        let (a, b) = (Duration::from_nanos(1), Duration::from_nanos(u64::MAX));
        assert_eq!((Duration::between(a, b, 0.0), Duration::between(a, b, 1.0)), (a, b));
        assert_eq!(Duration::between(secs(0), secs(1), 0.25), millis(250));
        assert_eq!(Duration::between(secs(1), secs(0), 0.25), millis(750));
        assert_eq!((u64::between(7, u64::MAX, 0.0), u64::between(7, u64::MAX, 1.0)), (7, u64::MAX));
        assert_eq!(u64::between(10, 0, 0.5), 5);
        assert_eq!(Percent::between(percent(10), percent(20), 0.5).in_words(), "15 %");
        assert_eq!(Percent::between(percent(10), percent(20), 1.0).in_words(), "20 %");
        assert_eq!(secs(0).in_words(), "0 s");
        assert_eq!(ByteRate::between(bytes_per_second(0), bytes_per_second(8), 0.5).in_words(), "4 B/s");
    }
}
