//! How a system came back: a pure function of how good its bins were.

use crate::clock::Nanos;
use crate::report::journal::RecoveryState;

/// How good one bin was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinQuality {
    /// It has operations and meets the steady state.
    Good,
    /// It does not, or it has no operations: an empty bin is a bad one.
    Bad,
    /// Operations of it are still in flight and could decide it either way.
    Open,
}

/// What is known about a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Recovery {
    /// How it stands at the end of what was watched.
    pub(crate) state: RecoveryState,
    /// Start of the first stretch of `needed` good bins, from the start of the watch.
    pub(crate) steady_after: Option<Nanos>,
}

/// Watches bins from `from` on: `quality(start)` judges the bin that begins at `start`.
///
/// The stretch may begin at any step, not only at multiples of the bin, so recovery is known to a step
/// (a tenth of a bin). `disturbed`: the steady state was left at all since the injection.
pub(crate) fn watch(
    from: Nanos,
    to: Nanos,
    bin: Nanos,
    step: Nanos,
    needed: u64,
    disturbed: bool,
    quality: impl Fn(Nanos) -> BinQuality,
) -> Recovery {
    let step = step.max(1);
    let starts = || (0..).map(|i| from + i * step).take_while(|start| start + bin <= to);
    let stretch_is_good =
        |start: Nanos| (0..needed).all(|i| start + (i + 1) * bin <= to && quality(start + i * bin) == BinQuality::Good);
    let steady = starts().find(|start| stretch_is_good(*start));
    let Some(steady) = steady else {
        let last = starts().last().map(&quality);
        let state = match last {
            Some(BinQuality::Bad) | None => RecoveryState::Permanent,
            Some(BinQuality::Good | BinQuality::Open) => RecoveryState::Undecided,
        };
        return Recovery { state, steady_after: None };
    };
    // Lost again means: for as long as it takes to call it back. A single bad bin may be noise.
    let steady_end = steady + needed * bin;
    let stretch_is_bad =
        |start: Nanos| (0..needed).all(|i| start + (i + 1) * bin <= to && quality(start + i * bin) == BinQuality::Bad);
    let relapsed = (0..).map(|i| steady_end + i * step).take_while(|start| start + bin <= to).any(stretch_is_bad);
    let state = if relapsed {
        RecoveryState::Relapsed
    } else if disturbed || steady > from {
        RecoveryState::Recovered
    } else {
        RecoveryState::NoEffect
    };
    Recovery { state, steady_after: Some(steady - from) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BinQuality::{Bad, Good, Open};

    /// Bins of 10, steps of 1, three bins needed; `bins` = quality by tenth.
    fn recovery(bins: &[BinQuality], disturbed: bool) -> (RecoveryState, Option<u64>) {
        let to = bins.len() as u64 * 10;
        let quality = |start: u64| {
            let covered = (start..start + 10).map(|at| bins[(at / 10) as usize]);
            covered.fold(Good, |worst, next| if worst == Bad || next == Good { worst } else { next })
        };
        let found = watch(0, to, 10, 1, 3, disturbed, quality);
        (found.state, found.steady_after)
    }

    #[test]
    fn the_states_of_a_recovery() {
        assert_eq!(recovery(&[Good, Good, Good, Good], false), (RecoveryState::NoEffect, Some(0)));
        assert_eq!(recovery(&[Good, Good, Good, Good], true), (RecoveryState::Recovered, Some(0)));
        assert_eq!(recovery(&[Bad, Bad, Good, Good, Good], true), (RecoveryState::Recovered, Some(20)));
        assert_eq!(recovery(&[Bad; 6], true), (RecoveryState::Permanent, None));
        assert_eq!(recovery(&[Bad, Bad, Good, Good], true), (RecoveryState::Undecided, None));
        assert_eq!(recovery(&[Bad, Good, Good, Good, Bad, Bad, Bad], true), (RecoveryState::Relapsed, Some(10)));
        assert_eq!(recovery(&[Bad, Good, Good, Good, Bad, Bad, Good], true), (RecoveryState::Recovered, Some(10)));
        assert_eq!(recovery(&[Bad, Good, Good, Bad, Good, Good, Bad], true), (RecoveryState::Permanent, None));
        assert_eq!(recovery(&[Bad, Bad, Good, Open], true), (RecoveryState::Undecided, None));
        assert_eq!(recovery(&[], true), (RecoveryState::Permanent, None));
    }
}
