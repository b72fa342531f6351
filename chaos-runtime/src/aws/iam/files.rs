//! Policies as files of a repository.

use super::{Policies, Policy};
use crate::{Error, Result};
use std::path::Path;

/// The variable with which the files are written.
const WRITE: &str = "CHAOS_WRITE_POLICIES";

impl Policies {
    /// The documents with the names of their files.
    pub fn files(&self) -> [(&'static str, &Policy); 3] {
        [("caller.json", &self.caller), ("fis-role.json", &self.fis_role), ("fis-trust.json", &self.fis_trust)]
    }

    /// Compares the documents with the files of this directory, and writes them where `CHAOS_WRITE_POLICIES=1` is set.
    ///
    /// # Errors
    /// When a file cannot be read or written, or says something else; spacing and order apart.
    pub fn compare_with(&self, directory: impl AsRef<Path>) -> Result {
        let directory = directory.as_ref();
        if std::env::var_os(WRITE).is_some_and(|value| value == "1") {
            return self.write_to(directory);
        }
        for (name, policy) in self.files() {
            let path = directory.join(name);
            let help =
                format!("run the test with {WRITE}=1 to write it, and look at the difference before you commit it");
            let text = std::fs::read_to_string(&path).map_err(|error| {
                Error::new(format!("the policy {} cannot be read: {error}", path.display())).help(&help)
            })?;
            let file: Policy = serde_json::from_str(&text).map_err(|error| {
                Error::new(format!("{} is no policy as it is written here: {error}", path.display())).help(&help)
            })?;
            if file != *policy {
                let difference = difference(&file, policy);
                return Err(
                    Error::new(format!("{} is not what the tests need: {difference}", path.display())).help(help)
                );
            }
        }
        Ok(())
    }

    /// Writes the documents into this directory, which is made if need be.
    ///
    /// # Errors
    /// When that fails.
    pub fn write_to(&self, directory: impl AsRef<Path>) -> Result {
        let directory = directory.as_ref();
        let failed =
            |error: std::io::Error| Error::new(format!("failed to write policies to {}: {error}", directory.display()));
        std::fs::create_dir_all(directory).map_err(failed)?;
        self.files()
            .into_iter()
            .try_for_each(|(name, policy)| std::fs::write(directory.join(name), policy.to_json()).map_err(failed))
    }
}

/// What the file lacks and what it has too much, by the ids of statements.
fn difference(file: &Policy, needed: &Policy) -> String {
    let sids = |of: &Policy, without: &Policy| {
        let found = of.statement.iter().filter(|statement| !without.statement.contains(statement));
        found.map(|statement| statement.sid.clone()).collect::<Vec<_>>()
    };
    let (missing, surplus) = (sids(needed, file), sids(file, needed));
    let part = |what: &str, sids: Vec<String>| (!sids.is_empty()).then(|| format!("{what} {}", sids.join(", ")));
    let parts: Vec<String> =
        [part("it lacks", missing), part("it has too much", surplus)].into_iter().flatten().collect();
    if parts.is_empty() { "the order of its statements".to_owned() } else { parts.join("; ") }
}
