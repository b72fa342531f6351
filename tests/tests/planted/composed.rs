//! Composed faults: each composition with a system that withstands it, one that does not, and a part that never bites.

use crate::judge::{BASE, PASSED, errored, inconclusive, judge, refuted, spec};
use crate::service::{Service, failed, fine, ok};
use chaos_runtime::experiment::virtual_time::simulate;
use chaos_runtime::experiment::{Body, Spec};
use chaos_runtime::fault::{ClosureFault, EndsByUndo, Evidence};
use chaos_runtime::measure::ErrorClass;
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{EventKind, Journal, ReasonKind};
use std::sync::{Arc, Mutex};

/// Withstands its fault: slower, but it answers.
fn sound(chaos: &Chaos) -> Service {
    Service::new(chaos, |now, random| if now.faulted { ok(millis(random.u64(60..90))) } else { fine(random) })
}

/// Fails while its fault is on, and 1 s longer.
fn weak(chaos: &Chaos) -> Service {
    Service::new(chaos, |now, random| match now.faulted_or_within(secs(1)) {
        true => failed(ErrorClass::Refused, millis(5)),
        false => fine(random),
    })
}

/// Two services under load. The third one is never called.
async fn two(chaos: &Chaos, a: Service, b: Service) -> chaos::Result<[Service; 3]> {
    chaos.load(a.requests().rate(per_second(100)).named("a")).await?;
    chaos.load(b.requests().rate(per_second(100)).named("b")).await?;
    Ok([a, b, sound(chaos)])
}

/// What happened to parts: `(at in ms, kind, what)`.
fn parts(journal: &Journal) -> Vec<(u64, EventKind, &str)> {
    let of_parts =
        journal.events.iter().filter_map(|e| Some((e.at_us / 1_000, e.kind, e.text.strip_prefix("part: ")?)));
    of_parts.collect()
}

/// How long each part was on, in ms.
fn windows(journal: &Journal) -> Vec<u64> {
    let parts = parts(journal);
    let begun = parts.iter().filter(|(_, kind, _)| *kind == EventKind::Inject);
    let mut ends: Vec<_> = parts.iter().filter(|(_, kind, _)| *kind == EventKind::Clear).collect();
    let mut end_of = |begin: u64, what: &str| {
        let place = ends.iter().position(|(at, _, of)| *of == what && *at >= begin).expect("what begins has an end");
        ends.remove(place).0
    };
    begun.map(|(begin, _, what)| end_of(*begin, what) - begin).collect()
}

#[test]
fn a_sequence_that_is_withstood_passes_and_shows_each_window() {
    let spec = spec!(steady [success_rate >= 99%] [p99 < 100ms]; hypothesis [during(errors == 0)] [recovery <= 2s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(sequence().hold(a.fault(), secs(3)).pause(secs(2)).hold(b.fault(), secs(4))).await
        })
    });
    for run in runs {
        let journal = &run.journal;
        assert_eq!(journal.faults[0].what, "planted fault for 3 s, then 2 s of nothing, then planted fault for 4 s");
        let windows = windows(journal);
        assert!((3_000..3_200).contains(&windows[0]) && (4_000..4_200).contains(&windows[1]), "{windows:?}");
        assert_eq!((run.harm.injected, run.harm.undone), (2, 2));
        // Both parts' hits: about 3 s and 4 s of 100 per second.
        let hits = journal.faults[0].hits.expect("both count");
        assert!((680..730).contains(&hits), "{hits}");
    }
}

#[test]
fn a_sequence_whose_second_step_hurts_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(b.success_rate >= 99%)] [during(a.errors == 0)]);
    let runs = judge(spec, refuted("`during(b.success_rate >= 99%)`"), |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), weak(chaos)).await?;
            chaos.inject(sequence().hold(a.fault(), secs(3)).hold(b.fault(), secs(3))).await
        })
    });
    // The clock of recovery starts where the last step ends, not at the first confirmation.
    assert!(runs.iter().all(|run| (0.8..1.6).contains(&run.recovery(0))), "{}", runs[0].recovery(0));
}

#[test]
fn a_step_that_never_bites_ends_the_sequence_by_name() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)]);
    let says = "did not end as it should: step 3, `planted fault`, was not confirmed within 5 s: 0 requests hit";
    let runs = judge(spec, inconclusive(says), |chaos| {
        Box::pin(async move {
            let [a, b, idle] = two(chaos, sound(chaos), sound(chaos)).await?;
            let parts = sequence().hold(a.fault(), secs(2)).pause(secs(1)).hold(idle.fault(), secs(2));
            chaos.inject(parts.hold(b.fault(), secs(2))).await
        })
    });
    // What comes after it is not injected, and undone all the same, as every fault whose undo is on record.
    assert!(runs.iter().all(|run| (run.harm.injected, run.harm.undone) == (2, 3)));
}

