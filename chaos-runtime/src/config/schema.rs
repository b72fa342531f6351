//! The file's format as JSON Schema.

use super::aurora::{AuroraImage, Database, Password, PromotionTime, Readers, User};
use super::aws::{AccountId, ClusterName, MaxDuration, Region, ResourceTag, RoleArn};
use super::document::Document;
use super::http::{BaseUrl, HeaderName, HeaderValue};
use super::image::{Replaced, Replacement};
use super::name::Name;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use std::borrow::Cow;

/// JSON Schema (draft 2020-12) of `chaos.toml`, as published in `schema/chaos-toml-v1.json`.
///
/// Editors complete and check the file with it: `#:schema <path or URL>` as the first line names it for those that
/// use taplo. What it refuses the parser refuses too; the parser sees more, such as keys that stand there twice.
pub fn schema() -> serde_json::Value {
    let mut schema =
        schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Document>();
    schema.insert("title".to_owned(), "chaos.toml, version 1".into());
    schema.to_value()
}

/// What a text must match. No look-around: not every editor's engine has it.
macro_rules! texts {
    ($($type:ident: $pattern:expr, $example:literal $(, but not $not:tt)?;)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] $(, "not": $not)? })
            }
        }
    )*};
}

/// A registry, perhaps with a port, and the path.
macro_rules! image {
    ($rest:literal) => {
        concat!(
            r"^(([A-Za-z0-9]+(-+[A-Za-z0-9]+)*(\.[A-Za-z0-9]+(-+[A-Za-z0-9]+)*)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/)?",
            r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*",
            $rest,
            "$"
        )
    };
}

texts! {
    Name: r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$", "x-session";
    Replaced: image!(r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"), "redis:7";
    Replacement: image!(
        r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})"
    ), "registry.example.com:5000/library/redis:7.2";
    AuroraImage: image!(r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"), "postgres:17";
    BaseUrl: r"^([Hh][Tt][Tt][Pp][Ss]?://([^/?#@\s\\$]|\$\$)+(/([^?#\s\\$]|\$\$)*)?|([^$]|\$\$)*(\$[A-Za-z0-9_]+|\$\{[A-Za-z0-9_]+\})([^$]|\$\$|\$[A-Za-z0-9_]+|\$\{[A-Za-z0-9_]+\})*)$", "http://127.0.0.1:8080";
    HeaderName: r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", "authorization";
    HeaderValue: r"^([^\x00-\x08\x0a-\x1f\x7f$]|\$\$|\$[A-Za-z0-9_]+|\$\{[A-Za-z0-9_]+\})*$", "Bearer ${ORDERS_TOKEN}";
    Database: r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$", "app", but not { "enum": ["template0", "template1"] };
    User: r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$", "app", but not { "pattern": "^pg_" };
    Password: r"^([^\x00-\x1f\x7f$]|\$\$|\$[A-Za-z0-9_]+|\$\{[A-Za-z0-9_]+\})+$", "${PAYMENTS_PASSWORD}";
    AccountId: r"^[0-9]{12}$", "123456789012";
    Region: r"^[a-z]+(-[a-z]+)+-[1-9]$", "eu-west-1";
    ResourceTag: r"^[^=\s\x00-\x1f\x7f]([^=\x00-\x1f\x7f]*[^=\s\x00-\x1f\x7f])?=[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$", "chaos-test=allowed", but not { "pattern": "^aws:" };
    RoleArn: r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", "arn:aws:iam::123456789012:role/chaos-fis";
    MaxDuration: r"^[0-9]+(\.[0-9]{1,9})?(ns|us|ms|s|m|h)$", "15m";
    ClusterName: r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$", "payments-staging";
    PromotionTime: r"^[0-9]+(\.[0-9]{1,9})?(ns|us|ms|s|m|h)$", "2s";
}

impl JsonSchema for Readers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Readers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": super::aurora::MOST_READERS })
    }
}
