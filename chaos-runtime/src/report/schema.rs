//! The journal's format as JSON Schema.

use super::journal::{Journal, SCHEMA_VERSION};

/// JSON Schema (draft 2020-12) of the journal, as published in `schema/journal-v1.json`.
///
/// Readers must accept fields that it does not name; incompatible changes count up `schema`.
pub fn journal_schema() -> serde_json::Value {
    let mut schema =
        schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Journal>();
    schema.insert("title".to_owned(), format!("chaos-test journal, version {SCHEMA_VERSION}").into());
    schema.to_value()
}
