//! The attribute as meant: every value checked.

use crate::args::{Arg, Form};
use crate::claim::{Claim, Context, Place, Value, claims, duration, value};
use crate::diagnostic::{Errors, at, over, unknown};
use crate::tokens::{Tokens, name, split};
use crate::weakness::{Weakness, weakness};
use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::parse::Parser;

/// `requires(…)`: names and variants of `experiment::Requirement`.
const REQUIREMENTS: [(&str, &str); 3] = [("docker", "Docker"), ("aws", "Aws"), ("kafka", "Kafka")];

/// Everything `#[chaos_test(…)]` says.
#[derive(Default)]
pub(crate) struct Attribute {
    /// The path of `chaos-runtime`, if not the usual one.
    pub(crate) runtime: Option<TokenStream>,
    pub(crate) steady_state: Vec<Claim>,
    pub(crate) hypothesis: Vec<Claim>,
    pub(crate) abort_if: Vec<Claim>,
    /// Fields of `experiment::Options` that are durations, in nanoseconds.
    pub(crate) durations: Vec<(Ident, u64)>,
    /// A fraction.
    pub(crate) confidence: Option<f64>,
    pub(crate) seed: Option<u64>,
    pub(crate) parallel: bool,
    pub(crate) exclusive: Vec<String>,
    pub(crate) profiles: Vec<String>,
    /// Variants of `experiment::Requirement`.
    pub(crate) requires: Vec<&'static str>,
    /// Ids of FIS actions and templates.
    pub(crate) uses: Vec<String>,
    pub(crate) known_weakness: Option<Weakness>,
    pub(crate) worker_threads: Option<usize>,
}

impl Attribute {
    /// Judges the parts. `against`: the function names a control group somewhere.
    pub(crate) fn new(args: Vec<Arg>, against: bool, errors: &mut Errors) -> Self {
        let control = against || args.iter().any(|arg| arg.key == "control");
        let mut attribute = Self::default();
        for arg in &args {
            if let ("parallel", Some(exclusive)) = (&*arg.key, args.iter().find(|arg| arg.key == "exclusive")) {
                errors.push(at(
                    exclusive.ident.span(),
                    "`parallel` waits for no experiment, `exclusive` for some",
                    "keep one of the two",
                ));
            }
        }
        for arg in args {
            attribute.set(arg, control, errors);
        }
        attribute
    }

    fn set(&mut self, arg: Arg, control: bool, errors: &mut Errors) {
        let Arg { ident, key, form } = arg;
        let in_place = |group: Group, place, errors: &mut Errors| {
            claims(group.stream(), group.span(), Context { place, control }, errors)
        };
        match (key.as_str(), form) {
            ("steady_state", Form::List(list)) => self.steady_state = in_place(list, Place::SteadyState, errors),
            ("hypothesis", Form::List(list)) => self.hypothesis = in_place(list, Place::Hypothesis, errors),
            ("abort_if", Form::List(list)) => self.abort_if = in_place(list, Place::AbortIf, errors),
            ("parallel", _) => self.parallel = true,
            ("exclusive", Form::List(list)) => self.exclusive = names(&list, "exclusive", Names::Strings, errors),
            ("profiles", Form::List(list)) => self.profiles = names(&list, "profiles", Names::StringsOrWords, errors),
            ("requires", Form::List(list)) => self.requires = requirements(&list, errors),
            ("uses", Form::List(list)) => self.uses = uses(&list, errors),
            ("known_weakness", Form::List(list)) => self.known_weakness = weakness(&list, errors),
            ("crate", Form::Value(tokens)) => self.runtime = errors.take(path(&tokens)),
            ("confidence", Form::Value(tokens)) => self.confidence = errors.take(confidence(tokens)),
            ("seed", Form::Value(tokens)) => self.seed = errors.take(integer(tokens, "seed", "seed = 42")),
            ("worker_threads", Form::Value(tokens)) => self.worker_threads = errors.take(worker_threads(tokens)),
            (_, Form::Value(tokens)) => {
                let nanos = errors.take(setting(tokens, &key));
                self.durations.extend(nanos.map(|nanos| (ident, nanos)));
            }
            // `control` has done its work above.
            _ => {}
        }
    }
}

/// A duration; most of them cannot be zero.
fn setting(mut tokens: Tokens, key: &str) -> syn::Result<u64> {
    let (nanos, text) = duration(&mut tokens, &format!("`{key}`"))?;
    tokens.finish("the duration")?;
    if nanos == 0 && key != "warm_up" {
        return Err(over(tokens.all(), format_args!("`{key}` cannot be `{text}`"), "write a longer duration"));
    }
    Ok(nanos)
}

fn confidence(mut tokens: Tokens) -> syn::Result<f64> {
    const EXAMPLE: &str = "write for example `confidence = 95%`";
    let (value, text) = value(&mut tokens)?;
    tokens.finish("the percentage")?;
    match value {
        Value::Percent(percent) if percent > 50.0 && percent < 100.0 => Ok(percent / 100.0),
        Value::Percent(_) => Err(over(
            tokens.all(),
            format_args!("a confidence of `{text}` decides nothing"),
            "write more than `50%` and less than `100%`, usually `95%`",
        )),
        _ => Err(over(tokens.all(), format_args!("`confidence` is a percentage, and `{text}` is not"), EXAMPLE)),
    }
}

