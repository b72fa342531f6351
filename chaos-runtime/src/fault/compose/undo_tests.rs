//! What a composed fault writes down, and what it refuses.

use super::*;
use crate::fault::{ClosureFault, EndsByItself, EndsByUndo, Fault, InjectCx, fault};
use crate::rollback::{Recipe, Undo};
use crate::units::{millis, secs};
use std::time::Duration;

fn held(name: &str) -> ClosureFault<EndsByUndo> {
    fault(name, async || {}).undo(Undo::command("undo", [name]))
}

fn once(name: &str) -> ClosureFault<EndsByItself> {
    fault(name, async || {}).undo(Undo::command("undo", [name])).one_shot()
}

fn refused(fault: impl Fault, hold: Option<Duration>) -> String {
    let mut fault = fault;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let error = runtime.block_on(fault.prepare(&InjectCx::new(0, true, hold))).unwrap_err();
    assert!(error.help_text().is_some(), "no way out: {error}");
    error.message().to_owned()
}

#[test]
fn the_recipe_covers_every_part_flat_and_the_last_one_is_undone_first() {
    let inner = parallel((held("b"), held("c").after(secs(1))));
    let all = sequence().hold(held("a"), secs(1)).hold(inner, secs(3)).pause(secs(1)).once(once("d")).undo();
    let command = |name: &str| Recipe::Command { program: "undo".into(), args: vec![name.into()] };
    assert_eq!(*all.recipe(), Recipe::All { recipes: ["a", "b", "c", "d"].map(command).into() });
    assert_eq!(all.recipe().to_string(), "undo d; then undo c; then undo b; then undo a");
    assert_eq!(*sequence().hold(held("a"), secs(1)).undo().recipe(), command("a"));
    let one_shot = fault("gone", async || {}).one_shot();
    assert_eq!(*sequence().once(one_shot).undo().recipe(), Recipe::Nothing);
}

#[test]
fn a_recipe_of_recipes_is_read_as_it_was_written() {
    let recipe = parallel((held("a"), held("b"))).undo().recipe().clone();
    let text = serde_json::to_string(&recipe).unwrap();
    let a = r#"{"do":"command","program":"undo","args":["a"]}"#;
    assert_eq!(text, format!(r#"{{"do":"all","recipes":[{a},{}]}}"#, a.replace("\"a\"", "\"b\"")));
    assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
}

#[cfg(unix)]
#[tokio::test]
async fn a_recipe_that_fails_keeps_none_of_the_others_from_running() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    std::fs::write(&a, "").unwrap();
    std::fs::write(&b, "").unwrap();
    let recipes = vec![
        Recipe::Remove { path: a.clone() },
        Recipe::Command { program: "false".into(), args: vec![] },
        Recipe::Remove { path: b.clone() },
    ];
    let error = Recipe::all(recipes).run().await.unwrap_err();
    assert!(error.message().contains("`false` ended with exit status: 1"), "{error}");
    assert!(!a.exists() && !b.exists());
}

#[test]
fn nonsense_is_refused_before_any_harm() {
    let down = || held("x");
    let cases = [
        (refused(sequence(), None), "a sequence without a fault"),
        (refused(sequence().pause(secs(1)), None), "a sequence without a fault"),
        (refused(sequence().hold(down(), Duration::ZERO), None), "`x` of a sequence lasts for no time"),
        (
            refused(sequence().hold(down(), secs(1)).pause(Duration::ZERO), None),
            "a pause of a sequence lasts for no time",
        ),
        (refused(repeated(0, secs(1), || once("x")), None), "a sequence without a fault"),
        (refused(parallel(Vec::<ClosureFault<EndsByUndo>>::new()), None), "no faults at once"),
        (refused(flapping(Duration::ZERO, secs(1), down), None), "`x` flaps without a time up"),
        (refused(flapping(secs(1), Duration::ZERO, down), None), "`x` flaps without a time up"),
        (refused(flapping(secs(1), secs(1), down), Some(millis(1_999))), "`x` flaps in cycles of 2 s"),
        (refused(down().after(Duration::ZERO), None), "`x` begins after no time"),
        (refused(down().after(secs(3)), Some(secs(3))), "`x` begins after 3 s, and what it is part of is held for 3 s"),
        (refused(parallel((down(), down().after(secs(3)))), Some(secs(2))), "`x after 3 s`: `x` begins after 3 s"),
        (refused(level().ramp(1.0..=1.0, secs(3)), None), "a ramp from 1 to 1 moves nothing"),
        (refused(level().ramp(0.0..=1.0, millis(19)), None), "a ramp over 19 ms is none"),
        (refused(level().ramp(0.0..=1.0, secs(3)), Some(secs(2))), "a ramp over 3 s does not reach 1"),
    ];
    for (got, expected) in cases {
        assert!(got.contains(expected), "{got}\nis not: {expected}");
    }
}

fn level() -> AdjustableFault<f64, EndsByUndo> {
    fault_with("level", 0.0, async |_: f64| {}).undo(Undo::nothing())
}

#[test]
fn parts_draw_seeds_of_their_own_by_their_place() {
    use std::sync::{Arc, Mutex};
    struct Drawn(Arc<Mutex<Vec<u64>>>);
    impl Fault for Drawn {
        fn describe(&self) -> String {
            "drawn".into()
        }
        fn target(&self) -> String {
            "drawn".into()
        }
        fn undo(&self) -> Undo {
            Undo::nothing()
        }
        async fn inject(&mut self, cx: &InjectCx) -> crate::Result<()> {
            self.0.lock().unwrap().push(cx.seed);
            Ok(())
        }
        async fn evidence(&mut self) -> crate::Result<crate::fault::Evidence> {
            Ok(crate::fault::Evidence::seen("drawn"))
        }
    }
    let drawn = |seed: u64| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut all = parallel((0..9).map(|_| Drawn(seen.clone())).collect::<Vec<_>>());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(all.inject(&InjectCx::new(seed, true, None))).unwrap();
        std::mem::take(&mut *seen.lock().unwrap())
    };
    assert_eq!(drawn(7), drawn(7));
    let mut all = [drawn(7), drawn(8)].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 18);
}

