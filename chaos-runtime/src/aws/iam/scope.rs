//! Where and on what the policies allow something.

use super::super::fis::Place;

/// Account, Region, the tag that targets must carry, and what else narrows the policies.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Scope {
    pub(super) place: Place,
    pub(super) tag: (String, String),
    pub(super) role: String,
    pub(super) profiles: Vec<String>,
    pub(super) clusters: Vec<String>,
    pub(super) lambda_location: Option<String>,
}

impl Scope {
    /// The account, its Region, and the tag that a target must carry: those of `[profile.<name>.aws]` in `chaos.toml`.
    pub fn new(
        account: impl Into<String>,
        region: impl Into<String>,
        tag: (impl Into<String>, impl Into<String>),
    ) -> Self {
        Self {
            place: Place::new(account, region),
            tag: (tag.0.into(), tag.1.into()),
            role: "chaos-fis".to_owned(),
            profiles: Vec::new(),
            clusters: Vec::new(),
            lambda_location: None,
        }
    }

    /// The name or ARN of the role by which FIS carries experiments out. Default: `chaos-fis`.
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.role = role.into();
        self
    }

    /// Only tests that run in one of these profiles. Default: all tests.
    pub fn profiles<P: Into<String>>(mut self, profiles: impl IntoIterator<Item = P>) -> Self {
        self.profiles.extend(profiles.into_iter().map(Into::into));
        self
    }

    /// The only Aurora clusters that may be failed over or rebooted, by identifier. Default: any that carries the tag.
    pub fn clusters<C: Into<String>>(mut self, clusters: impl IntoIterator<Item = C>) -> Self {
        self.clusters.extend(clusters.into_iter().map(Into::into));
        self
    }

    /// Where in S3 FIS puts the orders for Lambda functions: what they have in `AWS_FIS_CONFIGURATION_LOCATION`, such as
    /// `arn:aws:s3:::chaos/FisConfigs/`. Required for faults of Lambda.
    pub fn lambda_location(mut self, arn: impl Into<String>) -> Self {
        self.lambda_location = Some(arn.into());
        self
    }

    /// The ARN of FIS's role.
    pub(super) fn role_arn(&self) -> String {
        if self.role.starts_with("arn:") {
            return self.role.clone();
        }
        self.place.fill(&format!("arn:{{partition}}:iam::{{account}}:role/{}", self.role))
    }
}
