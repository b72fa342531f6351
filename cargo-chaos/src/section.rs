//! Whether an executable says of itself that it can be asked for its catalogue.

use chaos_runtime::report::catalogue::Catalogue;
use object::read::{Object as _, ObjectSection as _, ReadCache};
use std::fs::File;
use std::path::Path;

/// Reads a few pages of the file, however large it is. What is no ELF file, or none that says so, must not be started:
/// a test binary with a main of its own does whatever it does.
pub(crate) fn can_be_asked(executable: &Path) -> std::io::Result<bool> {
    let cache = ReadCache::new(File::open(executable)?);
    let Ok(file) = object::File::parse(&cache) else { return Ok(false) };
    let section = file.section_by_name(Catalogue::SECTION);
    Ok(section.and_then(|section| section.data().ok()).is_some_and(Catalogue::is_understood))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_are_told_apart_without_starting_them() {
        let dir = tempfile::tempdir().unwrap();
        let text = dir.path().join("script");
        std::fs::write(&text, "#!/bin/sh\ntouch started\n").unwrap();
        assert!(!can_be_asked(&text).unwrap());
        assert!(can_be_asked(&dir.path().join("missing")).is_err());
        assert!(!can_be_asked(Path::new("/bin/sh")).unwrap_or(false));
    }

    /// This test binary has the runtime in it.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_binary_with_the_runtime_says_so() {
        assert!(can_be_asked(&std::env::current_exe().unwrap()).unwrap());
    }
}
