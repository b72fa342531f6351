//! The undo comes at any moment: between two parts, in the middle of an injection, in that of another undo, twice.

use super::*;
use crate::Result;
use crate::fault::{DynFault, Erased, Evidence, Fault, Held, InjectCx, OneShot};
use crate::rollback::{Undo, carry_out};
use crate::units::{millis, secs};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::sleep;

/// What became of a part.
#[derive(Debug, Default, Clone)]
struct Fate {
    begun: u32,
    on: bool,
    undone: u32,
    /// What must never be.
    wrong: Option<&'static str>,
}

/// All parts that were ever made.
#[derive(Clone, Default)]
struct World(Arc<Mutex<Vec<Fate>>>);

impl World {
    /// A part that takes so long to inject, and to undo.
    fn part(&self, injecting: Duration, undoing: Duration) -> Part {
        let mut fates = self.0.lock().unwrap();
        fates.push(Fate::default());
        Part { world: self.clone(), index: fates.len() - 1, injecting, undoing }
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Fate)) {
        change(&mut self.0.lock().unwrap()[index]);
    }

    fn fates(&self) -> Vec<Fate> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Part {
    world: World,
    index: usize,
    injecting: Duration,
    undoing: Duration,
}

impl Fault for Part {
    fn describe(&self) -> String {
        format!("part {}", self.index)
    }

    fn target(&self) -> String {
        "world".into()
    }

    fn undo(&self) -> Undo {
        let part = self.clone();
        Undo::in_process("turn it off", move || {
            let part = part.clone();
            async move {
                sleep(part.undoing).await;
                part.world.change(part.index, |fate| {
                    fate.on = false;
                    fate.undone += 1;
                });
                Ok(())
            }
        })
    }

    async fn inject(&mut self, _cx: &InjectCx) -> Result<()> {
        let too_late = |fate: &mut Fate| {
            if fate.undone > 0 {
                fate.wrong = Some("harm after its undo");
            }
        };
        self.world.change(self.index, |fate| {
            too_late(fate);
            fate.begun += 1;
            fate.on = true;
        });
        sleep(self.injecting).await;
        self.world.change(self.index, too_late);
        Ok(())
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        let on = self.world.fates()[self.index].on;
        Ok(if on { Evidence::seen("on") } else { Evidence::none("off") })
    }
}

impl Held for Part {}

struct Shot(Part);

impl Fault for Shot {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn target(&self) -> String {
        self.0.target()
    }

    fn undo(&self) -> Undo {
        self.0.undo()
    }

    async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.0.inject(cx).await
    }

    async fn evidence(&mut self) -> Result<Evidence> {
        self.0.evidence().await
    }
}

impl OneShot for Shot {}

/// Every composition, and compositions of compositions, made of parts of random slowness.
fn compositions(world: &World, random: &mut fastrand::Rng) -> Vec<Box<dyn DynFault>> {
    let seed = random.u64(..);
    let part = {
        let (world, mut random) = (world.clone(), fastrand::Rng::with_seed(seed));
        move || world.part(millis(random.u64(0..400)), millis(random.u64(0..400)))
    };
    let mut p = part.clone();
    let rising = {
        let (on, off) = (world.part(secs(0), secs(0)), world.part(secs(0), secs(0)));
        let undo = on.undo();
        drop(off);
        fault_with("level", 0.0, move |_: f64| {
            let mut on = on.clone();
            async move { on.inject(&InjectCx::new(0, true, None)).await }
        })
        .undo(undo)
    };
    vec![
        Box::new(Erased(sequence().hold(p(), secs(1)).pause(millis(500)).once(Shot(p())).hold(p(), secs(2)))),
        Box::new(Erased(parallel((p(), p().after(secs(2)), p().held_for(secs(1)), Shot(p()))))),
        Box::new(Erased(flapping(millis(300), millis(700), part.clone()))),
        Box::new(Erased(repeated(3, millis(300), {
            let mut part = part.clone();
            move || Shot(part())
        }))),
        Box::new(Erased(rising.ramp(0.0..=1.0, secs(3)))),
        Box::new(Erased(p().after(secs(1)))),
        Box::new(Erased(
            sequence().hold(flapping(millis(200), millis(300), part), secs(2)).hold(parallel(vec![p(), p()]), secs(1)),
        )),
    ]
}

