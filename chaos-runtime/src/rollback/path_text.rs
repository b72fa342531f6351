//! Paths in JSON: a text where they are one, else their bytes, as file systems know nothing of UTF-8.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::{Path, PathBuf};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => serializer.serialize_str(text),
        #[cfg(unix)]
        None => Written::Bytes(std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec()).serialize(serializer),
        #[cfg(not(unix))]
        None => Err(serde::ser::Error::custom(format!("`{}` is no text", path.display()))),
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    match Written::deserialize(deserializer)? {
        Written::Text(text) => Ok(text.into()),
        #[cfg(unix)]
        Written::Bytes(bytes) => Ok(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes).into()),
        #[cfg(not(unix))]
        Written::Bytes(_) => Err(serde::de::Error::custom("a path of another system")),
    }
}
