//! Which state of the code was tested.

use serde::{Deserialize, Serialize};

/// A state of the code under version control.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revision {
    /// The commit, as the version control names it in full.
    pub commit: String,
    /// Whether files differed from that commit; `None` where nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// The branch, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The tag, if the pipeline runs for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl Revision {
    /// As people write a commit: its first seven digits. What is no hash stays whole.
    pub fn short(&self) -> &str {
        let is_hash = self.commit.len() >= 12 && self.commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { &self.commit[..7] } else { &self.commit }
    }
}