#[test]
fn a_first_step_that_can_not_be_injected_is_an_error_and_a_later_one_is_inconclusive() {
    fn broken() -> ClosureFault<EndsByUndo> {
        fault("broken", async || Err::<(), _>(chaos::Error::new("no such thing"))).undo(Undo::nothing())
    }
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)]);
    judge(spec, errored(ReasonKind::Body, "failed to inject `broken`: no such thing"), |chaos| {
        Box::pin(async move {
            let [a, ..] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(sequence().hold(broken(), secs(2)).hold(a.fault(), secs(2))).await
        })
    });
    judge(spec, inconclusive("failed to inject `broken`: no such thing"), |chaos| {
        Box::pin(async move {
            let [a, ..] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(sequence().hold(a.fault(), secs(2)).hold(broken(), secs(2))).await
        })
    });
}

#[test]
fn faults_at_once_that_are_withstood_pass() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)] [recovery <= 2s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(parallel((a.fault(), b.fault().target("other")))).hold(secs(4)).await
        })
    });
    for run in runs {
        let fault = &run.journal.faults[0];
        assert_eq!(fault.what, "planted fault on service + planted fault on other");
        assert_eq!(fault.target, "service, other");
        assert!(
            fault.evidence.starts_with("planted fault on service: ")
                && fault.evidence.contains("; planted fault on other: ")
        );
        assert!(fault.hits.is_some_and(|hits| (780..830).contains(&hits)), "{:?}", fault.hits);
        assert_eq!((run.harm.injected, run.harm.undone), (2, 2));
    }
}

#[test]
fn faults_at_once_of_which_one_hurts_are_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(b.success_rate >= 99%)]);
    judge(spec, refuted("`during(b.success_rate >= 99%)`"), |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), weak(chaos)).await?;
            let faults = vec![BoxedFault::held(a.fault()), BoxedFault::held(b.fault())];
            chaos.inject(parallel(faults)).hold(secs(4)).await
        })
    });
}

#[test]
fn a_part_at_once_that_never_bites_is_named() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)]);
    let runs = judge(spec, inconclusive("was not confirmed within 5 s: idle: 0 requests hit"), |chaos| {
        Box::pin(async move {
            let [a, _, idle] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(parallel((a.fault(), Named("idle", idle.fault())))).hold(secs(4)).await
        })
    });
    assert!(runs.iter().all(|run| (run.harm.injected, run.harm.undone) == (2, 2)));
}

#[test]
fn when_one_at_once_can_not_be_injected_the_others_are_undone() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)]);
    let runs = judge(spec, errored(ReasonKind::Body, "failed to inject `broken`: no such thing"), |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), sound(chaos)).await?;
            let broken = fault("broken", async || {
                tokio::time::sleep(millis(300)).await;
                Err::<(), _>(chaos::Error::new("no such thing"))
            });
            let injected =
                chaos.inject(parallel((a.fault(), broken.undo(Undo::nothing()), b.fault()))).hold(secs(4)).await;
            assert!(!a.is_faulted() && !b.is_faulted());
            injected
        })
    });
    assert!(runs.iter().all(|run| (run.harm.injected, run.harm.undone) == (2, 2)));
}

#[test]
fn an_offset_counts_from_the_injection_of_what_it_is_part_of() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)] [recovery <= 2s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(parallel((a.fault(), b.fault().after(secs(3))))).hold(secs(5)).await
        })
    });
    for run in runs {
        let begun: Vec<_> = parts(&run.journal).into_iter().filter(|(_, kind, _)| *kind == EventKind::Inject).collect();
        // The part, what is to begin, and its beginning.
        assert_eq!(begun.len(), 3, "{begun:?}");
        assert!((3_000..3_010).contains(&(begun[2].0 - begun[0].0)), "{begun:?}");
        let fault = &run.journal.faults[0];
        let held = fault.cleared_us.unwrap() - fault.injected_us;
        assert!((5_000_000..5_200_000).contains(&held), "the offset did not lengthen the hold: {held}");
    }
}