fn integer<N>(mut tokens: Tokens, key: &str, example: &str) -> syn::Result<N>
where
    N: std::str::FromStr<Err: std::fmt::Display>,
{
    let wrong = |tokens: &Tokens| {
        at(tokens.span(), format_args!("`{key}` is a whole number"), format_args!("write it down, as in `{example}`"))
    };
    let Some(TokenTree::Literal(_)) = tokens.peek() else { return Err(wrong(&tokens)) };
    let literal = tokens.literal().map(syn::Lit::new);
    tokens.finish("the number")?;
    match literal {
        Some(syn::Lit::Int(literal)) if literal.suffix().is_empty() => literal
            .base10_parse()
            .map_err(|error| at(literal.span(), error, format_args!("write for example `{example}`"))),
        _ => Err(wrong(&tokens)),
    }
}

fn worker_threads(tokens: Tokens) -> syn::Result<usize> {
    let all = tokens.all();
    match integer(tokens, "worker_threads", "worker_threads = 4")? {
        0 => Err(over(all, "no thread would run the test", "write `worker_threads = 1` or more")),
        threads => Ok(threads),
    }
}

fn path(tokens: &Tokens) -> syn::Result<TokenStream> {
    let all = tokens.all();
    match syn::Path::parse_mod_style.parse2(all.clone()) {
        Ok(path) => Ok(quote!(#path)),
        Err(_) if tokens.is_empty() => {
            Err(at(tokens.span(), "`crate` needs a path", "write for example `crate = my_prelude::chaos_runtime`"))
        }
        Err(_) => Err(over(
            all,
            "`crate` is the path of chaos-runtime",
            "write it without quotes, as in `crate = my_prelude::chaos_runtime`",
        )),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    Strings,
    StringsOrWords,
}

/// The names of a list, with their tokens.
fn list(group: &Group, key: &str, example: &str, errors: &mut Errors) -> Vec<Tokens> {
    if group.stream().is_empty() {
        errors.push(at(
            group.span(),
            format_args!("`{key}` is empty"),
            format_args!("write for example `{example}`, or remove it"),
        ));
    }
    split(group.stream(), errors)
}

fn names(group: &Group, key: &str, kind: Names, errors: &mut Errors) -> Vec<String> {
    let example = match kind {
        Names::Strings => "exclusive(\"payments-db\")",
        Names::StringsOrWords => "profiles(local, staging)",
    };
    let mut names: Vec<String> = Vec::new();
    for mut part in list(group, key, example, errors) {
        let all = part.all();
        let read = match part.ident() {
            Some(word) if kind == Names::StringsOrWords && part.is_empty() => Some(name(&word)),
            Some(_) => None,
            None => match part.literal().map(syn::Lit::new) {
                Some(syn::Lit::Str(text)) if part.is_empty() => Some(text.value()),
                _ => None,
            },
        };
        match read.filter(|name| !name.trim().is_empty()) {
            Some(name) if names.contains(&name) => {
                errors.push(over(all, format_args!("`{name}` is named twice"), "remove one of the two"));
            }
            Some(name) => names.push(name),
            None if kind == Names::Strings => {
                errors.push(over(all, "expected a name in quotes", format_args!("write for example `{example}`")));
            }
            None => errors.push(over(
                all,
                "expected the name of a profile",
                "write a word, as in `profiles(local, staging)`, or a string, as in `profiles(\"pre-prod\")`",
            )),
        }
    }
    names
}

/// Names in quotes of which each is the id of a FIS action or template.
fn uses(group: &Group, errors: &mut Errors) -> Vec<String> {
    let example = "uses(\"aws:ec2:terminate-instances\")";
    let mut found: Vec<String> = Vec::new();
    for mut part in list(group, "uses", example, errors) {
        let all = part.all();
        let id = match part.literal().map(syn::Lit::new) {
            Some(syn::Lit::Str(text)) if part.is_empty() => text.value(),
            _ => {
                errors.push(over(all, "expected an id in quotes", format_args!("write for example `{example}`")));
                continue;
            }
        };
        if !is_action(&id) && !is_template(&id) {
            errors.push(over(
                all,
                format_args!("`{id}` is the id of no FIS action and no template"),
                "actions look like `aws:ec2:terminate-instances`, templates like `EXT1a2b3c4d5e6f7`",
            ));
        } else if found.contains(&id) {
            errors.push(over(all, format_args!("`{id}` is named twice"), "remove one of the two"));
        } else {
            found.push(id);
        }
    }
    found
}

/// `aws:ec2:terminate-instances`: which there are is for the runtime to know.
fn is_action(id: &str) -> bool {
    let mut parts = id.split(':');
    let word = |part: &str| {
        let usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty() && part.bytes().all(usual)
    };
    parts.next() == Some("aws")
        && parts.next().is_some_and(word)
        && parts.next().is_some_and(word)
        && parts.next().is_none()
}

/// `EXT1a2b3c4d5e6f7`
fn is_template(id: &str) -> bool {
    id.strip_prefix("EXT").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn requirements(group: &Group, errors: &mut Errors) -> Vec<&'static str> {
    let known = REQUIREMENTS.map(|(name, _)| name);
    let mut found = Vec::new();
    for mut part in list(group, "requires", "requires(docker)", errors) {
        let all = part.all();
        let Some(word) = part.ident().filter(|_| part.is_empty()) else {
            errors.push(over(
                all,
                "expected the name of a requirement",
                format_args!("expected one of: {}", crate::diagnostic::listed(&known)),
            ));
            continue;
        };
        match REQUIREMENTS.iter().find(|(name, _)| word == name) {
            Some((name, variant)) if found.contains(variant) => {
                errors.push(over(all, format_args!("`{name}` is required twice"), "remove one of the two"));
            }
            Some((_, variant)) => found.push(*variant),
            None => errors.push(unknown(word.span(), "requirement", &name(&word), &known)),
        }
    }
    found
}
