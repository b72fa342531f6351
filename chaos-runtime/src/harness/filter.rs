//! Which tests run: libtest knows any number of filters, libtest-mimic one.

use crate::catalogue::Entry;
use libtest_mimic::Arguments;

/// Makes the arguments choose what the first filter or one of `more` chooses: by naming every other test as one to
/// skip, so that it still counts as filtered out.
pub(super) fn several(arguments: &mut Arguments, more: &[String], entries: &[&'static Entry]) {
    if more.is_empty() {
        return;
    }
    let names = entries.iter().map(|entry| entry.spec.test_name()).collect();
    keep(arguments, more, names);
}

fn keep(arguments: &mut Arguments, more: &[String], mut names: Vec<String>) {
    let filters: Vec<String> = arguments.filter.take().into_iter().chain(more.iter().cloned()).collect();
    let exact = arguments.exact;
    let fits = |name: &str, filter: &String| if exact { name == filter } else { name.contains(filter.as_str()) };
    let kept = |name: &str| {
        let chosen = filters.iter().any(|filter| fits(name, filter));
        chosen && !arguments.skip.iter().any(|filter| fits(name, filter))
    };
    names.retain(|name| !kept(name));
    (arguments.skip, arguments.exact) = (names, true);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_several_filters_suffices() {
        let skipped = |exact, skip: &[&str]| {
            let skip = skip.iter().map(|name| (*name).to_owned()).collect();
            let mut arguments = Arguments { exact, skip, filter: Some("a::one".into()), ..Arguments::default() };
            let names = ["a::one", "a::one_more", "b::two", "c::three"].map(str::to_owned);
            keep(&mut arguments, &["b::".to_owned(), "c::three".to_owned()], names.into());
            assert!(arguments.exact && arguments.filter.is_none());
            arguments.skip.join(" ")
        };
        assert_eq!(skipped(false, &[]), "");
        assert_eq!(skipped(false, &["more"]), "a::one_more");
        assert_eq!(skipped(true, &["one"]), "a::one_more b::two");
        assert_eq!(skipped(true, &["a::one"]), "a::one a::one_more b::two");
    }
}