/// Each cycle's undo is another command here. What the ledger is told, and when.
#[tokio::test(start_paused = true)]
async fn what_a_later_cycle_needs_is_written_down_before_it_is_injected() {
    use crate::{Error, Result};
    use std::sync::{Arc, Mutex};
    let log = Arc::new(Mutex::new(Vec::<String>::new()));
    let note = {
        let log = log.clone();
        move |text: String| log.lock().unwrap().push(text)
    };
    let (mut cycle, injected) = (0, note.clone());
    let make = move || {
        cycle += 1;
        let (cycle, injected) = (cycle, injected.clone());
        // A live half, as no process of the machine's can be waited for on a paused clock.
        let undo = Undo::command("true", [cycle.to_string()]).live(|| async { Ok(()) });
        fault("x", async move || injected(format!("injected {cycle}"))).undo(undo)
    };
    // Within another one, so that the word is passed on; the ledger refuses the fourth.
    let mut fault = parallel((held("a"), flapping(secs(1), secs(1), make)));
    let mut cx = InjectCx::new(1, true, None);
    fault.prepare(&cx).await.unwrap();
    let undo = fault.undo();
    let written = note.clone();
    cx.around.amend_by(move |recipe| -> Result<()> {
        if recipe.to_string().starts_with("true 4") {
            return Err(Error::new("the disk is full"));
        }
        written(format!("written: {recipe}"));
        Ok(())
    });
    note(format!("written: {}", undo.recipe()));
    fault.inject(&cx).await.unwrap();
    tokio::time::sleep(secs(10)).await;
    let said = log.lock().unwrap().clone();
    let written = |cycle: u32| format!("written: true {cycle}; then undo a");
    let injected = |cycle: u32| format!("injected {cycle}");
    assert_eq!(said, [written(1), injected(1), written(2), injected(2), written(3), injected(3)]);
    let evidence = fault.evidence().await.unwrap();
    assert!(!evidence.is_seen() && evidence.text().ends_with("cycle 4: the disk is full"), "{}", evidence.text());
}
