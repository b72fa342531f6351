use super::*;
use crate::clock::processor_time;

struct Noise(fastrand::Rng);

impl Noise {
    fn normal(&mut self) -> f64 {
        // Box–Muller
        (-2.0 * (1.0 - self.0.f64()).ln()).sqrt() * (std::f64::consts::TAU * self.0.f64()).cos()
    }

    /// Student's t with two degrees of freedom: its variance is infinite.
    fn heavy(&mut self) -> f64 {
        let chi2 = -2.0 * (1.0 - self.0.f64()).ln();
        self.normal() / (chi2 / 2.0).sqrt()
    }

    fn series(&mut self, kind: &str, count: usize) -> Vec<f64> {
        let phi = match kind {
            "dependent 0.2" => 0.2,
            "dependent 0.5" => 0.5,
            _ => 0.0,
        };
        let mut state = self.normal();
        let mut value = |noise: &mut Self| match kind {
            "normal" => noise.normal(),
            "log-normal" => (0.5 * noise.normal()).exp(),
            "heavy" => noise.heavy(),
            "uniform" => noise.0.f64(),
            "mostly the same" => {
                if noise.0.f64() < 0.1 {
                    99.9
                } else {
                    100.0
                }
            }
            "one of three" => f64::from(noise.0.u8(0..3)),
            "failing at times" => {
                if noise.0.f64() < 0.05 {
                    f64::INFINITY
                } else {
                    noise.normal()
                }
            }
            _ => {
                state = phi * state + (1.0 - phi * phi).sqrt() * noise.normal();
                state
            }
        };
        (0..count).map(|_| value(self)).collect()
    }
}

/// The share of stationary series in which a shift is seen.
fn false_alarms(kind: &str, count: usize, runs: usize) -> f64 {
    let mut noise = Noise(fastrand::Rng::with_seed(7));
    let alarms = (0..runs).filter(|_| !shifts(&noise.series(kind, count)).is_empty()).count();
    alarms as f64 / runs as f64
}

/// Each is looked at as a whole, at two levels and in windows, so somewhat more than the level of one test may come.
#[test]
fn it_does_not_cry_wolf() {
    for kind in ["normal", "log-normal", "heavy", "uniform", "mostly the same", "one of three", "failing at times"] {
        for (count, runs) in [(9, 500), (30, 500), (200, 150)] {
            let share = false_alarms(kind, count, runs);
            println!("{kind}, {count} runs: {:.2} % of {runs}", 100.0 * share);
            // Twice the level, and what chance adds to the count.
            assert!(share * runs as f64 <= 2.0 * ALPHA * runs as f64 + 2.0, "{kind}, {count} runs: {share}");
        }
    }
}

#[test]
fn runs_that_resemble_their_neighbours_are_no_shift() {
    for (kind, most) in [("dependent 0.2", 0.015), ("dependent 0.5", 0.04)] {
        for (count, runs) in [(30, 400), (200, 150)] {
            let share = false_alarms(kind, count, runs);
            println!("{kind}, {count} runs: {:.2} % of {runs}", 100.0 * share);
            assert!(share <= most, "{kind}, {count} runs: {share}");
        }
    }
}

#[test]
fn what_never_changes_has_no_shift() {
    for value in [0.0, 100.0, f64::INFINITY, f64::NEG_INFINITY, -3.5] {
        assert_eq!(shifts(&[value; 200]), []);
    }
    assert_eq!(shifts(&[]), []);
    assert_eq!(shifts(&[1.0]), []);
    assert_eq!(shifts(&[1.0, 1.0, 1.0, 9.0, 9.0, 9.0]), [], "too few to tell");
}

/// How often a step is found, and how far from where it was planted, in series with noise of 5 %.
fn power(step: f64, before: usize, after: usize, spread: f64) -> (f64, f64) {
    let mut noise = Noise(fastrand::Rng::with_seed(11));
    let runs = 60;
    let (mut found, mut errors) = (0, 0);
    for _ in 0..runs {
        let values: Vec<f64> =
            (0..before + after).map(|i| spread * noise.normal() + if i < before { 0.0 } else { step.ln() }).collect();
        let nearest = shifts(&values).iter().map(|shift| shift.index.abs_diff(before)).min();
        if let Some(error) = nearest {
            found += 1;
            errors += error;
        }
    }
    (f64::from(found) / f64::from(runs), errors as f64 / f64::from(found.max(1)))
}

