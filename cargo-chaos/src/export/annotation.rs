//! Phases and faults as annotations.

use super::identity::{Experiment, hex};
use chaos_runtime::report::journal::EventKind;
use serde::Serialize;

/// Grafana keeps a tag's name and value in columns of 100 characters.
const LONGEST_TAG: usize = 100;

/// What every annotation of ours is tagged with.
pub(super) const TAG: &str = "chaos-test";

/// The body of `POST /api/annotations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Annotation {
    /// Only on this dashboard; on all that ask for its tags otherwise.
    #[serde(rename = "dashboardUID", skip_serializing_if = "Option::is_none")]
    pub(crate) dashboard: Option<String>,
    /// Milliseconds of the epoch.
    pub(crate) time: i64,
    /// The end of a region; `None` for an instant.
    #[serde(rename = "timeEnd", skip_serializing_if = "Option::is_none")]
    pub(crate) time_end: Option<i64>,
    pub(crate) tags: Vec<String>,
    /// Shown as HTML.
    pub(crate) text: String,
}

impl Annotation {
    /// A region for each phase and each fault, an instant for each thing that can't be drawn as one.
    pub(super) fn of(experiment: &Experiment) -> Vec<Self> {
        let journal = &experiment.journal;
        let name = &journal.experiment.name;
        let mut all = Vec::new();
        for (index, phase) in journal.phases.iter().enumerate() {
            let kind = phase.kind.name();
            let text = format!("{kind} of {name}");
            let key = format!("phase {index}");
            all.push(Self::new(experiment, &key, ("phase", kind), (phase.start_us, Some(phase.end_us)), &text));
        }
        for (index, (fault, what)) in experiment.faults().enumerate() {
            let end = fault.cleared_us.unwrap_or(experiment.end_us());
            let doubt = if fault.confirmed_us.is_none() { ", not confirmed" } else { "" };
            let text = format!("{what} on {}{doubt} ({name})", fault.target);
            let key = format!("fault {index}");
            all.push(Self::new(experiment, &key, ("fault", &what), (fault.injected_us, Some(end)), &text));
        }
        for (index, event) in journal.events.iter().enumerate() {
            if matches!(event.kind, EventKind::Guard | EventKind::End | EventKind::Recovered) {
                let kind = event.kind.name();
                let text = format!("{kind}: {} ({name})", event.text);
                all.push(Self::new(experiment, &format!("event {index}"), ("event", kind), (event.at_us, None), &text));
            }
        }
        all
    }

    fn new(
        experiment: &Experiment,
        key: &str,
        (kind, value): (&str, &str),
        (start_us, end_us): (u64, Option<u64>),
        text: &str,
    ) -> Self {
        let ms = |at_us| experiment.at(at_us).div_euclid(1_000);
        let run = &experiment.journal.run;
        let tags = [
            TAG.to_owned(),
            id_tag(experiment, key),
            tag("experiment", &experiment.journal.experiment.name),
            tag("run", &run.id),
            tag("profile", &run.profile),
            tag(kind, value),
        ];
        let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Self { dashboard: None, time: ms(start_us), time_end: end_us.map(ms), tags: tags.to_vec(), text }
    }

    /// The tag that no other annotation has.
    pub(super) fn id(&self) -> &str {
        &self.tags[1]
    }
}

/// Tells whether an annotation is there already.
fn id_tag(experiment: &Experiment, key: &str) -> String {
    format!("chaos-id:{}", hex(&experiment.id_of(key)))
}

fn tag(name: &str, value: &str) -> String {
    // A comma divides tags where people type them.
    let value = value.replace(',', ";");
    let most = LONGEST_TAG - name.len() - 1;
    let value =
        if value.chars().count() > most { value.chars().take(most - 1).chain(['…']).collect() } else { value };
    format!("{name}:{value}")
}

#[cfg(test)]
mod tests {
    use super::super::identity::Origin;
    use super::*;
    use chaos_runtime::report::sample;

    #[test]
    fn phases_and_faults_are_regions_with_ids_of_their_own() {
        let origin = Origin { service: String::new(), labels: vec![], resource: vec![] };
        let mut journal = sample::guard();
        journal.faults[0].target = "a <b> & c".to_owned();
        journal.experiment.name = "n".repeat(200);
        let all = Experiment::new(journal, &origin).unwrap().annotations();
        assert_eq!(all.len(), 3 + 1 + 1);
        let fault = &all[3];
        assert_eq!((fault.time, fault.time_end), (1_772_360_434_123, Some(1_772_360_439_303)));
        assert!(fault.text.starts_with("latency 300ms ± 50ms towards the client on a &lt;b&gt; &amp; c ("));
        assert_eq!((all[4].time, all[4].time_end), (1_772_360_439_273, None));
        let ids: std::collections::HashSet<_> = all.iter().map(Annotation::id).collect();
        assert_eq!(ids.len(), all.len());
        let tags = all.iter().flat_map(|annotation| &annotation.tags);
        assert!(tags.clone().all(|tag| tag.chars().count() <= LONGEST_TAG && !tag.contains(',')));
    }
}