#[test]
fn a_late_part_that_hurts_is_refuted_and_one_that_never_bites_is_missed_at_the_end() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)]);
    judge(spec, refuted("`during(errors == 0)`"), |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, sound(chaos), weak(chaos)).await?;
            chaos.inject(parallel((a.fault(), b.fault().after(secs(3))))).hold(secs(5)).await
        })
    });
    judge(spec, inconclusive("was no longer seen at its end: planted fault after 3 s: 0 requests hit"), |chaos| {
        Box::pin(async move {
            let [a, _, idle] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(parallel((a.fault(), idle.fault().after(secs(3))))).hold(secs(5)).await
        })
    });
}

#[test]
fn flapping_that_is_withstood_passes_and_counts_its_cycles() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(errors == 0)] [recovery <= 2s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let [a, ..] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(flapping(secs(1), millis(500), move || a.fault())).hold(millis(5_800)).await
        })
    });
    for run in runs {
        let fault = &run.journal.faults[0];
        // Harm at 0, 1.5, 3 and 4.5 s.
        assert_eq!((run.harm.injected, run.harm.undone), (4, 4), "{}", fault.evidence);
        assert!(fault.evidence.starts_with("4 of 4 cycles hit"), "{}", fault.evidence);
        assert!(fault.hits.is_some_and(|hits| (190..215).contains(&hits)), "{:?}", fault.hits);
        assert!(windows(&run.journal).iter().all(|window| (500..600).contains(window)), "{:?}", windows(&run.journal));
    }
}

/// It needs 1 s to come back, and gets 500 ms.
#[test]
fn flapping_that_leaves_no_time_to_recover_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(a.success_rate >= 30%)]);
    judge(spec, refuted("`during(a.success_rate >= 30%)`"), |chaos| {
        Box::pin(async move {
            let [a, ..] = two(chaos, weak(chaos), sound(chaos)).await?;
            chaos.inject(flapping(millis(500), millis(500), move || a.fault())).hold(secs(6)).await
        })
    });
}

#[test]
fn flapping_that_never_bites_is_inconclusive_and_single_silent_cycles_are_told() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(b.errors == 0)]);
    let says = "`flapping, 500 ms down and 1 s up: planted fault` was not confirmed within 5 s: 0 of 3 cycles hit \
                (no evidence in cycle 1: 0 requests hit, cycle 2: 0 requests hit";
    judge(spec, inconclusive(says), |chaos| {
        Box::pin(async move {
            let [_, _, idle] = two(chaos, sound(chaos), sound(chaos)).await?;
            chaos.inject(flapping(secs(1), millis(500), move || idle.fault())).hold(secs(6)).await
        })
    });
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let [a, _, idle] = two(chaos, sound(chaos), sound(chaos)).await?;
            let mut cycle = 0;
            let faults = move || {
                cycle += 1;
                if cycle == 2 { idle.fault() } else { a.fault() }
            };
            chaos.inject(flapping(secs(1), millis(500), faults)).hold(secs(4)).await
        })
    });
    for run in runs {
        let evidence = &run.journal.faults[0].evidence;
        assert!(evidence.starts_with("2 of 3 cycles hit (no evidence in cycle 2: 0 requests hit)"), "{evidence}");
    }
}

/// A service whose answers take as long as its fault says, and that fault.
fn level(chaos: &Chaos, breaks_above: std::time::Duration) -> (Service, impl FnOnce() -> Level) {
    let level = Arc::new(Mutex::new((millis(0), 0_u64)));
    let seen = level.clone();
    let service = Service::new(chaos, move |_, random| {
        let mut level = seen.lock().unwrap();
        level.1 += u64::from(level.0 > millis(0));
        if level.0 > breaks_above {
            failed(ErrorClass::Timeout, millis(50))
        } else {
            ok(level.0 + millis(random.u64(5..15)))
        }
    });
    (service, move || level)
}

type Level = Arc<Mutex<(std::time::Duration, u64)>>;

fn rising(
    level: Level,
    fails_above: std::time::Duration,
) -> chaos_runtime::fault::compose::AdjustableFault<std::time::Duration, EndsByUndo> {
    let (set, undone, seen) = (level.clone(), level.clone(), level);
    let fault = fault_with("answers are late by", millis(1), move |value: std::time::Duration| {
        let set = set.clone();
        async move {
            if value > fails_above {
                return Err(chaos::Error::new("it stays where it is"));
            }
            set.lock().unwrap().0 = value;
            Ok(())
        }
    });
    let undo = Undo::in_process("no delay", move || {
        let undone = undone.clone();
        async move {
            undone.lock().unwrap().0 = millis(0);
            chaos::Result::Ok(())
        }
    });
    fault.undo(undo).confirm(move || {
        let hits = seen.lock().unwrap().1;
        Evidence::counted(hits, format!("{hits} answers delayed"))
    })
}

