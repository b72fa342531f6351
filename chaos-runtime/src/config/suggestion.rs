//! "Did you mean …?"

/// `did you mean …?`, or all there is.
pub(crate) fn one_of<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = known.collect();
    known.sort_unstable();
    known.dedup();
    match nearest(given, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("expected one of: {}", listed(&known)),
    }
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const SIMILAR: f64 = 0.75;
    let rated = known.map(|known| (similarity(given, known), known));
    rated.filter(|(rating, _)| *rating >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// From 0 to 1, whatever the case.
pub(crate) fn similarity(given: &str, known: &str) -> f64 {
    let (given, known) = (given.to_lowercase(), known.to_lowercase());
    // Short names have nothing in common once two letters change places: `ulr`.
    let slip = known.chars().count() > 2 && strsim::osa_distance(&given, &known) == 1;
    strsim::jaro_winkler(&given, &known).max(if slip { 0.9 } else { 0.0 })
}

/// `a`, `b`
pub(crate) fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
