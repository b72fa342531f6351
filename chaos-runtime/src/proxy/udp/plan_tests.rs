use super::*;
use crate::proxy::delay::Spread;
use crate::units::{millis, percent};

fn plan(harms: &[(Harm, u64)]) -> (Plan, Vec<Arc<Tally>>) {
    let entries: Vec<Entry> = harms
        .iter()
        .map(|&(harm, seed)| Entry {
            effect: Effect { harm, directions: Directions::Downstream, seed },
            tally: Tally::new(),
        })
        .collect();
    (Plan::of(&entries), entries.into_iter().map(|entry| entry.tally).collect())
}

fn latency(delay: u64, jitter: u64) -> Harm {
    Harm::Latency(Delay { typical: millis(delay), spread: Spread::Uniform(millis(jitter)) })
}

fn mark(number: u64) -> Mark {
    Mark { session: number % 7, direction: Direction::Downstream, number }
}

fn fates(harm: Harm, seed: u64, n: u64) -> Vec<Fate> {
    let (plan, _) = plan(&[(harm, seed)]);
    (0..n).map(|i| plan.lane(Direction::Downstream).meet(mark(i), &mut [1])).collect()
}

#[test]
fn a_share_of_ten_percent_is_within_its_binomial_bounds_and_the_seed_decides_which() {
    // 99.9 % of all Binomial(10,000, 0.1) lie within 1,000 ± 3.29 σ, σ = 30.
    for seed in [1, 42, 7_000, u64::MAX] {
        let lost = fates(Harm::Loss(percent(10)), seed, 10_000);
        let count = lost.iter().filter(|fate| **fate == Fate::Lost).count();
        assert!((901..=1_099).contains(&count), "{count} of 10,000 by seed {seed}");
        assert_eq!(lost, fates(Harm::Loss(percent(10)), seed, 10_000));
        assert_ne!(lost, fates(Harm::Loss(percent(10)), seed.wrapping_add(1), 10_000));
    }
}

#[test]
fn shares_of_nothing_and_of_all_are_exact() {
    assert!(fates(Harm::Loss(percent(0)), 3, 10_000).iter().all(|fate| *fate == Fate::Passes(Duration::ZERO)));
    assert!(fates(Harm::Loss(percent(100)), 3, 10_000).iter().all(|fate| *fate == Fate::Lost));
    assert!(fates(Harm::Down, 3, 10_000).iter().all(|fate| *fate == Fate::Lost));
}

#[test]
fn sessions_and_directions_draw_apart() {
    let seen = |session, direction| -> Vec<bool> {
        (0..64).map(|number| Mark { session, direction, number }.unit(5) < 0.5).collect()
    };
    let first = seen(0, Direction::Upstream);
    assert_ne!(first, seen(0, Direction::Downstream));
    assert_ne!(first, seen(1, Direction::Upstream));
    assert_eq!(first, seen(0, Direction::Upstream));
}

#[test]
fn a_corrupted_datagram_differs_in_one_byte() {
    let (plan, tallies) = plan(&[(Harm::Corruption(percent(100)), 9)]);
    let lane = plan.lane(Direction::Downstream);
    let mut places = [0; 16];
    for i in 0..1_600 {
        let mut bytes = [i as u8; 16];
        assert_eq!(lane.meet(mark(i), &mut bytes), Fate::Passes(Duration::ZERO));
        let changed: Vec<_> = (0..16).filter(|at| bytes[*at] != i as u8).collect();
        assert_eq!(changed.len(), 1, "{bytes:?}");
        places[changed[0]] += 1;
    }
    assert!(places.iter().all(|n| *n > 50), "every place has its turn: {places:?}");
    lane.meet(mark(0), &mut []);
    assert_eq!((tallies[0].hits(), tallies[0].seen()), (1_600, 1_600), "an empty one is not counted");
}

#[test]
fn what_is_lost_does_not_come_to_the_next_fault() {
    let (plan, tallies) = plan(&[(latency(5, 0), 1), (Harm::Loss(percent(50)), 2), (Harm::Loss(percent(50)), 3)]);
    let lane = plan.lane(Direction::Downstream);
    (0..10_000).for_each(|i| _ = lane.meet(mark(i), &mut [0]));
    let [latency, first, second] = [0, 1, 2].map(|i| (tallies[i].hits(), tallies[i].seen()));
    assert_eq!(first.1, 10_000);
    assert_eq!(second.1, 10_000 - first.0);
    assert_eq!(latency, (second.1 - second.0, second.1 - second.0));
}

#[test]
fn latencies_add_and_jitter_stays_within_its_bounds() {
    let (plan, _) = plan(&[(latency(100, 0), 1), (latency(50, 20), 2)]);
    let lane = plan.lane(Direction::Downstream);
    let delays: Vec<_> = (0..1_000).map(|i| lane.delay(mark(i))).collect();
    assert!(delays.iter().all(|delay| (millis(130)..=millis(170)).contains(delay)));
    assert!(delays.iter().any(|delay| *delay < millis(135)) && delays.iter().any(|delay| *delay > millis(165)));
    assert_eq!(lane.meet(mark(3), &mut [0]), Fate::Passes(delays[3]), "a second look draws the same");
}

#[test]
fn only_the_directions_that_are_meant_have_faults() {
    let (plan, _) = plan(&[(Harm::Down, 0)]);
    assert!(plan.lane(Direction::Upstream).is_clear());
    assert!(!plan.lane(Direction::Downstream).is_clear());
    assert!(Plan::none().lane(Direction::Downstream).is_clear());
}
