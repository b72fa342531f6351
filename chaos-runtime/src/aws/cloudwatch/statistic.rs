//! What CloudWatch makes of the values of a period.

use crate::probe::Aggregate;

/// What CloudWatch makes of the values of a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    Average,
    Minimum,
    Maximum,
    Sum,
    SampleCount,
    Percentile(f64),
}

impl Statistic {
    /// As CloudWatch writes it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Average => "Average".into(),
            Self::Minimum => "Minimum".into(),
            Self::Maximum => "Maximum".into(),
            Self::Sum => "Sum".into(),
            Self::SampleCount => "SampleCount".into(),
            Self::Percentile(percentile) => format!("p{percentile}"),
        }
    }

    /// What it says of parts of the period.
    pub(crate) fn aggregate(self) -> Aggregate {
        match self {
            Self::Minimum => Aggregate::Minimum,
            Self::Maximum => Aggregate::Maximum,
            Self::Sum | Self::SampleCount => Aggregate::Total,
            Self::Average | Self::Percentile(_) => Aggregate::Other,
        }
    }

    /// Why it is none, if it is none.
    pub(crate) fn problem(self) -> Option<String> {
        match self {
            Self::Percentile(percentile) if !(percentile > 0.0 && percentile < 100.0) => {
                Some(format!("a percentile lies between 0 and 100, and {percentile} does not"))
            }
            _ => None,
        }
    }
}
