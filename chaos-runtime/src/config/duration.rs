//! Durations as text: `2s`, `1.5m`.

use super::problem::Wrong;
use std::time::Duration;

/// Units and their nanoseconds, as in claims.
const UNITS: [(&str, u128); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a number with its unit.
pub(super) fn parse(text: &str) -> Result<Duration, Wrong> {
    let wrong = |why: &str| Wrong::new(format!("no duration: {why}"), "write for example `2s`, `500ms` or `1.5m`");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || fraction.is_empty() || fraction.contains('.') {
        return Err(wrong("it does not begin with a number"));
    }
    if unit.is_empty() {
        return Err(wrong("it has no unit"));
    }
    let Some((_, unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(wrong("its unit is none of `ns`, `us`, `ms`, `s`, `m`, `h`"));
    };
    if fraction.len() > 9 {
        return Err(wrong("it has more than nine decimals"));
    }
    let digits = |text: &str| text.parse::<u128>().ok();
    let nanos = || {
        let fraction = digits(fraction)? * unit / 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        u64::try_from(digits(whole)?.checked_mul(*unit)?.checked_add(fraction)?).ok()
    };
    nanos().map(Duration::from_nanos).ok_or_else(|| wrong("it is longer than 584 years"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_numbers_with_a_unit() {
        for (text, nanos) in [
            ("2s", 2_000_000_000),
            ("0s", 0),
            ("1.5m", 90_000_000_000),
            ("250ms", 250_000_000),
            ("0.000000001s", 1),
            ("3us", 3_000),
            ("7ns", 7),
            ("1h", 3_600_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for (text, why) in [
            ("", "does not begin with a number"),
            ("s", "does not begin with a number"),
            (".5s", "does not begin with a number"),
            ("1.s", "does not begin with a number"),
            ("1.2.3s", "does not begin with a number"),
            ("-1s", "does not begin with a number"),
            ("2", "no unit"),
            ("2 s", "unit is none of"),
            ("2sec", "unit is none of"),
            ("1m30s", "unit is none of"),
            ("1.0000000001s", "nine decimals"),
            ("99999999999999999999999999999999999999999999s", "584 years"),
            ("340282366920938463463374607431768211455h", "584 years"),
            ("5200000h", "584 years"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.message.contains(why) && wrong.help.contains("`2s`"), "{text}: {wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9.]{0,45}[a-zµ ]{0,3}") {
            let _ = parse(&text);
        }
    }
}
