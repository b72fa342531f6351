//! The attribute as written: keys and what stands behind them, nothing judged but their form.

use crate::diagnostic::{Errors, at, unknown};
use crate::tokens::{Tokens, name, split};
use proc_macro2::{Group, Ident, TokenStream};

/// Every key, with an example of its form.
const KEYS: [(&str, &str); 22] = [
    ("steady_state", "steady_state(success_rate >= 99%)"),
    ("hypothesis", "hypothesis(recovery <= 5s)"),
    ("abort_if", "abort_if(success_rate < 10% for 60s)"),
    ("warm_up", "warm_up = 2s"),
    ("baseline", "baseline = 10s"),
    ("after", "after = 10s"),
    ("bin", "bin = 1s"),
    ("stability", "stability = 3s"),
    ("recovery_limit", "recovery_limit = 60s"),
    ("confirm", "confirm = 5s"),
    ("timeout", "timeout = 5m"),
    ("confidence", "confidence = 95%"),
    ("seed", "seed = 42"),
    ("parallel", "parallel"),
    ("control", "control"),
    ("exclusive", "exclusive(\"payments-db\")"),
    ("profiles", "profiles(local, staging)"),
    ("requires", "requires(docker)"),
    ("uses", "uses(\"aws:ec2:terminate-instances\")"),
    ("known_weakness", "known_weakness(id = \"PAY-142\", urgency = high, fix_by = \"2027-01-31\")"),
    ("worker_threads", "worker_threads = 4"),
    ("crate", "crate = path::to::chaos_runtime"),
];

/// One part of the attribute.
pub(crate) struct Arg {
    pub(crate) ident: Ident,
    pub(crate) key: String,
    pub(crate) form: Form,
}

pub(crate) enum Form {
    /// `parallel`
    Flag,
    /// `timeout = 5m`: what follows the `=`.
    Value(Tokens),
    /// `steady_state(…)`
    List(Group),
}

/// The parts of an attribute; each key at most once.
pub(crate) fn args(stream: TokenStream, errors: &mut Errors) -> Vec<Arg> {
    let mut args: Vec<Arg> = Vec::new();
    for part in split(stream, errors) {
        let Some(arg) = errors.take(arg(part, &KEYS)) else { continue };
        if args.iter().any(|earlier| earlier.key == arg.key) {
            errors.push(at(arg.ident.span(), format_args!("`{}` is given twice", arg.key), "merge the two into one"));
        } else {
            args.push(arg);
        }
    }
    args
}

/// Reads one part with one of these keys.
pub(crate) fn arg(mut part: Tokens, keys: &[(&str, &str)]) -> syn::Result<Arg> {
    let span = part.span();
    let Some(ident) = part.ident() else {
        let (_, example) = keys[0];
        return Err(at(span, "expected the name of a setting", format_args!("write for example `{example}`")));
    };
    let key = name(&ident);
    let Some((_, example)) = keys.iter().find(|(known, _)| *known == key) else {
        return Err(unknown_key(&ident, &key, keys));
    };
    let form = if part.is_empty() {
        Form::Flag
    } else if let Some(group) = part.parens() {
        part.finish(&format!("`{key}(…)`"))?;
        Form::List(group)
    } else if part.is_punct('=') {
        let equals = part.span();
        part.any_punct();
        Form::Value(Tokens::new(part.rest().into_iter().collect(), equals))
    } else {
        return Err(at(part.span(), format_args!("unexpected token after `{key}`"), format_args!("write `{example}`")));
    };
    let arg = Arg { ident, key, form };
    arg.has_form_of(example)?;
    Ok(arg)
}

impl Arg {
    fn has_form_of(&self, example: &str) -> syn::Result<()> {
        let fits = match self.form {
            Form::Flag => !example.contains(['(', '=']),
            Form::Value(_) => example.contains(" = ") && !example.contains('('),
            Form::List(_) => example.contains('('),
        };
        if fits {
            return Ok(());
        }
        let is = match self.form {
            Form::Flag => "needs a value",
            _ if !example.contains(['(', '=']) => "takes no value",
            Form::Value(_) => "takes a list in parentheses",
            Form::List(_) => "takes one value",
        };
        Err(at(self.ident.span(), format_args!("`{}` {is}", self.key), format_args!("write `{example}`")))
    }
}

fn unknown_key(ident: &Ident, key: &str, keys: &[(&str, &str)]) -> syn::Error {
    // A claim that stands alone is a frequent slip.
    if matches!(key, "during" | "recovery" | "success_rate" | "error_rate" | "p50" | "p95" | "p99" | "max") {
        return at(
            ident.span(),
            format_args!("the claim `{key} …` stands outside every list of claims"),
            "put it in `steady_state(…)`, `hypothesis(…)` or `abort_if(…)`",
        );
    }
    unknown(ident.span(), "setting", key, &keys.iter().map(|(name, _)| *name).collect::<Vec<_>>())
}
