//! Numbers as people read them: `412 ms`, `1.21 s`, `99.84 %`, `1,912`.

use crate::report::journal::Interval;

/// A duration in microseconds.
pub(crate) fn duration(us: u64) -> String {
    // Three digits, and each boundary where the figure would round up to the next unit or decimal.
    let v = us as f64;
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..9_995 => format!("{} ms", trimmed(v / 1e3, 2)),
        9_995..99_950 => format!("{} ms", trimmed(v / 1e3, 1)),
        99_950..999_500 => format!("{:.0} ms", v / 1e3),
        999_500..9_995_000 => format!("{} s", trimmed(v / 1e6, 2)),
        9_995_000..119_950_000 => format!("{} s", trimmed(v / 1e6, 1)),
        _ => {
            let seconds = us / 1_000_000 + u64::from(us % 1_000_000 >= 500_000);
            let (hours, minutes, rest) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            match (hours, minutes, rest) {
                (0, m, 0) => format!("{m} min"),
                (0, m, s) => format!("{m} min {s} s"),
                (h, 0, _) => format!("{h} h"),
                (h, m, _) => format!("{h} h {m} min"),
            }
        }
    }
}

/// A duration in microseconds, or a dash.
pub(crate) fn duration_or_dash(us: Option<u64>) -> String {
    us.map_or_else(|| "–".to_owned(), duration)
}

/// Plain seconds with three decimals, for machines: never anything but digits and a point.
pub(crate) fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}

/// A count with thousands separators.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `64 MiB`, `1.5 GiB`.
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) fn bytes(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match units.into_iter().find(|(_, shift)| bytes >= 1 << shift) {
        Some((unit, shift)) => format!("{} {unit}", trimmed(bytes as f64 / f64::from(1_u32 << shift), 1)),
        None => counted(bytes, "byte"),
    }
}

/// `1 operation`, `2 operations`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// `k` of `n` in percent; a dash when there is nothing to divide.
pub(crate) fn share(k: u64, n: u64) -> String {
    if n == 0 { "–".to_owned() } else { percent(100.0 * k as f64 / n as f64) }
}

/// A percentage. Only a full 100 shows as `100 %`, and only nothing as `0 %`.
pub(crate) fn percent(value: f64) -> String {
    for digits in 2..=6 {
        let rounded = trimmed(value, digits);
        let lies = (rounded == "100" && value < 100.0) || (matches!(rounded.as_str(), "0" | "-0") && value != 0.0);
        if !lies {
            return format!("{rounded} %");
        }
    }
    format!("{value} %")
}

/// Operations per second.
pub(crate) fn rate(per_second: f64) -> String {
    if per_second >= 1_000.0 {
        format!("{}/s", count(per_second.round() as u64))
    } else {
        format!("{}/s", trimmed(per_second, 1))
    }
}

/// A value in a claim's unit: `s`, `%`, `/s` or none.
pub(crate) fn value(value: f64, unit: &str) -> String {
    match unit {
        _ if !value.is_finite() => "∞".to_owned(),
        "s" if value >= 0.0 => duration((value * 1e6).round() as u64),
        "%" => percent(value),
        "/s" if value >= 0.0 => rate(value),
        "" if value >= 0.0 && value.fract() == 0.0 && value < 1e15 => count(value as u64),
        _ => format!("{} {unit}", trimmed(value, 3)).trim_end().to_owned(),
    }
}

/// `95 % interval 371 ms to 453 ms`; an end without a bound says so.
pub(crate) fn interval(interval: &Interval, unit: &str) -> String {
    let level = percent(100.0 * interval.level);
    match (interval.low, interval.high) {
        (Some(low), Some(high)) => format!("{level} interval {} to {}", value(low, unit), value(high, unit)),
        (Some(low), None) => format!("{level} interval from {} without upper bound", value(low, unit)),
        (None, Some(high)) => format!("{level} interval up to {}, no lower bound", value(high, unit)),
        (None, None) => format!("no {level} interval at this sample size"),
    }
}

/// At most `digits` decimals, without trailing zeros.
fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_the_unit_a_person_would() {
        let cases = [
            (0, "0 µs"),
            (950, "950 µs"),
            (4_100, "4.1 ms"),
            (9_996, "10 ms"),
            (12_740, "12.7 ms"),
            (99_960, "100 ms"),
            (412_300, "412 ms"),
            (999_600, "1 s"),
            (1_214_000, "1.21 s"),
            (9_996_000, "10 s"),
            (24_120_000, "24.1 s"),
            (119_960_000, "2 min"),
            (123_400_000, "2 min 3 s"),
            (3_600_000_000, "1 h"),
            (5_400_000_000, "1 h 30 min"),
            (u64::MAX, "5124095576 h 1 min"),
        ];
        for (us, text) in cases {
            assert_eq!(duration(us), text);
        }
        assert_eq!(duration_or_dash(None), "–");
    }

    #[test]
    fn a_share_never_claims_more_than_there_is() {
        assert_eq!(share(1_909, 1_912), "99.84 %");
        assert_eq!(share(5, 5), "100 %");
        assert_eq!(share(99_999, 100_000), "99.999 %");
        assert_eq!(share(1, 1_000_000), "0.0001 %");
        assert_eq!(share(0, 7), "0 %");
        assert_eq!(share(0, 0), "–");
    }

    #[test]
    fn counts_and_values_have_separators_and_units() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_912), "1,912");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(counted(1, "operation"), "1 operation");
        assert_eq!(counted(0, "operation"), "0 operations");
        assert_eq!(value(0.412, "s"), "412 ms");
        assert_eq!(value(99.0, "%"), "99 %");
        assert_eq!(value(198.66, "/s"), "198.7/s");
        assert_eq!(value(3.0, ""), "3");
        assert_eq!(value(0.25, ""), "0.25");
        assert_eq!(value(-2.5, "s"), "-2.5 s");
        assert_eq!(value(f64::INFINITY, "s"), "∞");
    }
}
