//! Measurements as the journal holds them.

use super::core::Core;
use super::meter::Measured;
use super::timeline::FaultState;
use crate::claim::sample::Stretch;
use crate::claim::{LedgerMetric, display};
use crate::clock::{Nanos, micros};
use crate::ledger::Account;
use crate::measure::{BinSummary, ErrorClass, PhaseMeasures, Strain, Tally};
use crate::report::journal::{
    BinRecord, DriverStats, LedgerIds, LedgerRecord, LoadRecord, PhaseKind, PhaseStats, ProbeRecord, RollbackRecord,
};
use crate::rollback::UndoReport;
use std::collections::BTreeMap;
use std::time::Duration;

/// The loads.
pub(crate) fn loads(core: &Core, measured: &[Measured], stretches: &[Stretch]) -> Vec<LoadRecord> {
    let record = |lane: &Measured| LoadRecord {
        name: lane.info.name.clone(),
        what: lane.info.what.clone(),
        control: lane.control,
        closed_loop: lane.info.closed_loop,
        phases: phases(&lane.recorder.phases, stretches),
        bins: bins(core, lane),
        bin_us: micros(lane.recorder.bin()),
        failures: lane.recorder.failures.clone(),
    };
    measured.iter().map(record).collect()
}

/// One entry for every stretch; a load that was not there yet has measured nothing in it.
fn phases(measures: &[PhaseMeasures], stretches: &[Stretch]) -> Vec<PhaseStats> {
    let stats = |(index, stretch): (usize, &Stretch)| match measures.get(index) {
        Some(phase) => phase_stats(phase, stretch),
        None => phase_stats(&PhaseMeasures::empty(stretch.kind), stretch),
    };
    stretches.iter().enumerate().map(stats).collect()
}

fn phase_stats(phase: &PhaseMeasures, stretch: &Stretch) -> PhaseStats {
    let Tally { due, operations, failed, failed_for_good, attempts, dropped, late, .. } = phase.tally;
    let errors = ErrorClass::ALL.into_iter().map(|class| (class, phase.tally.errors[class.index()]));
    PhaseStats {
        phase: phase.kind,
        due,
        operations,
        succeeded: phase.tally.succeeded(),
        failed,
        permanent_failures: failed_for_good,
        attempts,
        dropped,
        late,
        errors: errors.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>(),
        statuses: phase.tally.statuses.sorted(),
        response: phase.response.summary(true),
        failure_response: phase.failure_response.summary(false),
        service: phase.service.summary(false),
        lag: phase.lag.summary(false),
        queue: phase.queue.summary(false),
        driver: driver_stats(&phase.strain, stretch),
    }
}

fn driver_stats(strain: &Strain, stretch: &Stretch) -> DriverStats {
    let seconds = (stretch.end - stretch.start) as f64 / 1e9;
    DriverStats {
        cpu_share: strain.cpu_share().map(|share| (share * 1e3).round() / 1e3),
        waited_us: micros(strain.waited),
        pauses: strain.pauses,
        longest_pause_us: micros(strain.longest),
        paused_us: micros(strain.paused),
        suspended_us: micros(strain.suspended),
        strayed: strain.strayed,
        most_per_second: strain.ceiling(seconds).map(f64::round),
    }
}

fn bins(core: &Core, lane: &Measured) -> Vec<BinRecord> {
    let width = core.settings.bin_ns();
    let record = |(index, bin): (usize, Option<BinSummary>)| {
        let start = index as u64 * width;
        let (mut due, mut operations, mut failed) = (0, 0, 0);
        for (_, slice) in lane.recorder.series.between(start, start + width) {
            due += u64::from(slice.due);
            operations += u64::from(slice.operations);
            failed += u64::from(slice.failed);
        }
        let BinSummary { p50, p99, max } = bin.unwrap_or_default();
        BinRecord {
            start_us: micros(start),
            due,
            operations,
            succeeded: operations - failed,
            p50_us: micros(p50),
            p99_us: micros(p99),
            max_us: micros(max),
            good: None,
        }
    };
    lane.recorder.bins.summaries().enumerate().map(record).collect()
}

