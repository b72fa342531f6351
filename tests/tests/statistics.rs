//! The reference vectors of `data/statistics.json`, computed with scipy and statsmodels.
//!
//! The file gives at most eight decimals, so a value is as expected when it differs by at most half a unit in the last
//! one given ([`ROUNDING`]); ranks, counts and decisions are exact.

use chaos_runtime::statistics::{
    Alternative, Decision, Interval, MannWhitney, Proportion, RankedQuantile, Shift, Sprt, Support,
    confidence_sequence, difference_interval, fisher_greater, harrell_davis, log_e_value, quantile_ratio_interval,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Shares and bounds: eight decimals, or eight significant digits for the small ones.
const ROUNDING: f64 = 0.51e-8;
/// p-values, logarithms, ratios and estimates: six decimals.
const SIX_DECIMALS: f64 = 0.51e-6;

/// One vector: what goes in and what must come out. Notes which expected values were looked at.
struct Vector<'a> {
    id: &'a str,
    input: &'a Value,
    expected: &'a Value,
    seen: std::cell::RefCell<BTreeSet<String>>,
}

impl Vector<'_> {
    fn int(&self, name: &str) -> u64 {
        self.input[name].as_u64().unwrap_or_else(|| panic!("{}: no count {name}", self.id))
    }

    fn float(&self, name: &str) -> f64 {
        self.input[name].as_f64().unwrap_or_else(|| panic!("{}: no number {name}", self.id))
    }

    fn sample(&self, name: &str) -> Vec<f64> {
        let values = self.input[name].as_array().unwrap_or_else(|| panic!("{}: no sample {name}", self.id));
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    }

    fn expect(&self, name: &str) -> &Value {
        self.seen.borrow_mut().insert(name.to_owned());
        self.expected.get(name).unwrap_or_else(|| panic!("{}: nothing expected of {name}", self.id))
    }

    fn near(&self, name: &str, value: f64, tolerance: f64) {
        let expected = self.expect(name).as_f64().unwrap();
        assert!((value - expected).abs() <= tolerance, "{} {name}: {value}, expected {expected}", self.id);
    }

    fn near_each(&self, name: &str, values: &[f64], tolerance: f64) {
        let expected = self.expect(name).as_array().unwrap();
        assert_eq!(values.len(), expected.len(), "{} {name}", self.id);
        for (value, expected) in values.iter().zip(expected) {
            let expected = expected.as_f64().unwrap();
            assert!((value - expected).abs() <= tolerance, "{} {name}: {value}, expected {expected}", self.id);
        }
    }

    fn interval(&self, name: &str, interval: Interval) {
        self.near_each(name, &[interval.lower, interval.upper], ROUNDING);
    }

    fn same(&self, name: &str, value: impl Into<Value>) {
        assert_eq!(value.into(), *self.expect(name), "{} {name}", self.id);
    }
}

