//! An experiment as a trace: the experiment, its phases, faults and undos as spans.

use super::identity::Experiment;
use super::otlp::{Value, attributes, resource, scope};
use super::outcome::role_name;
use chaos_runtime::report::journal::{Event, EventKind, FaultRecord, Journal, RollbackRecord, Verdict};
use opentelemetry_proto::tonic::trace::v1::span::{self, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

/// The version of the semantic conventions whose names are used.
pub(super) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.36.0";

/// Its parent is not in another process, and it is meant to be kept
/// (<https://www.w3.org/TR/trace-context-2/#trace-flags>).
const FLAGS: u32 = 0x101;

/// All spans of an experiment, the experiment's own first.
pub(super) fn spans(experiment: &Experiment) -> ResourceSpans {
    let journal = &experiment.journal;
    let mut spans = vec![root(experiment)];
    for (index, phase) in journal.phases.iter().enumerate() {
        let name = format!("phase: {}", phase.kind.name());
        let attributes = attributes([("chaos.phase", phase.kind.name().into())]);
        let during = (phase.start_us, phase.end_us);
        spans.push(Span { attributes, ..child(experiment, &format!("phase {index}"), name, during) });
    }
    for (index, fault) in journal.faults.iter().enumerate() {
        spans.push(of_fault(experiment, index, fault));
    }
    for (index, undo) in journal.rollback.iter().enumerate() {
        spans.push(of_undo(experiment, index, undo));
    }
    ResourceSpans {
        resource: Some(resource(experiment)),
        scope_spans: vec![ScopeSpans { scope: Some(scope(journal)), spans, schema_url: SCHEMA_URL.to_owned() }],
        schema_url: SCHEMA_URL.to_owned(),
    }
}

fn root(experiment: &Experiment) -> Span {
    let journal = &experiment.journal;
    let Journal { experiment: test, run, verdict, finding, .. } = journal;
    let mut pairs: Vec<(&str, Value)> = vec![
        ("test.case.name", test.name.as_str().into()),
        ("test.suite.name", test.binary.as_str().into()),
        ("code.function.name", test.name.as_str().into()),
        ("code.file.path", test.file.as_str().into()),
        ("code.line.number", i64::from(test.line).into()),
        ("code.column.number", i64::from(test.column).into()),
        ("chaos.experiment.package", test.package.as_str().into()),
        ("chaos.experiment.description", test.doc.as_str().into()),
        ("chaos.run.id", run.id.as_str().into()),
        ("chaos.run.profile", run.profile.as_str().into()),
        // An unsigned number has no place in OTLP.
        ("chaos.run.seed", run.seed.to_string().into()),
        ("chaos.verdict", verdict.name().into()),
        ("chaos.replay", journal.replay.as_str().into()),
    ];
    if let Some(revision) = &run.revision {
        pairs.push(("vcs.ref.head.revision", revision.commit.as_str().into()));
        let name =
            revision.tag.as_ref().map(|tag| (tag, "tag")).or(revision.branch.as_ref().map(|name| (name, "branch")));
        if let Some((name, kind)) = name {
            pairs.push(("vcs.ref.head.name", name.as_str().into()));
            pairs.push(("vcs.ref.type", kind.into()));
        }
    }
    // The convention knows these two; what was skipped neither passed nor failed.
    match verdict {
        Verdict::Skipped => {}
        verdict if verdict.is_ok() => pairs.push(("test.case.result.status", "pass".into())),
        _ => pairs.push(("test.case.result.status", "fail".into())),
    }
    if let Some(reason) = journal.reasons.first() {
        if !verdict.is_ok() {
            pairs.push(("error.type", reason.kind.name().into()));
        }
        let reasons: Vec<Value> = journal.reasons.iter().map(|reason| reason.message.as_str().into()).collect();
        pairs.push(("chaos.reasons", Value::List(reasons)));
    }
    if !journal.notes.is_empty() {
        let notes = journal.notes.iter().map(|note| note.as_str().into()).collect();
        pairs.push(("chaos.notes", Value::List(notes)));
    }
    if let Some(finding) = finding {
        let texts = [
            ("chaos.finding.id", &finding.id),
            ("chaos.finding.owner", &finding.owner),
            ("chaos.finding.fix_by", &finding.fix_by),
        ];
        pairs.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?.into()))));
    }
    let mut events: Vec<span::Event> = journal.events.iter().map(|event| of_event(experiment, event)).collect();
    events.extend(claims(experiment));
    let status = match verdict {
        Verdict::Passed => Status { code: StatusCode::Ok.into(), message: String::new() },
        verdict if verdict.is_ok() => Status::default(),
        _ => {
            let message = journal.reasons.first().map(|reason| reason.message.clone());
            failed(message.unwrap_or_else(|| verdict.name().to_owned()))
        }
    };
    Span {
        parent_span_id: Vec::new(),
        attributes: attributes(pairs),
        events,
        status: Some(status),
        ..child(experiment, "experiment", test.name.clone(), (0, experiment.end_us()))
    }
}