#[test]
fn steps_are_found_where_they_are() {
    // Step, runs before, runs after, noise, found at least, off by at most on average.
    let cases = [
        (1.1, 50, 50, 0.05, 0.98, 2.0),
        (1.1, 100, 10, 0.05, 0.6, 3.0),
        (1.4, 50, 5, 0.05, 0.9, 0.2),
        (1.4, 20, 20, 0.05, 0.98, 0.1),
        (1.4, 100, 100, 0.15, 0.98, 1.0),
        (2.0, 8, 8, 0.05, 0.98, 0.1),
        (2.0, 100, 5, 0.15, 0.98, 0.2),
        (0.7, 50, 20, 0.05, 0.98, 0.1),
    ];
    for (step, before, after, spread, least, most) in cases {
        let (found, off) = power(step, before, after, spread);
        println!(
            "×{step} after {before} of {}, noise {spread}: {:.0} % found, off by {off:.2}",
            before + after,
            100.0 * found
        );
        assert!(found >= least && off <= most, "×{step} {before}+{after}: {found}, {off}");
    }
}

#[test]
fn several_shifts_are_told_apart_and_a_bump_is_two() {
    let mut noise = Noise(fastrand::Rng::with_seed(3));
    let levels = [(60, 0.0), (20, 1.0), (50, 0.0), (40, 2.0), (30, 1.5)];
    let values: Vec<f64> = levels
        .iter()
        .flat_map(|&(count, level)| (0..count).map(move |_| level))
        .map(|l| l + 0.1 * noise.normal())
        .collect();
    let found: Vec<usize> = shifts(&values).iter().map(|shift| shift.index).collect();
    assert_eq!(found, [60, 80, 130, 170]);
}

#[test]
fn a_rise_and_a_fall_that_hide_each_other_are_seen_in_windows() {
    let mut noise = Noise(fastrand::Rng::with_seed(5));
    let values: Vec<f64> = (0..800).map(|i| if (390..410).contains(&i) { 2.0 } else { 0.0 } + noise.normal()).collect();
    let found = shifts(&values);
    assert!(found.len() == 2 && found[0].index.abs_diff(390) < 5 && found[1].index.abs_diff(410) < 5, "{found:?}");
}

#[test]
fn one_absurd_run_is_no_shift() {
    let mut noise = Noise(fastrand::Rng::with_seed(13));
    let mut values = noise.series("normal", 100);
    values[50] = 1e9;
    values[98] = f64::INFINITY;
    assert_eq!(shifts(&values), []);
}

#[test]
fn failures_for_good_are_a_shift() {
    let mut noise = Noise(fastrand::Rng::with_seed(17));
    let mut values = noise.series("normal", 40);
    values.extend([f64::INFINITY; 10]);
    let found = shifts(&values);
    assert!(found.len() == 1 && found[0].index == 40 && found[0].p < ALPHA, "{found:?}");
}

#[test]
fn the_same_series_gives_the_same_answer() {
    let mut noise = Noise(fastrand::Rng::with_seed(19));
    let mut values = noise.series("normal", 300);
    values[150..].iter_mut().for_each(|value| *value += 1.0);
    assert_eq!(shifts(&values), shifts(&values));
}

#[test]
fn the_tail_is_not_below_the_permutations() {
    // Miller and Siegmund err on the safe side for short series.
    let mut noise = Noise(fastrand::Rng::with_seed(23));
    for count in [60, 400] {
        let scored = Scored::of(&noise.series("normal", count)).unwrap();
        let mut scores = scored.scores.clone();
        let mut largest: Vec<f64> = (0..4_000)
            .map(|_| {
                noise.0.shuffle(&mut scores);
                let mut sum: f64 = scores[..LEAST_RUNS - 1].iter().sum();
                let statistics = scores[LEAST_RUNS - 1..].iter().zip(&scored.weights).map(|(score, weight)| {
                    sum += score;
                    sum.abs() * weight
                });
                statistics.fold(0.0, f64::max)
            })
            .collect();
        largest.sort_by(f64::total_cmp);
        for share in [0.05, 0.01] {
            let bound = largest[(4_000.0 * (1.0 - share)) as usize];
            let told = tail(bound, count);
            println!("{count}: {share} at {bound:.2}, told {told:.4}");
            assert!(told > 0.7 * share && told < 4.0 * share, "{count}: {share} at {bound}, told {told}");
        }
    }
}

/// Ten thousand runs with a shift in the middle, and without any.
#[test]
fn ten_thousand_runs_take_well_under_a_second() {
    let mut noise = Noise(fastrand::Rng::with_seed(29));
    for step in [0.0, 0.5] {
        let values: Vec<f64> = (0..10_000).map(|i| noise.normal() + if i < 5_000 { 0.0 } else { step }).collect();
        let start = processor_time();
        let found = shifts(&values);
        let took = processor_time() - start;
        println!("10,000 values, step {step}: {took:?}, {found:?}");
        assert_eq!(found.len(), usize::from(step > 0.0));
        assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    }
}

#[test]
fn what_drifts_for_ever_is_told_in_a_few_steps_and_soon() {
    let values: Vec<f64> = (0..10_000).map(f64::from).collect();
    let start = processor_time();
    let found = shifts(&values);
    let took = processor_time() - start;
    println!("10,000 values that drift: {took:?}, {} shifts", found.len());
    assert!(!found.is_empty() && found.len() <= MOST);
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
}
