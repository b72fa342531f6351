//! Where a series of values shifts for good.
//!
//! As E-divisive (Matteson and James, "A nonparametric approach for multiple change point analysis of multivariate
//! data", Journal of the American Statistical Association 2014) a series is divided where two parts differ most, that is
//! tested by permutation, and both parts are looked at in the same way. Apache Otava (Fleming et al., "Hunter: Using
//! change point detection to hunt for performance regressions", ICPE 2023) puts Student's test in place of the
//! permutation, which forgets that the best of all splits was picked, and that run times have heavy tails. Here:
//!
//! - Values are scored: distance from the median in units of the median absolute deviation, cut off at three, so that
//!   one absurd run is no more than a bad one. Where most values are equal, ranks are the scores.
//! - A split's statistic is the difference of the mean scores, standardised; the largest over all splits counts. Its
//!   p-value is the share of permutations of the same scores with a statistic as large, which is exact whatever the
//!   distribution, as long as runs don't depend on each other. Above a thousand runs, and far from the level: the tail approximation of Miller
//!   and Siegmund, "Maximally selected chi square statistics" (Biometrics 1982).
//! - Dependent runs (a busy week) look like shifts. The statistic is deflated by what the residuals' correlation does to
//!   the variance of a mean: (1 + φ) / (1 − φ).
//! - Should a rise and a fall hide each other in the whole, windows of a half, a quarter, … are looked at as well, with
//!   Bonferroni's correction for their number.
//!
//! Everything is deterministic: the permutations are seeded.

use std::collections::VecDeque;

/// The level of the test.
pub const ALPHA: f64 = 0.001;

/// A segment has at least this many runs: fewer prove nothing at this level.
pub const LEAST_RUNS: usize = 4;

/// Up to this many values are permuted.
const PERMUTED: usize = 1_000;

const PERMUTATIONS: u32 = 4_999;

/// The tail approximation is within a factor of a few where both sides have this many values. Far from the level it needs
/// no permutations then.
const MANY: usize = 20;

/// So many shifts are looked for.
const MOST: usize = 64;

/// Scores are cut off there.
const CUT: f64 = 3.0;

/// Windows below this length say too little after the correction for their number.
const SHORTEST_WINDOW: usize = 30;

/// A shift of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The first value after it.
    pub index: usize,
    /// How probable a shift as clear as this one would be where there is none.
    pub p: f64,
}

/// The shifts of a series in order. Infinite values are allowed, NaN is not. O(n log n) for each shift found, times the
/// number of permutations for up to a thousand values.
pub fn shifts(values: &[f64]) -> Vec<Shift> {
    let mut found = Vec::new();
    // Breadth first: a value that drifts for ever has shifts without end, and the coarse ones tell it all.
    let mut open = VecDeque::from([(0, values.len())]);
    while let Some((from, to)) = open.pop_front().filter(|_| found.len() < MOST) {
        if let Some(shift) = clearest(values, from, to) {
            found.push(shift);
            open.extend([(from, shift.index), (shift.index, to)]);
        }
    }
    found.sort_by_key(|shift| shift.index);
    settled(values, found)
}

/// Looks at every shift again between its neighbours, which were not known when it was found.
fn settled(values: &[f64], mut shifts: Vec<Shift>) -> Vec<Shift> {
    for _ in 0..8 {
        let mut next: Vec<Shift> = Vec::with_capacity(shifts.len());
        for (i, _) in shifts.iter().enumerate() {
            let from = next.last().map_or(0, |before| before.index);
            let to = shifts.get(i + 1).map_or(values.len(), |after| after.index);
            next.extend(split(&values[from..to]).filter(|shift| shift.p < ALPHA).map(|shift| shift.moved(from)));
        }
        if next.iter().map(|shift| shift.index).eq(shifts.iter().map(|shift| shift.index)) {
            return next;
        }
        shifts = next;
    }
    shifts
}

impl Shift {
    fn moved(self, by: usize) -> Self {
        Self { index: self.index + by, ..self }
    }
}

