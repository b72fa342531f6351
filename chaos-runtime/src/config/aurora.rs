//! `[profile.<profile>.aurora.<name>]`: clusters that imitate Aurora in containers.

use super::aws::ClusterName;
use super::image::Reference;
use super::problem::{Placed, Wrong};
use super::template::Template;
use super::{Config, Kind, duration};
use crate::{Result, Secret, secret};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;
use std::time::Duration;

/// Aurora's own limit.
pub(super) const MOST_READERS: u8 = 15;

/// An Aurora as the file has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Aurora {
    pub(super) cluster: Option<ClusterName>,
    pub(super) readers: Option<Readers>,
    pub(super) image: Option<AuroraImage>,
    pub(super) database: Option<Database>,
    pub(super) user: Option<User>,
    pub(super) password: Option<Placed<Template>>,
    pub(super) synchronous: Option<bool>,
    pub(super) promotion_time: Option<PromotionTime>,
}

/// An Aurora's settings with every default filled in.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "docker"), allow(dead_code, reason = "for Aurora in containers"))]
pub(crate) struct AuroraSettings {
    /// Beside the writer; 0 to 15.
    pub(crate) readers: u8,
    /// The reference of the image to run, with `[images]` already applied.
    pub(crate) image: String,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: Secret,
    /// Whether a commit waits until a reader has it.
    pub(crate) synchronous: bool,
    /// How long a reader takes to become the writer; `None`: as long as it takes by itself.
    pub(crate) promotion_time: Option<Duration>,
}

/// A real cluster's settings.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "for Aurora in AWS"))]
pub(crate) struct ClusterSettings {
    /// Its DB cluster identifier.
    pub(crate) cluster: String,
    pub(crate) database: String,
    pub(crate) user: String,
    /// `None`: clients log in some other way.
    pub(crate) password: Option<Secret>,
}

impl Aurora {
    /// The keys that say something of containers only.
    pub(super) fn of_containers(&self) -> impl Iterator<Item = &'static str> {
        [
            ("readers", self.readers.is_some()),
            ("image", self.image.is_some()),
            ("synchronous", self.synchronous.is_some()),
            ("promotion_time", self.promotion_time.is_some()),
        ]
        .into_iter()
        .filter(|(_, given)| *given)
        .map(|(key, _)| key)
    }

    /// What stands in the file itself; what comes from the environment is registered when it is put in.
    pub(super) fn register_secrets(&self) {
        if let Some(password) = self.password.as_ref().and_then(|password| password.value.literal()) {
            secret::register(&[password.to_owned()]);
        }
    }

    fn database(&self) -> String {
        self.database.as_ref().map_or("app", |database| &database.0).to_owned()
    }

    fn user(&self) -> String {
        self.user.as_ref().map_or("app", |user| &user.0).to_owned()
    }
}

impl Config {
    /// The Aurora of this name. In profile `local` it need not be in the file.
    #[cfg_attr(not(feature = "docker"), allow(dead_code, reason = "for Aurora in containers"))]
    pub(crate) fn aurora(&self, profile: &str, name: &str) -> Result<AuroraSettings> {
        let defaults = Aurora::default();
        let found = match self.target(Kind::Aurora, profile, name, |targets| &targets.aurora) {
            Err(_) if profile == "local" => &defaults,
            found => found?,
        };
        let password = self.password_of(profile, name, found)?.unwrap_or_else(drawn_password);
        let image = found.image.clone().unwrap_or_default();
        Ok(AuroraSettings {
            readers: found.readers.as_ref().map_or(1, |readers| readers.0),
            image: self.images.instead_of(&image.0),
            database: found.database(),
            user: found.user(),
            password,
            synchronous: found.synchronous.unwrap_or(false),
            promotion_time: found.promotion_time.as_ref().map(|time| time.0),
        })
    }

