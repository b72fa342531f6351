//! Whether the loads and probes exist that the claims speak of: known before anything is harmed.

use super::core::Core;
use crate::claim::{Claim, Limit, Metric};
use crate::report::journal::ReasonKind;
use crate::{ErrorKind, Result};
use std::sync::PoisonError;

/// All claims of the experiment, guards included.
fn claims(core: &Core) -> Vec<Claim> {
    let expectations = core.expectations.lock().unwrap_or_else(PoisonError::into_inner);
    let spec = core.spec.steady_state.iter().chain(core.spec.hypothesis).chain(core.spec.abort_if);
    spec.chain(expectations.iter()).cloned().collect()
}

/// Refuses claims on loads and probes that do not exist: nothing would ever decide them, and a guard would not trip.
pub(crate) async fn refuse_the_unknown(core: &Core) -> Result<()> {
    let infos = core.meter.infos().await;
    let loads: Vec<&str> = infos.iter().map(|info| info.name.as_str()).collect();
    for claim in claims(core) {
        let unknown = match claim.metric {
            Metric::Ledger(_) => unknown_ledger(&core.ledgers.names(), &claim),
            Metric::Probe(name) if !core.probes.has(name) => Some(format!("no probe is named `{name}`")),
            _ => unknown_load(&loads, &claim),
        };
        if let Some(why) = unknown {
            return Err(refuse(core, &claim, &why, "start loads, probes and ledgers before the first injection"));
        }
    }
    Ok(())
}

/// Refuses claims in another unit than their probe gives, as far as probes have given anything yet.
pub(crate) fn refuse_other_units(core: &Core) -> Result<()> {
    for claim in claims(core) {
        let (Metric::Probe(name), Limit::Value(limit)) = (claim.metric, claim.limit) else { continue };
        if let Some(why) = core.probes.other_unit(name, limit.plain().1) {
            return Err(refuse(core, &claim, &why, "let the probe give the unit in which the claim is written"));
        }
    }
    Ok(())
}

fn refuse(core: &Core, claim: &Claim, why: &str, help: &str) -> crate::Error {
    let message = format!("`{}` can't be decided: {why}", claim.text);
    core.decide(ReasonKind::Inconclusive, ErrorKind::Inconclusive, message, Some(help))
}

/// Why a claim's subject is no load of this experiment, if it is none.
pub(crate) fn unknown_load(loads: &[&str], claim: &Claim) -> Option<String> {
    let name = claim.subject.filter(|name| !loads.contains(name))?;
    let names: Vec<_> = loads.iter().map(|load| format!("`{load}`")).collect();
    Some(if names.is_empty() {
        format!("no load is named `{name}`: the experiment has no load")
    } else {
        format!("no load is named `{name}`; there is {}", names.join(", "))
    })
}

/// Why a claim's ledger is none of this experiment, if it is none.
fn unknown_ledger(ledgers: &[String], claim: &Claim) -> Option<String> {
    let name = claim.subject.unwrap_or_default();
    if ledgers.iter().any(|ledger| ledger == name) {
        return None;
    }
    let names: Vec<_> = ledgers.iter().map(|ledger| format!("`{ledger}`")).collect();
    Some(if names.is_empty() {
        format!("no ledger is named `{name}`: the experiment has no ledger")
    } else {
        format!("no ledger is named `{name}`; there is {}", names.join(", "))
    })
}