/// What became of acknowledged operations.
pub(crate) fn ledgers(core: &Core) -> Vec<LedgerRecord> {
    let record = |(name, account): &(String, Result<Account, String>)| {
        let (account, error) = match account {
            Ok(account) => (account.clone(), None),
            Err(error) => (Account::default(), Some(error.clone())),
        };
        let ids = |metric| LedgerIds::of(account.ids(metric));
        LedgerRecord {
            name: name.clone(),
            attempted: account.attempted,
            acknowledged: account.acknowledged,
            refused: account.refused,
            found: account.found,
            lost: ids(LedgerMetric::Lost),
            duplicated: ids(LedgerMetric::Duplicated),
            unexpected: ids(LedgerMetric::Unexpected),
            resurrected: ids(LedgerMetric::Resurrected),
            recovered: ids(LedgerMetric::Recovered),
            error,
        }
    };
    core.ledgers.accounts().iter().map(record).collect()
}

/// The undos.
pub(crate) fn rollback(core: &Core, reports: &[UndoReport]) -> Vec<RollbackRecord> {
    let record = |report: &UndoReport| RollbackRecord {
        what: report.what.clone(),
        target: report.target.clone(),
        at_us: micros(core.clock.at(report.started)),
        took_us: u64::try_from(report.took.as_micros()).unwrap_or(u64::MAX),
        attempts: report.attempts,
        remark: report.remark.clone(),
        error: report.error.clone(),
        by_hand: report.by_hand.clone(),
    };
    reports.iter().map(record).collect()
}

/// What is worth knowing about the loads themselves.
pub(crate) fn load_notes(loads: &[LoadRecord]) -> Vec<String> {
    let mut notes = Vec::new();
    for load in loads.iter().filter(|load| !load.control) {
        let sum = |count: fn(&PhaseStats) -> u64| load.phases.iter().map(count).sum::<u64>();
        let (due, late, dropped) = (sum(|p| p.due), sum(|p| p.late), sum(|p| p.dropped));
        if late * 1_000 > due {
            let share = display::percent(late as f64 / due.max(1) as f64 * 100.0);
            notes.push(format!(
                "load `{}`: {} arrivals ({share}) were sent more than 10 ms late by the driver itself; the machine is busy",
                load.name,
                display::count(late)
            ));
        }
        if dropped > 0 {
            notes.push(format!("load `{}`: {} arrivals were never sent", load.name, display::count(dropped)));
        }
        if let Some(most) = load.phases.iter().filter_map(|phase| phase.driver.most_per_second).reduce(f64::max) {
            let most = display::count(most as u64);
            notes.push(format!(
                "load `{}`: this machine ends at about {most}/s; more was due than it could send",
                load.name
            ));
        }
        let suspended = load.phases.iter().map(|phase| phase.driver.suspended_us).max().unwrap_or(0);
        if suspended > 0 {
            let long = display::duration(Duration::from_micros(suspended));
            notes.push(format!("the measuring machine was suspended for {long}"));
        }
        if load.closed_loop {
            notes.push(format!("load `{}` is closed-loop: its latencies hide stalls", load.name));
        }
    }
    notes
}

/// What was observed while a fault was active: operations; probe samples where there is no load at all.
pub(crate) fn seen_in(
    fault: &FaultState,
    measured: &[Measured],
    stretches: &[Stretch],
    probes: &[ProbeRecord],
    end: Nanos,
) -> u64 {
    let from = fault.injected;
    // A one-shot fault that did nothing is over in the instant in which it is confirmed.
    let over = if fault.one_shot { fault.watched.map(|(_, concluded)| concluded) } else { fault.cleared };
    let until = over.unwrap_or(end);
    if measured.is_empty() {
        let seen = |at: u64| (micros(from)..micros(until)).contains(&at);
        let samples = probes.iter().flat_map(|probe| &probe.samples).filter(|sample| seen(sample.at_us));
        return samples.count() as u64;
    }
    let (mut in_phases, mut in_slices) = (0, 0);
    for lane in measured.iter().filter(|lane| !lane.control) {
        let phases = lane.recorder.phases.iter().zip(stretches);
        let harmed = |s: &Stretch| s.kind == PhaseKind::Fault && s.start < until && s.end > from;
        in_phases += phases.filter(|(_, s)| harmed(s)).map(|(phase, _)| phase.tally.operations).sum::<u64>();
        let slices = lane.recorder.series.between(from, until);
        in_slices += slices.map(|(_, slice)| u64::from(slice.operations)).sum::<u64>();
    }
    // Phases are exact but may hold more than one fault; slices are this one's but reach a little beyond it.
    in_phases.min(in_slices)
}