    /// The same where it is a real cluster; `None`: it is one in containers.
    #[cfg_attr(not(feature = "aws"), allow(dead_code, reason = "for Aurora in AWS"))]
    pub(crate) fn aurora_cluster(&self, profile: &str, name: &str) -> Result<Option<ClusterSettings>> {
        let found = match self.target(Kind::Aurora, profile, name, |targets| &targets.aurora) {
            Err(_) if profile == "local" => return Ok(None),
            found => found?,
        };
        let Some(ClusterName(cluster)) = found.cluster.clone() else { return Ok(None) };
        let password = self.password_of(profile, name, found)?;
        Ok(Some(ClusterSettings { cluster, database: found.database(), user: found.user(), password }))
    }

    /// The real clusters of a profile: name and identifier.
    pub(crate) fn clusters(&self, profile: &str) -> Vec<(String, String)> {
        let targets = self.profiles.get(profile).into_iter().flat_map(|targets| &targets.aurora.targets);
        targets.filter_map(|(name, found)| Some((name.clone(), found.cluster.clone()?.0))).collect()
    }

    /// What runs in the containers of a profile's other clusters.
    pub(crate) fn aurora_images(&self, profile: &str) -> Vec<String> {
        let targets = self.profiles.get(profile).into_iter().flat_map(|targets| targets.aurora.targets.values());
        let local = targets.filter(|found| found.cluster.is_none());
        let mut images: Vec<String> =
            local.map(|found| self.images.instead_of(&found.image.clone().unwrap_or_default().0)).collect();
        images.sort();
        images.dedup();
        images
    }

    fn password_of(&self, profile: &str, name: &str, found: &Aurora) -> Result<Option<Secret>> {
        let Some(password) = &found.password else { return Ok(None) };
        let key = format!("profile.{profile}.aurora.{name}.password");
        let value = self.filled(&key, password)?;
        Password::check(&value).map_err(|wrong| self.failed(&key, password, &wrong))?;
        Ok(Some(Secret::new(value)))
    }
}

/// One for all clusters of this process that have none of their own. Not from the seed, which every report prints.
fn drawn_password() -> Secret {
    static DRAWN: OnceLock<Secret> = OnceLock::new();
    let draw = || {
        // Its keys are the operating system's random bytes.
        let state = RandomState::new();
        let half = |number: u64| {
            let mut hasher = state.build_hasher();
            hasher.write_u64(number);
            hasher.finish()
        };
        Secret::new(format!("{:016x}{:016x}", half(0), half(1)))
    };
    DRAWN.get_or_init(draw).clone()
}

/// How many readers a cluster has.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Readers(u8);

impl Readers {
    pub(super) fn parse(number: i64) -> Result<Self, Wrong> {
        let readers = u8::try_from(number).ok().filter(|readers| *readers <= MOST_READERS);
        let help = format!("write a number from 0 to {MOST_READERS}, as in `readers = 2`");
        readers.map(Self).ok_or_else(|| Wrong::new(format!("an Aurora has 0 to {MOST_READERS} readers"), help))
    }
}

/// The image that its containers run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AuroraImage(Reference);

impl AuroraImage {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        Reference::parse(text).map(Self)
    }
}

impl Default for AuroraImage {
    fn default() -> Self {
        Self(Reference::parse("postgres:17").expect("it is one"))
    }
}

/// A database's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Database(String);

impl Database {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        if matches!(text, "template0" | "template1") {
            return Err(Wrong::new("PostgreSQL keeps this database for itself", "choose another name, such as `app`"));
        }
        identifier(text).map(Self)
    }
}

/// A database user's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct User(String);

impl User {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        if text.starts_with("pg_") {
            return Err(Wrong::new("PostgreSQL keeps names that begin with `pg_`", "choose another, such as `app`"));
        }
        identifier(text).map(Self)
    }
}

/// A name that needs no escaping: in SQL, in a URL, in a shell.
fn identifier(text: &str) -> Result<String, Wrong> {
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && text.len() <= 63 && text.chars().all(of_name) {
        return Ok(text.to_owned());
    }
    let help = "write at most 63 letters, digits, `_` and `-`, a letter or `_` first, as in `app`";
    Err(Wrong::new("not a simple name", help))
}

/// A password, perhaps of variables.
#[derive(Debug, Clone)]
pub(super) struct Password(pub(super) Template);