#[test]
fn every_vector_is_met() {
    let file: Value = serde_json::from_str(include_str!("../data/statistics.json")).unwrap();
    let mut met = Vec::new();
    for vector in file["vectors"].as_array().unwrap() {
        let id = vector["id"].as_str().unwrap();
        let seen = std::cell::RefCell::default();
        let checked = Vector { id, input: &vector["input"], expected: &vector["expected"], seen };
        match vector["kind"].as_str().unwrap() {
            "proportion_ci" => proportion(&checked),
            "quantile_ci_ranks" => quantile_ranks(&checked),
            "mann_whitney_hodges_lehmann" => shift(&checked),
            "harrell_davis" => harrell_and_davis(&checked),
            "two_proportions" => two_proportions(&checked),
            "p99_ratio_bound" => ratio_of_quantiles(&checked),
            "sprt_bernoulli_failures" => sequential_ratio(&checked),
            "beta_binomial_always_valid" => always_valid(&checked),
            unknown => panic!("{id}: no test for vectors of kind {unknown}"),
        }
        let given: BTreeSet<String> = vector["expected"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(*checked.seen.borrow(), given, "{id}: expected values that nothing was compared with");
        met.push(id.to_owned());
    }
    let all = [
        "P1", "P2", "P3", "P4", "P5", "Q1", "Q2", "Q3", "Q4", "Q5", "Q6", "T1", "T2", "T3", "T4", "S1", "S2", "S3",
        "S4", "S5", "M1", "M2", "M3",
    ];
    assert_eq!(met, all);
}

fn proportion(vector: &Vector<'_>) {
    let measured = Proportion::new(vector.int("k"), vector.int("n"));
    let confidence = vector.float("conf");
    let one_sided = Interval { lower: measured.lower_bound(confidence), upper: measured.upper_bound(confidence) };
    vector.interval("cp_two", measured.interval(confidence));
    vector.interval("cp_one_sided", one_sided);
    vector.interval("wilson_two", measured.wilson(confidence));
    vector.interval("wilson_one_sided", measured.wilson_bounds(confidence));
    vector.interval("jeffreys_two", measured.jeffreys(confidence));
}

fn quantile_ranks(vector: &Vector<'_>) {
    let quantile = RankedQuantile::new(vector.int("n"), vector.float("q"));
    let confidence = vector.float("conf");
    let two = quantile.ranks(confidence);
    vector.same("upper_one", quantile.upper_rank(confidence));
    vector.same("lower_one", quantile.lower_rank(confidence));
    vector.same("two", vec![Value::from(two.lower), Value::from(two.upper)]);
    match quantile.coverage(two) {
        Some(coverage) => vector.near("two_coverage", coverage, SIX_DECIMALS),
        None => vector.same("two_coverage", Value::Null),
    }
}

fn shift(vector: &Vector<'_>) {
    let (fault, control) = (vector.sample("fault"), vector.sample("control"));
    let test = MannWhitney::of(&fault, &control).unwrap();
    vector.near("U_fault", test.u, 0.0);
    vector.near("p_exact_greater", test.exact_p_value(Alternative::Greater).unwrap(), SIX_DECIMALS);
    vector.near("p_asymp_two_sided_cc", test.asymptotic_p_value(Alternative::TwoSided), SIX_DECIMALS);
    let shift = Shift::of(&fault, &control, vector.float("conf")).unwrap();
    vector.near("hodges_lehmann", shift.estimate, SIX_DECIMALS);
    vector.same("hl_ci_rank", shift.rank);
    let interval = shift.interval.unwrap();
    vector.near_each("hl_ci", &[interval.lower, interval.upper], SIX_DECIMALS);
}

fn harrell_and_davis(vector: &Vector<'_>) {
    for group in ["control", "fault"] {
        let sample = vector.sample(group);
        let estimates: Vec<f64> = vector.sample("probs").iter().map(|&q| harrell_davis(&sample, q).unwrap()).collect();
        vector.near_each(group, &estimates, SIX_DECIMALS);
    }
}

fn two_proportions(vector: &Vector<'_>) {
    let fault = (vector.int("k_fault"), vector.int("n_fault"));
    let control = (vector.int("k_control"), vector.int("n_control"));
    vector.near("fisher_p_greater", fisher_greater(fault, control), SIX_DECIMALS);
    let of = |(k, n)| Proportion::new(k, n);
    vector.interval("newcombe_diff_ci95", difference_interval(of(fault), of(control), 0.95));
}

fn ratio_of_quantiles(vector: &Vector<'_>) {
    assert_eq!(vector.input["control"], "x_i=100+0.05*i, i=1..2000");
    assert_eq!(vector.input["fault"], "y_i=105+0.055*i");
    let n = vector.int("n");
    let control: Vec<f64> = (1..=n).map(|i| 100.0 + 0.05 * i as f64).collect();
    let fault: Vec<f64> = (1..=n).map(|i| 105.0 + 0.055 * i as f64).collect();
    let confidence = 2.0 * vector.float("conf_each_side") - 1.0;
    let ranks = RankedQuantile::new(n, 0.99).ranks(confidence);
    vector.same("rank_lower", ranks.lower);
    vector.same("rank_upper", ranks.upper);
    let ratio = quantile_ratio_interval(&fault, &control, 0.99, confidence);
    vector.near("ratio_upper", ratio.upper.unwrap(), SIX_DECIMALS);
    vector.near("ratio_lower", ratio.lower.unwrap(), SIX_DECIMALS);
    vector.same("verdict", support(ratio.support(vector.float("limit_ratio"))));
}

fn support(support: Support) -> &'static str {
    match support {
        Support::Supported => "supported",
        Support::Refuted => "refuted",
        Support::Inconclusive => "inconclusive",
    }
}

fn sequential_ratio(vector: &Vector<'_>) {
    let (most, violated): (u64, fn(u64) -> bool) = match vector.input["seq"].as_str().unwrap() {
        "all successes (up to 10000)" => (10_000, |_| false),
        "failure at 1,2 then successes" => (10_000, |i| i <= 2),
        "every 100th fails (100,200,...) up to 5000" => (5_000, |i| i % 100 == 0),
        "failures at 50 and 100, 150 observations" => (150, |i| i == 50 || i == 100),
        "every 20th fails up to 1000" => (1_000, |i| i % 20 == 0),
        unknown => panic!("{}: sequence {unknown}", vector.id),
    };
    let mut test = Sprt::new(vector.float("p0"), vector.float("p1"), vector.float("alpha"), vector.float("beta"));
    for i in 1..=most {
        test.observe(violated(i));
    }
    let decision = match test.decision() {
        Some(Decision::Low) => "accept_H0",
        Some(Decision::High) => "accept_H1",
        None => "continue",
    };
    vector.same("n", test.operations());
    vector.same("decision", decision);
    vector.near("llr", test.log_ratio(), SIX_DECIMALS);
    vector.near("upper", test.limits().upper, SIX_DECIMALS);
    vector.near("lower", test.limits().lower, SIX_DECIMALS);
}

fn always_valid(vector: &Vector<'_>) {
    assert_eq!(vector.input["prior"], serde_json::json!([1, 1]));
    let (k, n, alpha) = (vector.int("k"), vector.int("n"), vector.float("alpha"));
    let log_e = log_e_value(k, n, vector.float("p0"));
    vector.near("log_e", log_e, SIX_DECIMALS);
    vector.same("reject", log_e >= -alpha.ln());
    vector.interval("cs95", confidence_sequence(k, n, 1.0 - alpha));
    vector.interval("cp95", Proportion::new(k, n).interval(1.0 - alpha));
}