/// A span below the experiment's.
fn child(experiment: &Experiment, key: &str, name: String, (start_us, end_us): (u64, u64)) -> Span {
    Span {
        trace_id: experiment.trace_id().to_vec(),
        span_id: experiment.id_of(&format!("span {key}")).to_vec(),
        parent_span_id: experiment.id_of("span experiment").to_vec(),
        name,
        kind: SpanKind::Internal.into(),
        flags: FLAGS,
        start_time_unix_nano: nanos(experiment, start_us),
        end_time_unix_nano: nanos(experiment, end_us.max(start_us)),
        ..Span::default()
    }
}

fn of_fault(experiment: &Experiment, index: usize, fault: &FaultRecord) -> Span {
    let mut pairs: Vec<(&str, Value)> = vec![
        ("chaos.fault.what", fault.what.as_str().into()),
        ("chaos.fault.target", fault.target.as_str().into()),
        ("chaos.fault.one_shot", fault.one_shot.into()),
        ("chaos.fault.confirmed", fault.confirmed_us.is_some().into()),
        ("chaos.fault.evidence", fault.evidence.as_str().into()),
    ];
    pairs.extend(fault.hits.map(|hits| ("chaos.fault.hits", whole(hits))));
    if let Some(recovery) = &fault.recovery {
        pairs.push(("chaos.recovery.state", recovery.state.name().into()));
        // Seconds, as everywhere in OpenTelemetry.
        let times = [
            ("chaos.recovery.duration", recovery.counted_us()),
            ("chaos.recovery.time_to_detect", recovery.time_to_detect_us),
            ("chaos.recovery.first_success", recovery.first_success_us),
            ("chaos.recovery.from_clearance", recovery.from_clearance_us),
            ("chaos.recovery.from_injection", recovery.from_injection_us),
            ("chaos.recovery.unavailability", Some(recovery.unavailability_us)),
        ];
        pairs.extend(times.into_iter().filter_map(|(name, us)| Some((name, (us? as f64 / 1e6).into()))));
    }
    let confirmed = fault.confirmed_us.map(|at_us| span::Event {
        time_unix_nano: nanos(experiment, at_us),
        name: "chaos.confirmed".to_owned(),
        attributes: attributes([("chaos.fault.evidence", fault.evidence.as_str().into())]),
        ..span::Event::default()
    });
    let during = (fault.injected_us, fault.cleared_us.unwrap_or(experiment.end_us()));
    Span {
        attributes: attributes(pairs),
        events: confirmed.into_iter().collect(),
        status: fault.confirmed_us.is_none().then(|| failed(format!("not confirmed: {}", fault.evidence))),
        ..child(experiment, &format!("fault {index}"), format!("fault: {}", fault.what), during)
    }
}

fn of_undo(experiment: &Experiment, index: usize, undo: &RollbackRecord) -> Span {
    let mut pairs: Vec<(&str, Value)> = vec![
        ("chaos.rollback.what", undo.what.as_str().into()),
        ("chaos.rollback.target", undo.target.as_str().into()),
        ("chaos.rollback.attempts", i64::from(undo.attempts).into()),
    ];
    pairs.extend(undo.remark.as_deref().map(|remark| ("chaos.rollback.remark", remark.into())));
    if undo.error.is_some() {
        pairs.push(("chaos.rollback.by_hand", undo.by_hand.as_str().into()));
    }
    let during = (undo.at_us, undo.at_us.saturating_add(undo.took_us));
    Span {
        attributes: attributes(pairs),
        status: undo.error.clone().map(failed),
        ..child(experiment, &format!("rollback {index}"), format!("rollback: {}", undo.what), during)
    }
}

fn of_event(experiment: &Experiment, event: &Event) -> span::Event {
    let kind = match event.kind {
        EventKind::Recovered => "recovered",
        kind => kind.name(),
    };
    span::Event {
        time_unix_nano: nanos(experiment, event.at_us),
        name: format!("chaos.{kind}"),
        attributes: attributes([("chaos.event.text", event.text.as_str().into())]),
        ..span::Event::default()
    }
}