/// Injects it and asks for its undo somewhere within 8 s, perhaps twice at once. Nobody may find harm afterwards.
async fn undone_somewhere(mut fault: Box<dyn DynFault>, world: &World, random: &mut fastrand::Rng, context: &str) {
    let cx = InjectCx::new(random.u64(..), true, None);
    fault.prepare(cx.clone()).await.unwrap();
    let undo = fault.undo();
    let (at, drop_the_injection) = (millis(random.u64(0..8_000)), random.bool());
    // The engine's way of cancelling a body: its future is dropped where it stands.
    let body = async {
        fault.inject(cx).await?;
        loop {
            fault.evidence().await?;
            sleep(millis(10)).await;
        }
        #[allow(unreachable_code)] // The type.
        Ok::<(), crate::Error>(())
    };
    if drop_the_injection {
        let _ = tokio::time::timeout(at, body).await;
        undo_as_often_as(random.u32(1..4), &undo).await;
    } else {
        tokio::join!(async { drop(tokio::time::timeout(secs(20), body).await) }, async {
            sleep(at).await;
            undo_as_often_as(random.u32(1..4), &undo).await;
        });
    }
    sleep(secs(30)).await;
    for (index, fate) in world.fates().iter().enumerate() {
        let context = || format!("{context}, undone after {at:?}: part {index}: {fate:?}");
        assert!(!fate.on && fate.wrong.is_none(), "{}", context());
        assert!(fate.undone <= 1, "{}", context());
        assert!(fate.begun == 0 || fate.undone == 1, "{}", context());
    }
}

async fn undo_as_often_as(times: u32, undo: &Undo) {
    let undone = futures_util::future::join_all((0..times).map(|_| carry_out(undo))).await;
    assert!(undone.iter().all(|(_, outcome)| outcome.is_ok()), "{undone:?}");
}

#[test]
fn a_thousand_undos_at_any_moment_leave_nothing_on() {
    let mut harmed = 0;
    for seed in 0..1_000 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut random = fastrand::Rng::with_seed(seed);
            let world = World::default();
            let mut all = compositions(&world, &mut random);
            let which = seed as usize % all.len();
            let fault = all.swap_remove(which);
            drop(all);
            undone_somewhere(fault, &world, &mut random, &format!("seed {seed}, composition {which}")).await;
            harmed += world.fates().iter().filter(|fate| fate.begun > 0).count();
        });
    }
    assert!(harmed > 1_000, "only {harmed} parts were injected: little was proven");
}

#[tokio::test(start_paused = true)]
async fn an_injection_that_hangs_is_ended_by_the_undo() {
    let world = World::default();
    let mut fault =
        Erased(sequence().hold(world.part(secs(0), secs(0)), secs(1)).hold(world.part(secs(3_600), secs(0)), secs(1)));
    let cx = InjectCx::new(1, false, None);
    fault.0.prepare(&cx).await.unwrap();
    let undo = fault.0.undo();
    fault.0.inject(&cx).await.unwrap();
    sleep(secs(5)).await;
    assert!(world.fates()[1].on);
    let (attempts, outcome) = carry_out(&undo).await;
    assert_eq!((attempts, outcome.unwrap()), (1, None));
    sleep(secs(7_200)).await;
    let fates = world.fates();
    assert!(fates.iter().all(|fate| !fate.on && fate.undone == 1 && fate.wrong.is_none()), "{fates:?}");
}

#[tokio::test(start_paused = true)]
async fn a_part_whose_undo_fails_is_tried_again_by_itself_and_the_others_are_undone_once() {
    let world = World::default();
    let tries = Arc::new(Mutex::new(0));
    let counted = tries.clone();
    let stubborn = crate::fault::fault("stubborn", async || {}).undo(Undo::in_process("give up", move || {
        let counted = counted.clone();
        async move {
            *counted.lock().unwrap() += 1;
            Err(crate::Error::new("will not"))
        }
    }));
    let mut fault = Erased(parallel((world.part(secs(0), secs(0)), stubborn, world.part(secs(0), secs(0)))));
    let cx = InjectCx::new(1, true, None);
    let undo = fault.0.undo();
    fault.0.inject(&cx).await.unwrap();
    let (attempts, outcome) = carry_out(&undo).await;
    assert_eq!((attempts, *tries.lock().unwrap()), (1, 3));
    assert_eq!(outcome.unwrap_err().to_string(), "failed to undo `stubborn`: will not");
    assert!(world.fates().iter().all(|fate| fate.undone == 1 && !fate.on));
}
