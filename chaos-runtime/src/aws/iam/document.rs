//! Policies as IAM reads them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A policy: a document of IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    /// `2012-10-17`
    pub version: String,
    /// Sorted by their ids.
    pub statement: Vec<Statement>,
}

/// A statement of a [`Policy`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Statement {
    /// Why it is there.
    pub sid: String,
    /// What it does.
    pub effect: Effect,
    /// Of a role's trust: who may take it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    /// Sorted.
    pub action: Vec<String>,
    /// Sorted; empty in a role's trust.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resource: Vec<String>,
    /// Operator, then key, then value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// Who may take a role on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Principal {
    /// A service: `fis.amazonaws.com`
    pub service: String,
}

impl Policy {
    /// A policy of these statements.
    pub(super) fn of(mut statement: Vec<Statement>) -> Self {
        statement.sort_by(|a, b| a.sid.cmp(&b.sid));
        Self { version: "2012-10-17".to_owned(), statement }
    }

    /// The document, indented, with a line end at its end.
    pub fn to_json(&self) -> String {
        // Texts, lists and maps of texts are JSON whatever they hold.
        serde_json::to_string_pretty(self).map(|json| json + "\n").unwrap_or_default()
    }
}
