//! What must be true of any bytes as a `chaos.toml`, with variables behind it. Panics if it is not.

use super::file::{NAME, of_bytes};
use std::ffi::OsString;
use std::path::Path;

/// Reads a file and, behind NUL bytes, `NAME=value` each, in the environment of profile `local`. It is good, or the
/// error names a place that there is and a way out.
pub(crate) fn fuzz(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let file = parts.next().unwrap_or_default();
    let variables: Vec<(OsString, OsString)> = parts
        .filter_map(|part| std::str::from_utf8(part).ok()?.split_once('='))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    let config = match of_bytes(file, "local", variables.clone().into_iter()) {
        Ok(config) => config,
        Err(problem) => {
            let error = problem.in_file(Path::new(NAME));
            assert!(error.help_text().is_some_and(|help| !help.is_empty()), "no way out of: {error}");
            let place = error.message().split_once(": ").map_or("", |(place, _)| place);
            let mut names = variables.iter().map(|(name, _)| name.to_string_lossy());
            let is_variable = names.any(|name| error.message().starts_with(&format!("{name}: ")));
            assert!(is_variable || is_place(place, file), "no place in: {error}");
            return;
        }
    };
    // What is good can be asked for everything.
    for (profile, targets) in &config.profiles {
        targets.http.targets.keys().for_each(|name| assert!(config.http(profile, name).is_ok(), "{name}"));
        targets.aurora.targets.keys().for_each(|name| drop(config.aurora(profile, name)));
    }
}

/// Whether it is `chaos.toml:<line>:<column>`, and the file has that line and column.
fn is_place(place: &str, file: &[u8]) -> bool {
    let numbers = place.strip_prefix(NAME).and_then(|rest| rest.strip_prefix(':')?.split_once(':'));
    let Some((line, column)) = numbers.and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)))
    else {
        return false;
    };
    let text = String::from_utf8_lossy(file);
    let lines: Vec<&str> = text.split('\n').collect();
    let (line, column): (usize, usize) = (line, column);
    (1..=lines.len()).contains(&line) && (1..=lines[line - 1].chars().count() + 1).contains(&column)
}