/// The clearest shift of a stretch, if there is a significant one.
fn clearest(values: &[f64], from: usize, to: usize) -> Option<Shift> {
    let stretch = &values[from..to];
    let whole = split(stretch).filter(|shift| shift.p < ALPHA);
    whole.or_else(|| in_windows(stretch)).map(|shift| shift.moved(from))
}

/// The clearest shift within windows that overlap by half, of half the length, a quarter, …
fn in_windows(values: &[f64]) -> Option<Shift> {
    let count = values.len();
    let lengths =
        || std::iter::successors(Some(count / 2), |length| Some(length / 2)).take_while(|&l| l >= SHORTEST_WINDOW);
    let scales = lengths().count() as f64;
    let mut best: Option<(f64, usize, usize)> = None;
    for length in lengths() {
        let starts: Vec<usize> = (0..=count - length).step_by(length / 2).chain([count - length]).collect();
        let looks = scales * starts.len() as f64;
        for start in starts {
            let Some(scored) = Scored::of(&values[start..start + length]) else { continue };
            let Some((_, statistic)) = scored.largest() else { continue };
            let p = tail(statistic, length) * looks;
            if p < ALPHA && best.is_none_or(|(least, ..)| p < least) {
                best = Some((p, start, length));
            }
        }
    }
    let (p, start, length) = best?;
    let shift = split(&values[start..start + length])?;
    (shift.p < ALPHA).then(|| Shift { p: p.max(shift.p), ..shift.moved(start) })
}

/// The best split of a stretch and its p-value; where it can't be significant, any p-value above the level.
fn split(values: &[f64]) -> Option<Shift> {
    let scored = Scored::of(values)?;
    let (index, statistic) = scored.largest()?;
    let told = tail(statistic, values.len());
    let many = index.min(values.len() - index) >= MANY;
    let is_clear = values.len() > PERMUTED || (many && told < ALPHA / 100.0) || told > 100.0 * ALPHA;
    Some(Shift { index, p: if is_clear { told } else { scored.permuted(statistic) } })
}

/// The scores of a stretch, their mean taken off.
struct Scored {
    scores: Vec<f64>,
    /// What makes a sum of the first k scores a standardised statistic, for k = [`LEAST_RUNS`], ….
    weights: Vec<f64>,
}

impl Scored {
    /// `None` for a stretch that is too short or all the same.
    fn of(values: &[f64]) -> Option<Self> {
        let count = values.len();
        if count < 2 * LEAST_RUNS {
            return None;
        }
        let mut scores = robust(values).unwrap_or_else(|| ranks(values));
        let mean = scores.iter().sum::<f64>() / count as f64;
        scores.iter_mut().for_each(|score| *score -= mean);
        let variance = scores.iter().map(|score| score * score).sum::<f64>() / (count - 1) as f64;
        if variance < 1e-18 {
            return None;
        }
        let n = count as f64;
        let weight = |k: usize| (n / (variance * k as f64 * (count - k) as f64)).sqrt();
        Some(Self { scores, weights: (LEAST_RUNS..=count - LEAST_RUNS).map(weight).collect() })
    }

    /// Where the parts differ most, and by how much once dependence is allowed for.
    fn largest(&self) -> Option<(usize, f64)> {
        let mut sum: f64 = self.scores[..LEAST_RUNS - 1].iter().sum();
        let mut best: Option<(usize, f64)> = None;
        for (at, weight) in self.weights.iter().enumerate() {
            sum += self.scores[at + LEAST_RUNS - 1];
            let statistic = sum.abs() * weight;
            if best.is_none_or(|(_, most)| statistic > most) {
                best = Some((at + LEAST_RUNS, statistic));
            }
        }
        let (index, statistic) = best?;
        Some((index, self.deflated(statistic, self.dependence(index))))
    }

