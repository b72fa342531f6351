//! CloudWatch's units, and what they are in claims.

use aws_sdk_cloudwatch::types::StandardUnit;

macro_rules! units {
    ($($(#[$doc:meta])* $unit:ident = $name:literal),* $(,)?) => {
        /// The unit in which values were published.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unit { $($(#[$doc])* $unit),* }

        impl Unit {
            /// As CloudWatch writes it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$unit => $name),* }
            }

            /// From what CloudWatch writes.
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$unit),)* _ => None }
            }
        }
    };
}

units! {
    /// Claims speak of durations: `< 200ms`.
    Seconds = "Seconds",
    /// Claims speak of durations: `< 200ms`.
    Milliseconds = "Milliseconds",
    /// Claims speak of durations: `< 200ms`.
    Microseconds = "Microseconds",
    /// Claims speak of percentages: `>= 99%`.
    Percent = "Percent",
    /// Claims speak of plain numbers: `>= 2`.
    Count = "Count",
    /// Claims speak of rates: `>= 100/s`.
    CountPerSecond = "Count/Second",
    /// Claims speak of plain numbers.
    None = "None",
    /// Claims speak of plain numbers, of this unit.
    Bytes = "Bytes",
    /// Claims speak of plain numbers, of this unit.
    Kilobytes = "Kilobytes",
    /// Claims speak of plain numbers, of this unit.
    Megabytes = "Megabytes",
    /// Claims speak of plain numbers, of this unit.
    Gigabytes = "Gigabytes",
    /// Claims speak of plain numbers, of this unit.
    Terabytes = "Terabytes",
    /// Claims speak of plain numbers, of this unit.
    Bits = "Bits",
    /// Claims speak of plain numbers, of this unit.
    Kilobits = "Kilobits",
    /// Claims speak of plain numbers, of this unit.
    Megabits = "Megabits",
    /// Claims speak of plain numbers, of this unit.
    Gigabits = "Gigabits",
    /// Claims speak of plain numbers, of this unit.
    Terabits = "Terabits",
    /// Claims speak of plain numbers, of this unit.
    BytesPerSecond = "Bytes/Second",
    /// Claims speak of plain numbers, of this unit.
    KilobytesPerSecond = "Kilobytes/Second",
    /// Claims speak of plain numbers, of this unit.
    MegabytesPerSecond = "Megabytes/Second",
    /// Claims speak of plain numbers, of this unit.
    GigabytesPerSecond = "Gigabytes/Second",
    /// Claims speak of plain numbers, of this unit.
    TerabytesPerSecond = "Terabytes/Second",
    /// Claims speak of plain numbers, of this unit.
    BitsPerSecond = "Bits/Second",
    /// Claims speak of plain numbers, of this unit.
    KilobitsPerSecond = "Kilobits/Second",
    /// Claims speak of plain numbers, of this unit.
    MegabitsPerSecond = "Megabits/Second",
    /// Claims speak of plain numbers, of this unit.
    GigabitsPerSecond = "Gigabits/Second",
    /// Claims speak of plain numbers, of this unit.
    TerabitsPerSecond = "Terabits/Second",
}

impl Unit {
    pub(crate) fn standard(self) -> StandardUnit {
        StandardUnit::from(self.name())
    }

    /// What a value of it is multiplied with to be one of a claim's unit, and that unit.
    pub(crate) fn in_claims(self) -> (f64, &'static str) {
        match self {
            Self::Seconds => (1.0, "s"),
            Self::Milliseconds => (1e-3, "s"),
            Self::Microseconds => (1e-6, "s"),
            Self::Percent => (1.0, "%"),
            Self::CountPerSecond => (1.0, "/s"),
            _ => (1.0, ""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_one_that_cloudwatch_knows() {
        for name in StandardUnit::values() {
            let unit = Unit::named(name).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!(unit.standard().as_str(), *name);
        }
        assert_eq!(Unit::named("Parsecs"), None);
    }

    #[test]
    fn durations_are_seconds_in_claims() {
        assert_eq!(Unit::Milliseconds.in_claims(), (1e-3, "s"));
        assert_eq!(Unit::Percent.in_claims(), (1.0, "%"));
        assert_eq!(Unit::CountPerSecond.in_claims(), (1.0, "/s"));
        assert_eq!(Unit::Bytes.in_claims(), (1.0, ""));
    }
}