impl Password {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        let template = Template::parse(text)?;
        template.literal().map(Self::check).transpose()?;
        Ok(Self(template))
    }

    fn check(text: &str) -> Result<(), Wrong> {
        if text.is_empty() {
            return Err(Wrong::new("an empty password", "leave it out to have one drawn, or write `${NAME}`"));
        }
        if text.chars().any(char::is_control) {
            return Err(Wrong::new("a password with control characters", "write it in one line"));
        }
        Ok(())
    }
}

/// How long a promotion takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PromotionTime(Duration);

impl PromotionTime {
    pub(super) fn parse(text: &str) -> Result<Self, Wrong> {
        duration::parse(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    #[test]
    fn every_key_is_read() {
        let text = r#"
            [images]
            "pg:9" = "r.io/pg:9.6"
            [profile.local.aurora.payments]
            readers = 3
            image = "pg:9"
            database = "pay"
            user = "_pay-er"
            password = "$$ecret-of-payments"
            synchronous = true
            promotion_time = "1.5s"
        "#;
        let config = parse(text).unwrap();
        let AuroraSettings { readers, image, database, user, password, synchronous, promotion_time } =
            config.aurora("local", "payments").unwrap();
        assert_eq!((readers, &*image, &*database, &*user), (3, "r.io/pg:9.6", "pay", "_pay-er"));
        assert_eq!((password.expose().as_str(), synchronous), ("$ecret-of-payments", true));
        assert_eq!(promotion_time, Some(Duration::from_millis(1_500)));
        assert_eq!(secret::redact("<$ecret-of-payments>"), "<[redacted]>");
        assert!(!format!("{config:?}").contains("ecret-of-payments"), "{config:?}");
    }

    #[test]
    fn in_profile_local_everything_has_a_default() {
        let config = parse("[images]\npostgres = \"r.io/pg:17.2\"\n[profile.staging.aurora.payments]").unwrap();
        let of = |profile: &str| config.aurora(profile, "payments").unwrap();
        let AuroraSettings { readers, image, database, user, password, synchronous, promotion_time } = of("local");
        assert_eq!((readers, &*image, &*database, &*user), (1, "r.io/pg:17.2", "app", "app"));
        assert_eq!((synchronous, promotion_time), (false, None));
        assert_eq!(Config::default().aurora("local", "x").unwrap().image, "postgres:17");
        // Drawn once, and long enough to be found in any text.
        assert_eq!(&password, &of("staging").password);
        assert!(password.expose().len() == 32 && secret::redact(password.expose()) == "[redacted]");
    }

    #[test]
    fn in_any_other_profile_it_must_be_in_the_file() {
        let text = "[profile.staging.aurora.payments]\n[profile.nightly]";
        let config = Config { path: Some("/shop/chaos.toml".into()), ..parse(text).unwrap() };
        let error = |profile: &str, name: &str| config.aurora(profile, name).unwrap_err().to_string();
        assert_eq!(
            error("nightly", "payments"),
            "no Aurora `payments` in profile `nightly` of /shop/chaos.toml; profile staging has it\n\
             help: add it: [profile.nightly.aurora.payments]"
        );
        let near = error("staging", "payment");
        assert!(near.contains("help: did you mean `payments`? Otherwise add it"), "{near}");
        let none = Config::default().aurora("staging", "payments").unwrap_err().to_string();
        assert!(none.starts_with("no Aurora `payments`: there is no chaos.toml\nhelp: make one beside"), "{none}");
    }

    #[test]
    fn a_password_of_variables_is_read_when_it_is_asked_for() {
        let of = |password: &str| {
            let text = format!("[profile.local.aurora.payments]\npassword = \"{password}\"");
            parse(&text).unwrap().aurora("local", "payments")
        };
        let home = std::env::var("CARGO_PKG_NAME").unwrap();
        assert_eq!(of("-${CARGO_PKG_NAME}-").unwrap().password.expose(), &format!("-{home}-"));
        let error = of("${CHAOS_NO_SUCH_ONE}").unwrap_err().to_string();
        let start = "profile.local.aurora.payments.password in chaos.toml:2:12: the environment variable CHAOS_NO_SUCH";
        assert!(error.starts_with(start) && error.contains("\nhelp: set CHAOS_NO_SUCH_ONE"), "{error}");
    }
}
