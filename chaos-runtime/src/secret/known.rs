//! Values that are known to be secret, in the forms in which they may stand in a text.

use super::view::View;
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::BTreeSet;

/// Shorter values are not searched for, in bytes: they would hit everywhere.
pub(super) const SHORTEST: usize = 6;

/// Lines of longer secrets (a private key) that are searched for one by one.
const SHORTEST_LINE: usize = 16;

/// Escapes within escapes are undone this often.
const DEPTH: usize = 2;

/// Searches a text for known values.
#[derive(Debug, Default)]
pub(super) struct Known {
    literals: Option<Literals>,
    /// Which of the literals are base64.
    encoded: Vec<bool>,
}

#[derive(Debug)]
struct Literals {
    /// Whether there is any: by far the faster of the two, and nearly always the last word.
    any: AhoCorasick,
    /// All of them, overlapping ones too.
    all: AhoCorasick,
}

impl Literals {
    fn new(literals: &[Vec<u8>]) -> Option<Self> {
        if literals.is_empty() {
            return None;
        }
        // Fails for billions of them only.
        let any = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(literals).ok()?;
        Some(Self { any, all: AhoCorasick::new(literals).ok()? })
    }
}

impl Known {
    pub(super) fn new(values: &BTreeSet<String>) -> Self {
        let mut plain = BTreeSet::new();
        let mut encoded = BTreeSet::new();
        for value in values.iter().flat_map(|value| parts(value)) {
            plain.insert(value.as_bytes().to_vec());
            if value.contains(' ') {
                // As forms encode it.
                plain.insert(value.replace(' ', "+").into_bytes());
            }
            encoded.extend(in_base64(value.as_bytes()));
        }
        let encoded_from = plain.len();
        let literals: Vec<Vec<u8>> = plain.into_iter().chain(encoded).collect();
        let count = literals.len();
        let literals = Literals::new(&literals);
        Self { literals, encoded: (0..count).map(|index| index >= encoded_from).collect() }
    }

    /// Adds the places of known values, whichever way they are escaped.
    pub(super) fn find(&self, text: &str, places: &mut Vec<(usize, usize)>) {
        let Some(literals) = &self.literals else { return };
        let text = text.as_bytes();
        self.find_in(literals, text, None, places);
        self.find_decoded(literals, text, None, DEPTH, places);
    }

    fn find_decoded(
        &self,
        literals: &Literals,
        text: &[u8],
        outer: Option<&View>,
        depth: usize,
        places: &mut Vec<(usize, usize)>,
    ) {
        for view in [View::of_percents(text), View::of_backslashes(text)].into_iter().flatten() {
            let inner = view.bytes.clone();
            let view = match outer {
                Some(outer) => view.through(outer),
                None => view,
            };
            self.find_in(literals, &inner, Some(&view), places);
            if depth > 1 {
                self.find_decoded(literals, &inner, Some(&view), depth - 1, places);
            }
        }
    }

    fn find_in(&self, literals: &Literals, text: &[u8], view: Option<&View>, places: &mut Vec<(usize, usize)>) {
        if !literals.any.is_match(text) {
            return;
        }
        for found in literals.all.find_overlapping_iter(text) {
            let (mut start, mut end) = (found.start(), found.end());
            if self.encoded[found.pattern().as_usize()] {
                // The characters at both ends hold some bits of the value too.
                start -= usize::from(start > 0 && is_base64(text[start - 1]));
                end += usize::from(end < text.len() && is_base64(text[end]));
            }
            places.push(view.map_or((start, end), |view| view.place(start, end)));
        }
    }
}

/// A value and, if it has several lines, its longer lines: what a child process writes comes line by line.
fn parts(value: &str) -> impl Iterator<Item = &str> {
    let lines = value.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE && !line.starts_with("-----"));
    std::iter::once(value.trim()).chain(lines.filter(|_| value.trim().contains('\n')))
}

/// What a value surely leaves in the base64 of a text that contains it, for each of the three alignments.
fn in_base64(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(value);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded).into_bytes();
            // Only whole characters: those that hold bits of a neighbour are left out.
            let from = (before * 8).div_ceil(6);
            let to = padded.len() * 8 / 6;
            forms.push(text[from..to].to_vec());
        }
    }
    forms
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}
