//! Taking secrets out of a text.

use super::PLACEHOLDER;
use super::known::{Known, SHORTEST};
use super::names;
use super::pattern::Patterns;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// Known values, names and patterns. Values may be added at any time, from any thread.
#[derive(Debug, Default)]
pub(super) struct Redactor(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    values: BTreeSet<String>,
    /// Names beyond the usual ones, in plain form.
    own: Vec<String>,
    /// Made of the above when it is needed.
    search: Option<Arc<Search>>,
}

#[derive(Debug)]
struct Search {
    known: Known,
    patterns: Patterns,
}

impl Redactor {
    /// Takes this value out of every text from now on.
    pub(super) fn add(&self, value: &str) {
        let value = value.trim();
        // What stands for a secret can't be one.
        if value.len() < SHORTEST || PLACEHOLDER.contains(value) {
            return;
        }
        let mut state = self.state();
        if state.values.insert(value.to_owned()) {
            state.search = None;
        }
    }

    /// Values under these names are secret too.
    pub(super) fn add_names(&self, added: &[String]) {
        let mut state = self.state();
        for name in added.iter().map(|name| names::plain(name)) {
            if !name.is_empty() && !state.own.contains(&name) {
                state.own.push(name);
                state.search = None;
            }
        }
    }

    pub(super) fn own_names(&self) -> Vec<String> {
        self.state().own.clone()
    }

    /// The text with `[redacted]` in place of every secret. Borrowed if there is none.
    pub(super) fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let search = self.search();
        let mut redacted = Cow::Borrowed(text);
        // What was cut in two by a secret may be one itself; every turn leaves less of the text.
        loop {
            let places = search.places(&redacted);
            if places.is_empty() {
                return redacted;
            }
            redacted = Cow::Owned(without(&redacted, &places));
        }
    }

    /// The places of all secrets, in order and apart from each other.
    pub(super) fn places(&self, text: &str) -> Vec<(usize, usize)> {
        self.search().places(text)
    }

    fn search(&self) -> Arc<Search> {
        let mut state = self.state();
        if let Some(search) = &state.search {
            return search.clone();
        }
        let search = Arc::new(Search { known: Known::new(&state.values), patterns: Patterns::new(&state.own) });
        state.search = Some(search.clone());
        search
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Search {
    fn places(&self, text: &str) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        self.known.find(text, &mut places);
        self.patterns.find(text, &mut places);
        if places.is_empty() {
            return places;
        }
        // A placeholder is no secret, but a secret may begin or end in the text beside it.
        let placeholders: Vec<_> = text.match_indices(PLACEHOLDER).map(|(at, found)| (at, at + found.len())).collect();
        places.retain(|place| !placeholders.iter().any(|whole| whole.0 <= place.0 && place.1 <= whole.1));
        for place in &mut places {
            for whole in &placeholders {
                if whole.0 < place.1 && place.0 < whole.1 {
                    *place = (place.0.min(whole.0), place.1.max(whole.1));
                }
            }
        }
        merged(text, places)
    }
}

fn merged(text: &str, mut places: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    places.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, end) in places {
        let start = (0..=start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let end = (end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

fn without(text: &str, places: &[(usize, usize)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (start, end) in places {
        out.push_str(&text[from..*start]);
        out.push_str(PLACEHOLDER);
        from = *end;
    }
    out.push_str(&text[from..]);
    out
}

#[cfg(test)]
#[path = "redactor_tests.rs"]
mod tests;
