//! The load's operations as the sign that writes succeed again.

use super::super::until::IN_A_ROW;
use crate::clock::Nanos;
use crate::experiment::core::Core;
use crate::measure::Series;
use tokio::time::{Instant, sleep};

/// Waits for the first stretch from `from` on in which all operations succeeded that were due, [`IN_A_ROW`] of them at
/// least; gives its start and its end. Fails at the deadline, or at once where there is no load.
pub(super) async fn by_load(core: &Core, from: Nanos, deadline: Instant) -> Result<(Nanos, Nanos), String> {
    let step = core.settings.bin / 10;
    loop {
        let found = core.meter.look(|lanes| {
            let series: Vec<&Series> = lanes.iter().filter(|lane| !lane.control).map(|lane| &*lane.series).collect();
            (!series.is_empty()).then(|| stretch(&series, from, core.settings.bin_ns() / 10))
        });
        match found.await {
            None => return Err("there is no load to see it by; say `.until(…)` with a write of your own".to_owned()),
            Some(Some(stretch)) => return Ok(stretch),
            Some(None) if Instant::now() >= deadline => {
                return Err(format!("of the load's operations no {IN_A_ROW} in a row succeeded"));
            }
            Some(None) if core.cancel.is_cancelled() => return Err("the experiment is being ended".to_owned()),
            Some(None) => sleep(step).await,
        }
    }
}

/// The first stretch of whole slices of this width, all loads together.
fn stretch(series: &[&Series], from: Nanos, width: Nanos) -> Option<(Nanos, Nanos)> {
    let from = from.div_ceil(width.max(1)) * width.max(1);
    let end = series.iter().map(|series| series.end()).max()?;
    let (mut begun, mut succeeded) = (None, 0);
    let mut start = from;
    while start < end {
        let slices = || series.iter().flat_map(|series| series.between(start, start + width)).map(|(_, slice)| slice);
        if slices().any(|slice| slice.failed > 0 || slice.pending() > 0) {
            (begun, succeeded) = (None, 0);
        } else {
            let here: u64 = slices().map(|slice| u64::from(slice.operations)).sum();
            if here > 0 {
                begun.get_or_insert(start);
            }
            succeeded += here;
            if let Some(begun) = begun.filter(|_| succeeded >= IN_A_ROW) {
                return Some((begun, start + width));
            }
        }
        start += width;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;
    const STEP: Nanos = SECOND / 10;

    /// Slices of a tenth of a second: due, ended, failed.
    fn series(slices: &[(u32, u32, u32)]) -> Series {
        let mut series = Series::new(SECOND);
        for (number, (due, operations, failed)) in (0..).zip(slices) {
            let slice = series.at(number * STEP);
            (slice.due, slice.operations, slice.failed) = (*due, *operations, *failed);
        }
        series
    }

    #[test]
    fn the_first_stretch_in_which_all_succeeded_counts() {
        let load = series(&[(5, 5, 0), (2, 2, 1), (1, 1, 0), (0, 0, 0), (2, 2, 0), (2, 2, 0)]);
        assert_eq!(stretch(&[&load], 0, STEP), Some((0, STEP)));
        assert_eq!(
            stretch(&[&load], STEP / 2, STEP),
            Some((2 * STEP, 5 * STEP)),
            "a slice in which nothing was due is no break"
        );
        assert_eq!(stretch(&[&load], 4 * STEP, STEP), Some((4 * STEP, 6 * STEP)));
        assert_eq!(stretch(&[&load], 5 * STEP, STEP), None, "two are not enough");
    }

    #[test]
    fn what_is_still_in_flight_is_no_success() {
        let load = series(&[(5, 4, 0), (2, 2, 0), (1, 1, 0)]);
        assert_eq!(stretch(&[&load], 0, STEP), Some((STEP, 3 * STEP)));
    }

    #[test]
    fn all_loads_must_succeed() {
        let (good, bad) = (series(&[(5, 5, 0), (5, 5, 0)]), series(&[(1, 1, 1), (1, 1, 0)]));
        assert_eq!(stretch(&[&good, &bad], 0, STEP), Some((STEP, 2 * STEP)));
        assert_eq!(stretch(&[&good], 0, STEP), Some((0, STEP)));
    }
}
