//! `known_weakness(id = "PAY-142", urgency = high, fix_by = "2027-01-31", owner = "payments")`

use crate::args::{Arg, Form, arg};
use crate::diagnostic::{Errors, at, listed, over, unknown};
use crate::tokens::{Tokens, name, split};
use proc_macro2::Group;

const KEYS: [(&str, &str); 4] = [
    ("id", "id = \"PAY-142\""),
    ("urgency", "urgency = high"),
    ("fix_by", "fix_by = \"2027-01-31\""),
    ("owner", "owner = \"payments team\""),
];

/// `urgency = …`: names and variants of `experiment::Urgency`.
const URGENCIES: [(&str, &str); 4] = [("low", "Low"), ("medium", "Medium"), ("high", "High"), ("critical", "Critical")];

/// A weakness that is tolerated until a day.
#[derive(Debug, PartialEq)]
pub(crate) struct Weakness {
    pub(crate) id: String,
    /// The variant of `experiment::Urgency`.
    pub(crate) urgency: &'static str,
    /// `YYYY-MM-DD`, a day of the calendar.
    pub(crate) fix_by: String,
    pub(crate) owner: Option<String>,
}

/// Reads the inside of `known_weakness(…)`.
pub(crate) fn weakness(group: &Group, errors: &mut Errors) -> Option<Weakness> {
    let (mut args, mut whole): (Vec<Arg>, _) = (Vec::new(), true);
    for part in split(group.stream(), errors) {
        match errors.take(arg(part, &KEYS)) {
            Some(arg) if args.iter().any(|earlier| earlier.key == arg.key) => {
                errors.push(at(
                    arg.ident.span(),
                    format_args!("`{}` is given twice", arg.key),
                    "remove one of the two",
                ));
            }
            Some(arg) => args.push(arg),
            None => whole = false,
        }
    }
    let missing = KEYS[..3].iter().filter(|(key, _)| !args.iter().any(|arg| arg.key == *key));
    let (names, examples): (Vec<&str>, Vec<&str>) = missing.copied().unzip();
    // What could not be read may well have been one of them.
    if whole && !names.is_empty() {
        errors.push(at(
            group.span(),
            format_args!(
                "a known weakness is tolerated with a ticket, an urgency and a last day; {} missing",
                listed(&names)
            ),
            format_args!("add {}", listed(&examples)),
        ));
    }
    let (mut id, mut urgency, mut fix_by, mut owner) = (None, None, None, None);
    for Arg { key, form, .. } in args {
        let Form::Value(tokens) = form else { continue };
        match key.as_str() {
            "id" => id = errors.take(string(tokens, "id = \"PAY-142\"")),
            "urgency" => urgency = errors.take(self::urgency(tokens)),
            "fix_by" => fix_by = errors.take(day(tokens)),
            _ => owner = errors.take(string(tokens, "owner = \"payments team\"")),
        }
    }
    Some(Weakness { id: id?, urgency: urgency?, fix_by: fix_by?, owner })
}

fn string(mut tokens: Tokens, example: &str) -> syn::Result<String> {
    let literal = tokens.literal().map(syn::Lit::new);
    match literal {
        Some(syn::Lit::Str(text)) if tokens.is_empty() && !text.value().trim().is_empty() => Ok(text.value()),
        _ if tokens.all().is_empty() => Err(at(tokens.span(), "a text is missing", format_args!("write `{example}`"))),
        _ => Err(over(tokens.all(), "expected a text in quotes", format_args!("write `{example}`"))),
    }
}

fn urgency(mut tokens: Tokens) -> syn::Result<&'static str> {
    let known = URGENCIES.map(|(name, _)| name);
    let Some(word) = tokens.ident().filter(|_| tokens.is_empty()) else {
        return Err(at(
            tokens.span(),
            "expected an urgency, without quotes",
            format_args!("expected one of: {}", listed(&known)),
        ));
    };
    match URGENCIES.iter().find(|(name, _)| word == name) {
        Some((_, variant)) => Ok(variant),
        None => Err(unknown(word.span(), "urgency", &name(&word), &known)),
    }
}

fn day(tokens: Tokens) -> syn::Result<String> {
    let all = tokens.all();
    let text = string(tokens, "fix_by = \"2027-01-31\"")?;
    if is_day(&text) {
        return Ok(text);
    }
    Err(over(
        all,
        format_args!("`{text}` is no day of the calendar"),
        "write year, month and day: `fix_by = \"2027-01-31\"`",
    ))
}

/// Whether the text is a day of the Gregorian calendar as `YYYY-MM-DD`.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    let well_formed = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !well_formed {
        return false;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(0);
    let (year, month, day) = (number(&text[..4]), number(&text[5..7]), number(&text[8..]));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::is_day;

    #[test]
    fn days_of_the_calendar() {
        for day in ["2027-01-31", "2028-02-29", "2000-02-29", "2027-12-31"] {
            assert!(is_day(day), "{day}");
        }
        for text in [
            "2027-02-29",
            "1900-02-29",
            "2027-13-01",
            "2027-00-01",
            "2027-04-31",
            "2027-1-31",
            "31.01.2027",
            "",
            "2027-01-00",
            "０027-01-1",
        ] {
            assert!(!is_day(text), "{text}");
        }
    }
}
