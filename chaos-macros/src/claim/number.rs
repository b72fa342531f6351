//! Numbers with units: `300ms`, `99.9%`, `0`, `200/s`.

use crate::diagnostic::{at, listed, nearest, over};
use crate::tokens::{Tokens, name};
use proc_macro2::{Literal, Span, TokenTree};

/// Units of time and their nanoseconds.
const TIME: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Spellings that people try, and what they mean.
const MISSPELT: [(&str, &str); 15] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("S", "s"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("MS", "ms"),
    ("micros", "us"),
    ("usec", "us"),
    ("min", "m"),
    ("mins", "m"),
    ("minutes", "m"),
    ("hour", "h"),
    ("hours", "h"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Duration,
    Percent,
    Count,
    Rate,
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nanoseconds.
    Duration(u64),
    /// 99.9 for 99.9 %.
    Percent(f64),
    Number(f64),
    /// Per second.
    Rate(f64),
}

impl Value {
    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::Duration(_) => Unit::Duration,
            Self::Percent(_) => Unit::Percent,
            Self::Number(_) => Unit::Count,
            Self::Rate(_) => Unit::Rate,
        }
    }

    /// The number alone, in the unit's base.
    pub(crate) fn magnitude(self) -> f64 {
        match self {
            Self::Duration(nanos) => nanos as f64,
            Self::Percent(n) | Self::Number(n) | Self::Rate(n) => n,
        }
    }
}

/// A literal taken apart: `1_500.5ms` is 15005 / 10¹, `ms`.
pub(crate) struct Number {
    mantissa: u64,
    decimals: u32,
    suffix: String,
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Number {
    pub(crate) fn new(literal: &Literal) -> syn::Result<Self> {
        let (text, span) = (literal.to_string(), literal.span());
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(not_a_value(span));
        }
        if text.len() > 1 && text.starts_with('0') && text[1..].starts_with(['x', 'b', 'o']) {
            return Err(at(span, format_args!("`{text}` is not decimal"), "write the number in decimal"));
        }
        let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '_' && c != '.').unwrap_or(text.len());
        let (digits, suffix) = text.split_at(digits_end);
        if suffix.starts_with(['e', 'E']) && suffix[1..].starts_with(|c: char| c.is_ascii_digit() || "+-_".contains(c))
        {
            return Err(at(span, format_args!("`{text}` has an exponent"), "write the number in full"));
        }
        let digits = digits.replace('_', "");
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len());
        let whole = digits.split_once('.').map_or(digits.as_str(), |(whole, _)| whole);
        let significant = format!("{whole}{}", &digits[digits.len().min(whole.len() + 1)..][..decimals]);
        let mantissa = significant
            .parse()
            .ok()
            .filter(|mantissa: &u64| *mantissa < 1 << 53)
            .ok_or_else(|| at(span, format_args!("`{text}` has too many digits"), "15 digits are enough"))?;
        Ok(Self { mantissa, decimals: decimals as u32, suffix: suffix.to_owned(), text, span })
    }

    pub(crate) fn as_f64(&self) -> f64 {
        // A mantissa and a power of ten that are both exact divide to the nearest float.
        self.mantissa as f64 / 10f64.powi(self.decimals as i32)
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.decimals == 0
    }

    pub(crate) fn has_unit(&self) -> bool {
        !self.suffix.is_empty()
    }

    /// The literal as a duration in nanoseconds.
    fn nanos(&self) -> syn::Result<u64> {
        let Some((_, unit)) = TIME.iter().find(|(name, _)| *name == self.suffix) else {
            return Err(self.unknown_unit());
        };
        let scaled = u128::from(self.mantissa) * u128::from(*unit);
        // A power of ten that is too large for it is finer than anything.
        let tens = 10u128.checked_pow(self.decimals).unwrap_or(u128::MAX);
        if scaled % tens != 0 {
            return Err(at(
                self.span,
                format_args!("`{}` is finer than a nanosecond", self.text),
                "write whole nanoseconds",
            ));
        }
        u64::try_from(scaled / tens).map_err(|_| {
            at(self.span, format_args!("`{}` is longer than 500 years", self.text), "write a shorter duration")
        })
    }

    fn unknown_unit(&self) -> syn::Error {
        let known = TIME.map(|(name, _)| name);
        let Self { suffix, text, .. } = self;
        let number = text.strip_suffix(suffix.as_str()).unwrap_or(text);
        let meant = MISSPELT.iter().find(|(spelling, _)| spelling == suffix).map(|(_, unit)| *unit);
        let help = match meant.or_else(|| nearest(suffix, &known)) {
            Some(unit) => format!("write `{number}{unit}`"),
            None => format!("durations end in one of: {}; shares in `%`, rates in `/s`", listed(&known)),
        };
        at(self.span, format_args!("unknown unit `{suffix}`"), help)
    }
}