#[test]
fn a_ramp_moves_linearly_and_stays_at_its_end() {
    let spec = spec!(steady [success_rate >= 99%] [p99 < 50ms]; hypothesis [during(p99 < 300ms)] [recovery <= 2s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let (service, level) = level(chaos, secs(9));
            chaos.load(service.requests().rate(per_second(100))).await?;
            let level = level();
            let watched = level.clone();
            let rising = rising(level, secs(9)).ramp(millis(0)..=millis(200), secs(4));
            let started = tokio::time::Instant::now();
            let injecting = chaos.inject(rising).start().await?;
            assert!(started.elapsed() < secs(9));
            // Confirmed a little after its beginning, at which it was zero.
            let mut before = watched.lock().unwrap().0;
            for _ in 0..30 {
                tokio::time::sleep(millis(100)).await;
                let now = watched.lock().unwrap().0;
                let step = now - before;
                assert!((millis(4)..=millis(6)).contains(&step), "5 ms each 100 ms, not {step:?}");
                before = now;
            }
            tokio::time::sleep(secs(3)).await;
            assert_eq!(watched.lock().unwrap().0, millis(200));
            injecting.clear().await?;
            assert_eq!(watched.lock().unwrap().0, millis(0));
            tokio::time::sleep(secs(1)).await;
            assert_eq!(watched.lock().unwrap().0, millis(0));
            Ok(())
        })
    });
    for run in runs {
        let fault = &run.journal.faults[0];
        assert!(fault.what.ends_with(", moved from 0 s to 200 ms within 4 s"), "{}", fault.what);
        assert!(fault.evidence.ends_with("; at 200 ms"), "{}", fault.evidence);
        assert!(parts(&run.journal).iter().any(|(_, _, text)| *text == "200 ms is reached"));
    }
}

#[test]
fn a_ramp_that_passes_what_can_be_borne_is_refuted() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 99%)]);
    judge(spec, refuted("`during(success_rate >= 99%)`"), |chaos| {
        Box::pin(async move {
            let (service, level) = level(chaos, millis(150));
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(rising(level(), secs(9)).ramp(millis(0)..=millis(200), secs(4))).hold(secs(5)).await
        })
    });
}

#[test]
fn a_ramp_that_sticks_or_never_bites_is_inconclusive() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(success_rate >= 99%)]);
    let runs = judge(spec, inconclusive("failed to set "), |chaos| {
        Box::pin(async move {
            let (service, level) = level(chaos, secs(9));
            chaos.load(service.requests().rate(per_second(100))).await?;
            chaos.inject(rising(level(), millis(100)).ramp(millis(0)..=millis(200), secs(4))).hold(secs(5)).await
        })
    });
    assert!(runs.iter().all(|run| run.journal.reasons[0].message.contains("it stays where it is")));
    judge(spec, inconclusive("was not confirmed within 5 s: 0 answers delayed; at 200 ms"), |chaos| {
        Box::pin(async move {
            let (_, level) = level(chaos, secs(9));
            let other = sound(chaos);
            chaos.load(other.requests().rate(per_second(100))).await?;
            chaos.inject(rising(level(), secs(9)).ramp(millis(0)..=millis(200), secs(4))).hold(secs(5)).await
        })
    });
}

#[test]
fn repeated_crashes_pass_hurt_or_never_bite() {
    let spec = spec!(steady [success_rate >= 99%]; hypothesis [during(a.error_rate < 25%)] [recovery <= 2s]);
    let runs = judge(spec, PASSED, |chaos| {
        Box::pin(async move {
            let [a, ..] = two(chaos, weak_for(chaos, millis(0)), sound(chaos)).await?;
            chaos.inject(repeated(3, secs(5), move || a.crash(millis(300)))).await
        })
    });
    assert!(runs.iter().all(|run| run.harm.injected == 3));
    judge(spec, refuted("`during(a.error_rate < 25%)`"), |chaos| {
        Box::pin(async move {
            let [a, ..] = two(chaos, weak_for(chaos, secs(3)), sound(chaos)).await?;
            chaos.inject(repeated(3, secs(5), move || a.crash(millis(300)))).await
        })
    });
    let says = "step 3, `planted crash`, was not confirmed within 5 s";
    judge(spec, inconclusive(says), |chaos| {
        Box::pin(async move {
            let [a, _, idle] = two(chaos, weak_for(chaos, millis(0)), sound(chaos)).await?;
            let mut crashes = vec![idle.crash(millis(300)), a.crash(millis(300))];
            chaos.inject(repeated(2, secs(5), move || crashes.pop().expect("there are two"))).await
        })
    });
}

