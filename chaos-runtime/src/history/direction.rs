//! Which way is worse.

use crate::report::journal::ClaimRole;
use serde::{Deserialize, Serialize};

/// What is better for a claim's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Less, as for `p99 < 300ms`.
    LowerIsBetter,
    /// More, as for `success_rate >= 99%`.
    HigherIsBetter,
    /// The claim does not tell, as `errors == 3`.
    Unknown,
}

impl Direction {
    /// By the claim's comparison. A guard says when it is too bad, so it is the other way round.
    pub fn of(claim: &str, role: ClaimRole) -> Self {
        let found = match claim.find(['<', '>', '=', '!']) {
            Some(at) if claim[at..].starts_with('<') => Self::LowerIsBetter,
            Some(at) if claim[at..].starts_with('>') => Self::HigherIsBetter,
            // What must be none is better the less of it there is.
            Some(at) if claim[at..].trim_start_matches('=').trim_start().starts_with("0)") => Self::LowerIsBetter,
            Some(at) if claim[at..].trim_start_matches('=').trim() == "0" => Self::LowerIsBetter,
            _ => Self::Unknown,
        };
        match (found, role) {
            (Self::LowerIsBetter, ClaimRole::Guard) => Self::HigherIsBetter,
            (Self::HigherIsBetter, ClaimRole::Guard) => Self::LowerIsBetter,
            _ => found,
        }
    }

    /// Whether going from the first to the second value is for the worse; `None` where the claim does not tell, or they
    /// are equal.
    pub fn is_worse(self, before: f64, after: f64) -> Option<bool> {
        match self {
            _ if before == after => None,
            Self::LowerIsBetter => Some(after > before),
            Self::HigherIsBetter => Some(after < before),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::*;

    #[test]
    fn the_comparison_tells() {
        let cases = [
            ("during(p99 < 300ms)", LowerIsBetter),
            ("after(p99 <= 110% of baseline)", LowerIsBetter),
            ("success_rate >= 99%", HigherIsBetter),
            ("orders.lost == 0", LowerIsBetter),
            ("during(errors == 0)", LowerIsBetter),
            ("errors == 3", Unknown),
            ("something of the author's own", Unknown),
        ];
        for (text, expected) in cases {
            assert_eq!(Direction::of(text, ClaimRole::Hypothesis), expected, "{text}");
        }
        assert_eq!(Direction::of("success_rate < 50% for 3s", ClaimRole::Guard), HigherIsBetter);
        assert_eq!(LowerIsBetter.is_worse(1.0, 2.0), Some(true));
        assert_eq!(HigherIsBetter.is_worse(1.0, f64::INFINITY), Some(false));
        assert_eq!(LowerIsBetter.is_worse(1.0, 1.0), None);
    }
}