fn not_a_value(span: Span) -> syn::Error {
    at(span, "expected a value", "write a duration `300ms`, a share `99.9%`, a count `0` or a rate `200/s`")
}

/// Reads a value. Gives its text as written, too.
pub(crate) fn value(tokens: &mut Tokens) -> syn::Result<(Value, String)> {
    let span = tokens.span();
    if tokens.is_punct('-') {
        return Err(at(span, "a limit cannot be negative", "remove the `-`"));
    }
    if tokens.is_empty() {
        return Err(at(span, "the right-hand side is missing", "write for example `300ms`, `99.9%`, `0` or `200/s`"));
    }
    let from = tokens.position();
    let number = match tokens.literal() {
        Some(literal) => Number::new(&literal)?,
        None => return Err(not_a_value(span)),
    };
    if number.has_unit() {
        if tokens.is_punct('%') || tokens.is_punct('/') {
            tokens.any_punct();
            return Err(over(tokens.since(from), "a value has one unit", "write `300ms`, `99.9%` or `200/s`"));
        }
        return Ok((Value::Duration(number.nanos()?), number.text));
    }
    if tokens.punct('%') {
        return Ok((Value::Percent(number.as_f64()), format!("{}%", number.text)));
    }
    if tokens.punct('/') {
        return rate(tokens, &number);
    }
    if let Some(TokenTree::Ident(unit)) = tokens.peek()
        && TIME.iter().any(|(name, _)| unit == name)
    {
        let cause = format!("a blank separates `{}` from its unit", number.text);
        let help = format!("write `{}{unit}`", number.text);
        tokens.ident();
        return Err(over(tokens.since(from), cause, help));
    }
    Ok((Value::Number(number.as_f64()), number.text))
}

fn rate(tokens: &mut Tokens, number: &Number) -> syn::Result<(Value, String)> {
    let span = tokens.span();
    let unit = tokens.ident().map(|unit| name(&unit)).unwrap_or_default();
    let seconds = match unit.as_str() {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => {
            return Err(at(
                span,
                format_args!("`{}/` needs a unit of time", number.text),
                format_args!("write `{0}/s`, `{0}/m` or `{0}/h`", number.text),
            ));
        }
    };
    Ok((Value::Rate(number.as_f64() / seconds), format!("{}/{unit}", number.text)))
}

/// Reads a duration in nanoseconds, for settings and `for 60s`.
pub(crate) fn duration(tokens: &mut Tokens, what: &str) -> syn::Result<(u64, String)> {
    let from = tokens.position();
    if tokens.is_empty() {
        return Err(at(tokens.span(), format_args!("{what} needs a duration"), "write for example `10s`"));
    }
    match value(tokens)? {
        (Value::Duration(nanos), text) => Ok((nanos, text)),
        (Value::Number(_), text) => Err(over(
            tokens.since(from),
            format_args!("{what} is a duration, and `{text}` has no unit"),
            format_args!("write `{text}s`, or `{text}ms`"),
        )),
        (_, text) => Err(over(
            tokens.since(from),
            format_args!("{what} is a duration, and `{text}` is not"),
            "write for example `10s`",
        )),
    }
}