/// Fails while its fault is on, and so much longer.
fn weak_for(chaos: &Chaos, longer: std::time::Duration) -> Service {
    Service::new(chaos, move |now, random| match now.faulted_or_within(longer) {
        true => failed(ErrorClass::Refused, millis(5)),
        false => fine(random),
    })
}

/// A fault with a name of its own.
struct Named(&'static str, ClosureFault<EndsByUndo>);

impl Fault for Named {
    fn describe(&self) -> String {
        self.0.into()
    }

    fn target(&self) -> String {
        Fault::target(&self.1)
    }

    fn undo(&self) -> Undo {
        self.1.undo()
    }

    async fn inject(&mut self, cx: &chaos_runtime::fault::InjectCx) -> chaos::Result {
        self.1.inject(cx).await
    }

    async fn evidence(&mut self) -> chaos::Result<Evidence> {
        self.1.evidence().await
    }
}

impl chaos_runtime::fault::Held for Named {}

/// All compositions in one another.
fn everything() -> (&'static Spec, Body) {
    let spec = spec!(steady [success_rate >= 90%]; hypothesis [during(error_rate < 90%)] [recovery <= 20s]);
    (spec, |chaos| {
        Box::pin(async move {
            let [a, b, _] = two(chaos, weak_for(chaos, millis(200)), sound(chaos)).await?;
            let (slow, level) = level(chaos, secs(9));
            chaos.load(slow.requests().rate(per_second(50)).named("slow")).await?;
            let flapping = flapping(millis(400), millis(300), move || a.fault());
            let ramp = rising(level(), secs(9)).ramp(millis(0)..=millis(200), secs(3));
            let other = b.clone();
            let crashes = repeated(2, secs(1), move || other.crash(millis(300)));
            let at_once = parallel((flapping, ramp, b.fault().held_for(millis(700)).after(secs(1))));
            chaos.inject(sequence().hold(at_once, secs(4)).pause(millis(500)).once(crashes)).await
        })
    })
}

#[test]
fn what_is_composed_can_be_composed_and_the_same_seed_gives_the_same_journal() {
    let (spec, body) = everything();
    for seed in [1, 2, 3] {
        let journal = || simulate(spec, seed, body);
        let first = journal();
        assert_eq!(first.reasons, [], "seed {seed}");
        let [a, b] = [first, journal()].map(|journal| serde_json::to_string_pretty(&journal).unwrap());
        let difference = a.lines().zip(b.lines()).find(|(a, b)| a != b);
        assert!(difference.is_none() && a.len() == b.len(), "seed {seed}: {difference:?}");
    }
}

/// The body is cut off at any moment: it returns, panics, or an error comes.
#[test]
fn bodies_that_end_in_the_middle_leave_nothing_on() {
    static SPEC: Spec = BASE;
    let mut in_the_middle = 0;
    for seed in 0..200 {
        let run = crate::judge::run(
            &SPEC,
            |chaos| {
                Box::pin(async move {
                    let mut random = fastrand::Rng::with_seed(chaos.seed());
                    let [a, b, _] = two(chaos, sound(chaos), sound(chaos)).await?;
                    let (c, d) = (a.clone(), b.clone());
                    let flaps = flapping(millis(200), millis(300), move || c.fault());
                    let faults = sequence().hold(parallel((flaps, d.fault().after(millis(700)))), secs(2));
                    let faults = faults.pause(millis(300)).hold(a.fault(), secs(1));
                    let at = tokio::time::sleep(millis(random.u64(0..14_000)));
                    let ended = tokio::select! {
                        injected = chaos.inject(faults).into_future() => return injected,
                        () = at => random.u8(..3),
                    };
                    match ended {
                        0 => Ok(()),
                        1 => Err(chaos::Error::new("enough")),
                        _ => panic!("enough"),
                    }
                })
            },
            seed,
        );
        let undone = &run.journal.rollback;
        assert_eq!(undone.len(), run.journal.faults.len(), "seed {seed}");
        assert!(undone.iter().all(|undo| undo.error.is_none()), "seed {seed}: {undone:?}");
        // Parts that were never injected are undone too.
        assert!(
            run.harm.undone >= run.harm.injected && run.harm.undone <= run.harm.injected + 2,
            "seed {seed}: {:?}",
            run.harm
        );
        in_the_middle += u32::from(!undone.is_empty());
    }
    assert!(in_the_middle > 50, "only {in_the_middle} of 200 were cut off while faults were on");
}
