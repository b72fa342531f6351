//! Names of files and folders.

use crate::report::journal::Journal;

/// The name of an experiment's record, without `.json`: `package.binary.module.test`. Neither
/// packages nor crates have a dot in their name, so two experiments never share one.
pub(super) fn of_record(journal: &Journal) -> String {
    let experiment = &journal.experiment;
    of_experiment(&experiment.package, &experiment.binary, &experiment.name)
}

/// The same for whatever else is kept of an experiment.
pub(crate) fn of_experiment(package: &str, binary: &str, test: &str) -> String {
    safe(&format!("{package}.{binary}.{}", test.replace("::", ".")), 150)
}

/// `text` as a name that every file system takes, of at most `most` bytes. Whatever has to be changed
/// is made up for by a hash, so different texts stay different, also where case does not count.
pub(super) fn safe(text: &str, most: usize) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let mut name: String = text.chars().map(|c| if plain(c) || c.is_ascii_uppercase() { c } else { '_' }).collect();
    let fine = text.chars().all(plain) && !text.starts_with('.') && !text.ends_with('.') && !text.is_empty();
    if fine && name.len() <= most {
        return name;
    }
    if name.starts_with('.') {
        name.replace_range(..1, "_");
    }
    name.truncate(most - 17);
    format!("{name}-{:016x}", fnv1a(text.as_bytes()))
}

/// FNV-1a, 64 bits: stable across versions and processes, which `std`'s hashers are not.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_named_after_its_test() {
        assert_eq!(of_record(&sample::running()), "shop.resilience.checkout.survives_slow_inventory");
    }

    #[test]
    fn what_is_no_file_name_becomes_one() {
        assert_eq!(safe("4711-1234567", 100), "4711-1234567");
        for evil in ["", ".", "..", "../../etc", "a/b", "a\\b", "C:", "nul\0", ".hidden"] {
            let name = safe(evil, 100);
            assert!(!name.starts_with('.') && !name.contains(['/', '\\', ':', '\0']), "{evil:?} became {name:?}");
        }
        assert_ne!(safe("Upper", 100).to_lowercase(), safe("upper", 100).to_lowercase());
        assert_ne!(safe("a/b", 100), safe("a_b", 100));
    }

    proptest! {
        #[test]
        fn names_are_short_and_differ(a in any::<String>(), b in any::<String>()) {
            let name = safe(&a, 60);
            prop_assert!(!name.is_empty() && name.len() <= 60);
            prop_assert_eq!(a == b, name == safe(&b, 60));
        }
    }
}
