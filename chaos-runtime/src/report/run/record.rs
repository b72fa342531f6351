//! Reading records back.

use crate::report::journal::{Journal, SCHEMA_VERSION};
use serde::Deserialize;
use std::path::Path;

/// What every version of the format has.
#[derive(Deserialize)]
struct Head {
    schema: u32,
}

/// The journal in a file, or in a sentence why there is none.
pub(super) fn read(path: &Path) -> Result<Journal, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let left_out = |error: std::io::Error| format!("{name} was left out: {error}");
    // A pipe would be read for ever.
    if !std::fs::metadata(path).map_err(left_out)?.is_file() {
        return Err(format!("{name} was left out: it is no file"));
    }
    let bytes = std::fs::read(path).map_err(left_out)?;
    parse(&name, &bytes)
}

/// The journal in the bytes of the file `name`, or in a sentence why there is none.
pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Journal, String> {
    let head: Head = serde_json::from_slice(bytes).map_err(|_| format!("{name} was left out: not a journal"))?;
    if head.schema > SCHEMA_VERSION {
        let newer = head.schema;
        return Err(format!(
            "{name} was left out: its format {newer} is newer than {SCHEMA_VERSION}, update chaos-runtime"
        ));
    }
    serde_json::from_slice(bytes).map_err(|error| format!("{name} was left out: {error}"))
}
