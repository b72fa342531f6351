//! `CHAOS_HTTP_ORDERS_URL`, `CHAOS_AURORA_PAYMENTS_READERS`, `CHAOS_IMAGE_REDIS`: what the environment says instead of
//! the file.

use super::Kind;
use super::image::{Replaced, Replacement};
use super::parse::Origin;
use super::problem::{Place, Problem, Wrong};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

/// What the names of images' variables begin with.
const IMAGE: &str = "CHAOS_IMAGE_";

/// An environment variable that speaks about what the file may have. Its value may be a secret.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: String,
}

/// How a name of the file stands in a variable's name.
pub(super) fn part(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Those of the environment that speak about the file, in order of their names. Empty ones say nothing.
pub(super) fn of_environment(all: impl Iterator<Item = (OsString, OsString)>) -> Result<Vec<Variable>, Problem> {
    let mut ours = Vec::new();
    for (name, value) in all {
        let name = name.to_string_lossy().into_owned();
        let is_ours = name.starts_with(IMAGE) || Kind::ALL.iter().any(|kind| name.starts_with(&kind.prefix()));
        if !is_ours || value.is_empty() {
            continue;
        }
        match value.into_string() {
            Ok(value) => ours.push(Variable { name, value }),
            Err(_) => return Err(Wrong::new("its value is not UTF-8", "set it anew").at(Place::Variable(name))),
        }
    }
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(ours)
}

/// The images that variables name, by what follows the prefix.
pub(super) fn images(
    origin: &Origin<'_>,
    in_file: &BTreeMap<Replaced, Replacement>,
) -> Result<BTreeMap<String, Replacement>, Problem> {
    let mut images = BTreeMap::new();
    for Variable { name, value } in origin.variables {
        let Some(image) = name.strip_prefix(IMAGE) else { continue };
        let wrong = |wrong: Wrong| wrong.at(Place::Variable(name.clone()));
        if image.is_empty() {
            let help = "write the image's name behind it: CHAOS_IMAGE_REDIS";
            return Err(wrong(Wrong::new("it names no image", help)));
        }
        let names = in_file.keys().flat_map(|image| [image.as_str(), image.name()]).chain(["postgres"]);
        let known: BTreeSet<String> = names.map(part).collect();
        if !known.contains(image)
            && let Some(near) = known.iter().find(|known| is_slip(image, known))
        {
            let message = format!("neither the file nor a default names an image `{}`", image.to_lowercase());
            let help = format!("did you mean {IMAGE}{near}? Otherwise add it to [images] in the file");
            return Err(wrong(Wrong::new(message, help)));
        }
        images.insert(image.to_owned(), Replacement::parse(value).map_err(wrong)?);
    }
    Ok(images)
}

/// Whether one is probably the other, mistyped: a letter too many, missing, wrong, or two in the wrong order. Not if
/// they are numbered.
pub(super) fn is_slip(given: &str, known: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    strsim::osa_distance(given, known) == 1 && digits(given) == digits(known)
}

impl Kind {
    /// What the names of its variables begin with.
    pub(super) fn prefix(self) -> String {
        format!("CHAOS_{}_", part(self.key()))
    }
}
