//! Durations as FIS reads and writes them: `PT1H30M`, `PT5S`.

use std::time::Duration;

/// Units in the order in which ISO 8601 has them, and their seconds.
const UNITS: [(char, u64); 3] = [('H', 3_600), ('M', 60), ('S', 1)];

/// Writes hours, minutes and seconds; parts of a second as decimals, which FIS itself does not take.
pub(crate) fn write(duration: Duration) -> String {
    let (mut rest, nanos) = (duration.as_secs(), duration.subsec_nanos());
    let mut text = String::from("PT");
    for (letter, seconds) in UNITS {
        let count = rest / seconds;
        rest %= seconds;
        let fraction = if letter == 'S' && nanos > 0 { decimals(nanos) } else { String::new() };
        if count > 0 || !fraction.is_empty() {
            text += &format!("{count}{fraction}{letter}");
        }
    }
    if text == "PT" { "PT0S".to_owned() } else { text }
}

fn decimals(nanos: u32) -> String {
    format!(".{nanos:09}").trim_end_matches('0').to_owned()
}

/// Reads `PTnHnMnS`: each unit at most once and in this order, whole numbers but for the seconds. `None` for
/// anything else, such as days or what would be longer than 584 billion years.
pub(crate) fn read(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix("PT")?;
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    for (letter, seconds) in UNITS {
        let Some((number, after)) = rest.split_once(letter) else { continue };
        let (whole, fraction) = match number.split_once('.') {
            Some((whole, fraction)) if letter == 'S' => (whole, nanos(fraction)?),
            Some(_) => return None,
            None => (number, 0),
        };
        let part = Duration::new(digits(whole)?.checked_mul(seconds)?, fraction);
        total = total.checked_add(part)?;
        rest = after;
    }
    rest.is_empty().then_some(total)
}

/// A number without sign.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Decimals of a second, at most nine.
fn nanos(text: &str) -> Option<u32> {
    let length = u32::try_from(text.len()).ok().filter(|length| *length <= 9)?;
    u32::try_from(digits(text)? * 10_u64.pow(9 - length)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_of_fis() {
        for (text, seconds) in [("PT1M", 60), ("PT5S", 5), ("PT6H", 21_600), ("PT1H30M", 5_400), ("PT0S", 0)] {
            assert_eq!(read(text), Some(Duration::from_secs(seconds)), "{text}");
            assert_eq!(write(Duration::from_secs(seconds)), text);
        }
        assert_eq!(read("PT90S"), Some(Duration::from_secs(90)));
        assert_eq!(write(Duration::from_secs(90)), "PT1M30S");
        assert_eq!(write(Duration::from_millis(1_500)), "PT1.5S");
        assert_eq!(read("PT1.5S"), Some(Duration::from_millis(1_500)));
    }

    #[test]
    fn everything_else_is_none() {
        for text in [
            "",
            "P",
            "PT",
            "T1M",
            "PT1",
            "PTM",
            "PT1M2H",
            "PT1S2S",
            "P1D",
            "PT1.5M",
            "PT-1M",
            "PT+1M",
            "pt1m",
            "PT 1M",
            "PT1M ",
            "1M",
            "60",
            "PT.5S",
            "PT1.S",
            "PT1.0000000001S",
            "PT99999999999999999999S",
            "PT18446744073709551615H",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in any::<u64>(), nanos in 0..1_000_000_000_u32) {
            let duration = Duration::new(seconds, nanos);
            prop_assert_eq!(read(&write(duration)), Some(duration));
        }

        #[test]
        fn no_text_makes_it_panic(text in "P?T?[0-9.]{0,25}[HMSD]?[0-9.é]{0,25}[HMS]?") {
            if let Some(duration) = read(&text) {
                prop_assert_eq!(read(&write(duration)), Some(duration));
            }
        }
    }
}