/// The judgements, as events at the experiment's end.
fn claims(experiment: &Experiment) -> impl Iterator<Item = span::Event> {
    let time = nanos(experiment, experiment.end_us());
    experiment.journal.claims.iter().map(move |claim| {
        // As in the journal: `not-judged`.
        let judgement = serde_json::to_value(claim.judgement).ok();
        let judgement = judgement.as_ref().and_then(serde_json::Value::as_str).unwrap_or("unknown");
        let mut pairs: Vec<(&str, Value)> = vec![
            ("chaos.claim.text", claim.text.as_str().into()),
            ("chaos.claim.role", role_name(claim.role).into()),
            ("chaos.claim.judgement", judgement.into()),
            ("chaos.claim.measured", claim.measured.as_str().into()),
            ("chaos.claim.unit", claim.unit.as_str().into()),
            ("chaos.claim.samples", whole(claim.samples)),
        ];
        pairs.extend(claim.value.map(|value| ("chaos.claim.value", value.into())));
        pairs.extend(claim.limit.map(|limit| ("chaos.claim.limit", limit.into())));
        span::Event {
            time_unix_nano: time,
            name: "chaos.claim".to_owned(),
            attributes: attributes(pairs),
            ..span::Event::default()
        }
    })
}

fn failed(message: String) -> Status {
    Status { code: StatusCode::Error.into(), message }
}

fn whole(n: u64) -> Value {
    i64::try_from(n).unwrap_or(i64::MAX).into()
}

pub(super) fn nanos(experiment: &Experiment, at_us: u64) -> u64 {
    u64::try_from(experiment.at(at_us)).unwrap_or(0).saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::super::identity::Origin;
    use super::*;
    use chaos_runtime::report::sample;
    use std::collections::HashSet;

    fn of(journal: Journal) -> Vec<Span> {
        let origin = Origin { service: "chaos-test".to_owned(), labels: vec![], resource: vec![] };
        let experiment = Experiment::new(journal, &origin).unwrap();
        spans(&experiment).scope_spans.remove(0).spans
    }

    #[test]
    fn the_status_is_the_verdict() {
        for (name, journal) in sample::all() {
            let (verdict, reason) = (journal.verdict, journal.reasons.first().map(|reason| reason.message.clone()));
            let root = of(journal).remove(0);
            let status = root.status.unwrap();
            let code = match verdict {
                Verdict::Passed => StatusCode::Ok,
                Verdict::KnownWeakness | Verdict::Skipped => StatusCode::Unset,
                _ => StatusCode::Error,
            };
            assert_eq!(status.code, i32::from(code), "{name}");
            if code == StatusCode::Error {
                assert_eq!(status.message, reason.unwrap_or_else(|| "running".to_owned()), "{name}");
            }
        }
    }

    #[test]
    fn the_revision_is_named_as_the_convention_does() {
        let named = |journal: Journal| -> Vec<String> {
            let root = of(journal).remove(0);
            root.attributes.into_iter().map(|pair| pair.key).filter(|key| key.starts_with("vcs.")).collect()
        };
        let mut journal = sample::passed();
        journal.run.revision = None;
        assert_eq!(named(journal.clone()), [""; 0]);
        let revision = serde_json::json!({ "commit": "abc1234", "branch": "trunk" });
        journal.run.revision = Some(serde_json::from_value(revision).unwrap());
        assert_eq!(named(journal), ["vcs.ref.head.revision", "vcs.ref.head.name", "vcs.ref.type"]);
    }

    #[test]
    fn spans_have_ids_of_their_own_below_one_root_and_end_after_they_began() {
        for (name, journal) in sample::all() {
            let spans = of(journal);
            let ids: HashSet<_> = spans.iter().map(|span| &span.span_id).collect();
            assert_eq!(ids.len(), spans.len(), "{name}");
            assert!(spans[0].parent_span_id.is_empty());
            for span in &spans {
                assert_eq!((span.trace_id.len(), span.span_id.len()), (16, 8));
                assert!(
                    span.end_time_unix_nano >= span.start_time_unix_nano && span.start_time_unix_nano > 0,
                    "{name}"
                );
            }
            assert!(spans[1..].iter().all(|span| span.parent_span_id == spans[0].span_id), "{name}");
        }
    }

    #[test]
    fn a_fault_that_was_never_confirmed_and_a_failed_undo_are_errors() {
        let is_error = |span: &Span| span.status.as_ref().is_some_and(|status| status.code == 2);
        let spans = of(sample::inconclusive());
        let fault = spans.iter().find(|span| span.name.starts_with("fault: ")).unwrap();
        assert!(is_error(fault) && fault.events.is_empty());
        let spans = of(sample::rollback_failed());
        let undos: Vec<_> = spans.iter().filter(|span| span.name.starts_with("rollback: ")).map(is_error).collect();
        assert_eq!(undos, [false, true]);
    }
}
