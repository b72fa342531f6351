//! The tags by which everything that an experiment makes is found again.

use crate::sys::Owner;
use jiff::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// On everything of one experiment; what it has is unique.
pub(crate) const EXPERIMENT: &str = "chaos-test.experiment";
/// On what one fault of the experiment has made; unique, too.
pub(crate) const FAULT: &str = "chaos-test.fault";
/// The run that it belongs to.
pub(crate) const RUN: &str = "chaos-test.run";
/// The name of the test, for people.
pub(crate) const TEST: &str = "chaos-test.test";
/// The process that answers for it.
pub(crate) const OWNER: &str = "chaos-test.owner";
/// From when on it is nobody's: RFC 3339, UTC.
pub(crate) const EXPIRES: &str = "chaos-test.expires";

/// How much later than planned the end of an experiment may be.
const GRACE: Duration = Duration::from_secs(10 * 60);

/// The tags of one experiment.
#[derive(Debug, Clone)]
pub(crate) struct Tags {
    token: String,
    run: String,
    test: String,
    owner: String,
    expires: Timestamp,
}

impl Tags {
    /// For an experiment that is over after this time.
    pub(crate) fn new(test: &str, lives: Duration) -> Self {
        let expires = Timestamp::now().checked_add(lives + GRACE).unwrap_or(Timestamp::MAX);
        Self {
            token: Self::draw(),
            run: allowed(crate::report::run::Run::current().id()),
            test: allowed(test),
            owner: allowed(&Owner::current().to_string()),
            expires,
        }
    }

    /// What no other experiment has.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A token for a fault.
    pub(crate) fn draw() -> String {
        format!("{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..))
    }

    /// For what a fault makes.
    pub(crate) fn of_fault(&self, fault: &str) -> HashMap<String, String> {
        let mut all = self.all();
        all.insert(FAULT.to_owned(), fault.to_owned());
        all
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn expires(&self) -> Timestamp {
        self.expires
    }

    pub(crate) fn all(&self) -> HashMap<String, String> {
        [
            (EXPERIMENT, self.token.clone()),
            (RUN, self.run.clone()),
            (TEST, self.test.clone()),
            (OWNER, self.owner.clone()),
            (EXPIRES, format!("{:.0}", self.expires)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// A tag's value as every service takes it.
fn allowed(text: &str) -> String {
    let usual = |c: char| if c.is_alphanumeric() || " _.:/=+-@".contains(c) { c } else { '-' };
    text.chars().map(usual).take(256).collect()
}

/// What tags say of who made something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Origin {
    pub(crate) experiment: String,
    pub(crate) run: String,
    pub(crate) test: String,
    owner: Option<Owner>,
    expires: Option<Timestamp>,
}

impl Origin {
    /// `None`: it was not made by us.
    pub(crate) fn of(tags: Option<&HashMap<String, String>>) -> Option<Self> {
        let tags = tags?;
        let text = |name: &str| tags.get(name).cloned().unwrap_or_default();
        Some(Self {
            experiment: tags.get(EXPERIMENT)?.clone(),
            run: text(RUN),
            test: text(TEST),
            owner: Owner::parse(&text(OWNER)),
            expires: text(EXPIRES).parse().ok(),
        })
    }

    /// Whether its time is over, whoever made it.
    pub(crate) fn is_expired(&self) -> bool {
        self.expires.is_some_and(|expires| expires < Timestamp::now())
    }

    /// Whether nobody answers for it any more.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.is_expired() || self.owner.as_ref().is_some_and(Owner::is_dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_living_process_made_is_no_orphan_until_it_expires() {
        let tags = Tags::new("orders::survive[1]", Duration::from_secs(60));
        let mut all = tags.all();
        let origin = Origin::of(Some(&all)).unwrap();
        assert_eq!((&*origin.experiment, &*origin.test), (tags.token(), "orders::survive-1-"));
        assert!(!origin.is_orphaned() && !origin.is_expired(), "{origin:?}");
        all.insert(EXPIRES.into(), "2020-01-01T00:00:00Z".into());
        assert!(Origin::of(Some(&all)).unwrap().is_orphaned());
        all.insert(EXPIRES.into(), "some day".into());
        assert!(!Origin::of(Some(&all)).unwrap().is_orphaned(), "what can't be read may be somebody's");
    }

    #[test]
    fn what_has_no_token_is_not_ours() {
        assert_eq!(Origin::of(None), None);
        let others =
            HashMap::from([(TEST.to_owned(), "x".to_owned()), (EXPIRES.to_owned(), "2020-01-01T00:00:00Z".to_owned())]);
        assert_eq!(Origin::of(Some(&others)), None);
    }

    #[test]
    fn values_are_such_as_aws_takes() {
        for value in Tags::new("a<b>", Duration::ZERO).all().values() {
            assert!(value.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c)), "{value}");
        }
        assert_eq!(allowed(&"x".repeat(300)).len(), 256);
    }
}