    /// Dependence widens what is left when the shift is taken out, and not the shift itself. So it acts on Student's
    /// statistic, of which this one is a monotone function: T² = (n − 1) R² and t² = (n − 2) R² / (1 − R²).
    fn deflated(&self, statistic: f64, phi: f64) -> f64 {
        let n = self.scores.len() as f64;
        let explained = (statistic * statistic / (n - 1.0)).min(1.0 - 1e-12);
        let t2 = (n - 2.0) * explained / (1.0 - explained) * (1.0 - phi) / (1.0 + phi);
        ((n - 1.0) * t2 / (n - 2.0 + t2)).sqrt()
    }

    /// The correlation of neighbours, once the shift at `index` is taken out. What is negative is taken as none.
    fn dependence(&self, index: usize) -> f64 {
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (before, after) = self.scores.split_at(index);
        let means = (mean(before), mean(after));
        let residuals: Vec<f64> =
            before.iter().map(|score| score - means.0).chain(after.iter().map(|score| score - means.1)).collect();
        let squares: f64 = residuals.iter().map(|residual| residual * residual).sum();
        let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
        if squares < 1e-18 { 0.0 } else { (products / squares).clamp(0.0, 0.9) }
    }

    /// The share of permutations with a statistic this large. Ends early when it can't be significant any more.
    fn permuted(&self, statistic: f64) -> f64 {
        let mut random = fastrand::Rng::with_seed(self.scores.len() as u64);
        let mut scores = self.scores.clone();
        let most = (ALPHA * f64::from(PERMUTATIONS + 1)) as u32;
        // The sums of a permutation round otherwise than the series' own.
        let bound = statistic * (1.0 - 1e-9);
        let mut as_large = 0;
        for done in 1..=PERMUTATIONS {
            random.shuffle(&mut scores);
            let mut sum: f64 = scores[..LEAST_RUNS - 1].iter().sum();
            let reached = scores[LEAST_RUNS - 1..].iter().zip(&self.weights).any(|(score, weight)| {
                sum += score;
                sum.abs() * weight >= bound
            });
            as_large += u32::from(reached);
            if as_large >= most {
                return f64::from(as_large + 1) / f64::from(done + 1);
            }
        }
        f64::from(as_large + 1) / f64::from(PERMUTATIONS + 1)
    }
}

/// Distances from the median in median absolute deviations, cut off; `None` where more than half of the values are equal
/// or infinite.
fn robust(values: &[f64]) -> Option<Vec<f64>> {
    let centre = median(&mut values.to_vec());
    let mut distances: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    let spread = 1.482_6 * median(&mut distances);
    (centre.is_finite() && spread.is_finite() && spread > centre.abs() * 1e-12)
        .then(|| values.iter().map(|value| ((value - centre) / spread).clamp(-CUT, CUT)).collect())
}

/// Mean ranks, from -1 to 1.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut scores = vec![0.0; values.len()];
    let mut start = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = start as f64 + 0.5 * group.len() as f64;
        group.iter().for_each(|&at| scores[at] = 2.0 * rank / values.len() as f64 - 1.0);
        start += group.len();
    }
    scores
}

/// The middle of the values, which are put in order. Infinite if the middle is; 0 of none.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[odd / 2],
        even => {
            let (low, high) = (values[even / 2 - 1], values[even / 2]);
            if low == high { low } else { 0.5 * (low + high) }
        }
    }
}

/// P(the largest standardised statistic over all splits of n values ≥ b): Miller and Siegmund (1982), formula for a
/// Brownian bridge between the shares ε and 1 − ε of the series.
fn tail(b: f64, count: usize) -> f64 {
    if b < 1.0 {
        return 1.0;
    }
    let share = LEAST_RUNS as f64 / count as f64;
    let density = (-0.5 * b * b).exp() / std::f64::consts::TAU.sqrt();
    let looks = 2.0 * ((1.0 - share) / share).ln();
    (4.0 * density / b + density * (b - 1.0 / b) * looks).min(1.0)
}

#[cfg(test)]
#[path = "change_point_tests.rs"]
mod tests;
