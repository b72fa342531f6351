//! Short constructors for values with units.

use std::fmt;
use std::time::Duration;

/// Seconds.
pub const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// Milliseconds.
pub const fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Microseconds.
pub const fn micros(n: u64) -> Duration {
    Duration::from_micros(n)
}

/// Minutes.
pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(60 * n)
}

/// An arrival rate.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

impl Rate {
    /// Operations per second.
    pub const fn as_per_second(self) -> f64 {
        self.0
    }
}

/// Operations per second.
pub fn per_second(n: impl Into<f64>) -> Rate {
    Rate(n.into())
}

/// Operations per minute.
pub fn per_minute(n: impl Into<f64>) -> Rate {
    Rate(n.into() / 60.0)
}

/// A share, held as a fraction.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

impl Percent {
    /// 0.25 for 25 %.
    pub const fn fraction(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Percent {
    /// `10 %`, `0.5 %`; to a ten-thousandth, as 0.07 times 100 has a tail.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", (self.0 * 1e6).round() / 1e4)
    }
}

/// A share in percent.
pub fn percent(n: impl Into<f64>) -> Percent {
    Percent(n.into() / 100.0)
}

/// A data rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteRate(u64);

impl ByteRate {
    /// Bytes per second.
    pub const fn as_bytes_per_second(self) -> u64 {
        self.0
    }
}

/// Bytes per second.
pub const fn bytes_per_second(n: u64) -> ByteRate {
    ByteRate(n)
}

/// Kilobytes (1,000 bytes) per second.
pub const fn kilobytes_per_second(n: u64) -> ByteRate {
    ByteRate(n * 1_000)
}

/// Megabytes (1,000,000 bytes) per second.
pub const fn megabytes_per_second(n: u64) -> ByteRate {
    ByteRate(n * 1_000_000)
}
