//! The file's keys and the types of their values: what the parser reads and what the JSON Schema is made of.

use super::aurora::{AuroraImage, Database, Password, PromotionTime, Readers, User};
use super::aws::{AccountId, ClusterName, MaxDuration, Region, ResourceTag, RoleArn};
use super::http::{BaseUrl, HeaderName, HeaderValue};
use super::image::{Replaced, Replacement};
use super::name::Name;
use super::problem::Wrong;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// What differs between a laptop and staging, and what no report may show.
#[derive(Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct Document {
    /// What no report may show.
    pub(super) redact: Redact,
    /// Container images that stand in for those that tests name: `redis = "registry.example.com/redis:7.2"`.
    pub(super) images: BTreeMap<Replaced, Replacement>,
    /// Where tests run: `[profile.local]`, `[profile.staging]`, … `CHAOS_PROFILE` chooses.
    pub(super) profile: BTreeMap<Name, Profile>,
}

/// What no report may show.
#[derive(Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Redact {
    /// Headers, query parameters and environment variables whose values are secret, beyond those whose names say so.
    pub(super) names: Vec<Name>,
}

/// One place where tests run.
#[derive(Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Profile {
    /// HTTP services, for `chaos.http("<name>")`.
    pub(super) http: BTreeMap<Name, Http>,
    /// Aurora clusters, for `chaos.aurora("<name>")`.
    pub(super) aurora: BTreeMap<Name, Aurora>,
    /// The AWS account that may be harmed, for `chaos.aws()`.
    #[cfg_attr(feature = "schema", schemars(with = "Option<Aws>"))]
    pub(super) aws: Option<Spanned<Aws>>,
}

/// What may be harmed in AWS. No variable outranks it.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "a table")]
pub(super) struct Aws {
    /// The accounts that may be harmed.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<AccountId>", length(min = 1)))]
    pub(super) accounts: Spanned<Vec<AccountId>>,
    /// The region of all calls.
    pub(super) region: Region,
    /// The tag that every target must carry: `chaos-test=allowed`.
    pub(super) tag: ResourceTag,
    /// The role that FIS takes on for experiments that are built in code.
    pub(super) role: Option<RoleArn>,
    /// Names or ARNs of the CloudWatch alarms that stop every FIS experiment that is built in code.
    #[serde(default)]
    pub(super) stop_alarms: Vec<Name>,
    /// How long a fault may last at most.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "MaxDuration", extend("default" = "15m")))]
    pub(super) max_duration: Option<MaxDuration>,
    /// A file; while it exists, nothing is harmed. From the directory of chaos.toml.
    pub(super) kill_switch: Option<Name>,
    /// Whether CHAOS_ALLOW_PRODUCTION must name the profile, too; by default if the profile's name says so.
    pub(super) production: Option<bool>,
    /// All endpoints are an emulator's.
    #[serde(default)]
    pub(super) emulator: bool,
}

/// An HTTP service: its base URL, or a table.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(untagged))]
pub(super) enum Http {
    Url(#[cfg_attr(feature = "schema", schemars(with = "BaseUrl"))] Spanned<BaseUrl>),
    Table(HttpTable),
}

/// An HTTP service with more than its URL.
#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct HttpTable {
    /// The base URL, perhaps with a path; without user, query and fragment. `${NAME}` stands for an environment variable.
    #[cfg_attr(feature = "schema", schemars(with = "BaseUrl"))]
    pub(super) url: Spanned<BaseUrl>,
    /// Headers of every request. `${NAME}` stands for an environment variable.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<HeaderName, HeaderValue>"))]
    pub(super) headers: BTreeMap<HeaderName, Spanned<HeaderValue>>,
}

/// A cluster of PostgreSQL containers that behaves as Aurora does; with `cluster`, a real one.
#[derive(Deserialize, Default)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(super) struct Aurora {
    /// The identifier of a real Aurora cluster, in a profile with `aws`. Then only `database`, `user` and `password` may
    /// stand beside it.
    #[cfg_attr(feature = "schema", schemars(with = "ClusterName"))]
    pub(super) cluster: Option<Spanned<ClusterName>>,
    /// Readers beside the writer.
    #[cfg_attr(feature = "schema", schemars(with = "Readers", extend("default" = 1)))]
    pub(super) readers: Option<Readers>,
    /// The image of its containers, to which `[images]` applies.
    #[cfg_attr(feature = "schema", schemars(with = "AuroraImage", extend("default" = "postgres:17")))]
    pub(super) image: Option<AuroraImage>,
    /// The database that is made.
    #[cfg_attr(feature = "schema", schemars(with = "Database", extend("default" = "app")))]
    pub(super) database: Option<Database>,
    /// Its owner.
    #[cfg_attr(feature = "schema", schemars(with = "User", extend("default" = "app")))]
    pub(super) user: Option<User>,
    /// The owner's password; drawn if it is left out. `${NAME}` stands for an environment variable.
    #[cfg_attr(feature = "schema", schemars(with = "Password"))]
    pub(super) password: Option<Spanned<Password>>,
    /// Whether a commit waits until a reader has it.
    #[cfg_attr(feature = "schema", schemars(with = "bool", extend("default" = false)))]
    pub(super) synchronous: Option<bool>,
    /// How long a reader takes to become the writer, such as `2s`; by default as long as it takes by itself.
    #[cfg_attr(feature = "schema", schemars(with = "PromotionTime"))]
    pub(super) promotion_time: Option<PromotionTime>,
}

impl<'de> Deserialize<'de> for Http {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UrlOrTable;

        impl<'de> Visitor<'de> for UrlOrTable {
            type Value = Result<BaseUrl, HttpTable>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a URL, or a table with `url` and `headers`")
            }

            fn visit_str<E: serde::de::Error>(self, url: &str) -> Result<Self::Value, E> {
                BaseUrl::parse(url).map(Ok).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                HttpTable::deserialize(MapAccessDeserializer::new(map)).map(Err)
            }
        }

        struct Either(Result<BaseUrl, HttpTable>);

        impl<'de> Deserialize<'de> for Either {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(UrlOrTable).map(Self)
            }
        }

        let either = Spanned::<Either>::deserialize(deserializer)?;
        let span = either.span();
        Ok(match either.into_inner().0 {
            Ok(url) => Self::Url(Spanned::new(span, url)),
            Err(table) => Self::Table(table),
        })
    }
}

/// Texts that are checked as they are read: so the parser knows where a mistake is.
macro_rules! checked {
    ($($type:ty),* $(,)?) => {$(
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Checked(<$type>::parse))
            }
        }
    )*};
}

struct Checked<T>(fn(&str) -> Result<T, Wrong>);

impl<T> Visitor<'_> for Checked<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

checked!(
    Name,
    Replaced,
    Replacement,
    BaseUrl,
    HeaderName,
    HeaderValue,
    AuroraImage,
    Database,
    User,
    Password,
    PromotionTime,
    AccountId,
    ClusterName,
    MaxDuration,
    Region,
    ResourceTag,
    RoleArn,
);

impl<'de> Deserialize<'de> for Readers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(i64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
