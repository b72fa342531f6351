//! Where the calls go: all to AWS, or all to an emulator.

use crate::{Error, Result};
use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use std::collections::BTreeMap;

/// The services that are called, by the names that settings have for them.
const SERVICES: [&str; 6] = ["STS", "FIS", "RDS", "CloudWatch", "EC2", "Resource Groups Tagging API"];

/// The endpoints that settings name, by service; those of AWS are not among them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Endpoints(BTreeMap<&'static str, String>);

impl Endpoints {
    pub(crate) fn of(sdk: &SdkConfig) -> Result<Self> {
        let named = SERVICES.into_iter().filter_map(|service| Some((service, of_service(sdk, service)?)));
        let named: BTreeMap<_, _> = named.filter(|(_, endpoint)| !is_of_aws(endpoint)).collect();
        if let Some((service, endpoint)) = named.iter().find(|(_, endpoint)| reqwest::Url::parse(endpoint).is_err()) {
            return Err(Error::new(format!("the endpoint of {service} is no URL: `{endpoint}`"))
                .help("mend AWS_ENDPOINT_URL or the variable of the service, such as AWS_ENDPOINT_URL_FIS"));
        }
        Ok(Self(named))
    }

    /// Whether all are an emulator's.
    pub(crate) fn emulated(&self) -> bool {
        self.0.len() == SERVICES.len()
    }

    pub(crate) fn named(&self, service: &str) -> Option<&str> {
        self.0.get(service).map(String::as_str)
    }

    /// Refuses a mixture of emulator and AWS, and the one where the other is meant.
    pub(crate) fn check(&self, profile: &str, emulator: bool) -> Result<()> {
        let here = || self.0.iter().map(|(service, endpoint)| format!("{service} at {endpoint}")).collect::<Vec<_>>();
        let unset = "unset AWS_ENDPOINT_URL and those of single services, also in the AWS config file";
        let away: Vec<&str> = SERVICES.into_iter().filter(|service| !self.0.contains_key(service)).collect();
        match (&*away, emulator) {
            (away, _) if !away.is_empty() && !self.0.is_empty() => Err(Error::new(format!(
                "a mixture of emulator and AWS: {}, but {} would be that of AWS",
                here().join(", "),
                away.join(", ")
            ))
            .help(format!("set AWS_ENDPOINT_URL so that all go to the emulator, or {unset}"))),
            ([], false) => Err(Error::new(format!(
                "profile `{profile}` is for AWS, and all calls would go to an emulator: {}",
                here().join(", ")
            ))
            .help(format!("say `emulator = true` in [profile.{profile}.aws], or {unset}"))),
            ([_, ..], true) => {
                Err(Error::new(format!("profile `{profile}` is for an emulator, and all calls would go to AWS itself"))
                    .help("set AWS_ENDPOINT_URL to the emulator's, or take out `emulator = true`"))
            }
            _ => Ok(()),
        }
    }

    /// For the journal.
    pub(crate) fn remark(&self) -> String {
        match self.0.get("FIS") {
            Some(endpoint) => format!(", an emulator at {endpoint}"),
            None => String::new(),
        }
    }
}

/// What environment and config file say of a service, as the SDK reads them.
fn of_service(sdk: &SdkConfig, service: &str) -> Option<String> {
    let key =
        ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let own = sdk.service_config().and_then(|settings| settings.load_config(key));
    own.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

/// Endpoints of AWS may be named, too: private ones in a VPC, FIPS ones.
fn is_of_aws(endpoint: &str) -> bool {
    let host = reqwest::Url::parse(endpoint).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
    host.is_some_and(|host| {
        ["amazonaws.com", "amazonaws.com.cn", "api.aws"]
            .iter()
            .any(|of_aws| host.strip_suffix(of_aws).is_some_and(|rest| rest.ends_with('.')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(named: &[&'static str]) -> Endpoints {
        Endpoints(named.iter().map(|service| (*service, "http://127.0.0.1:5000".to_owned())).collect())
    }

    #[test]
    fn what_is_of_aws_is_told_by_the_host() {
        for real in [
            "https://fis.eu-west-1.amazonaws.com",
            "https://vpce-1-2.fis.eu-west-1.vpce.amazonaws.com/",
            "https://rds.cn-north-1.amazonaws.com.cn",
            "https://sts.eu-west-1.api.aws",
        ] {
            assert!(is_of_aws(real), "{real}");
        }
        for other in [
            "http://127.0.0.1:5000",
            "https://amazonaws.com.evil.example",
            "https://notamazonaws.com",
            "http://localhost/fis.amazonaws.com",
        ] {
            assert!(!is_of_aws(other), "{other}");
        }
    }

    #[test]
    fn a_mixture_is_refused_whatever_the_profile_says() {
        for emulator in [true, false] {
            let error = endpoints(&["FIS"]).check("staging", emulator).unwrap_err().to_string();
            assert!(
                error.starts_with("a mixture of emulator and AWS: FIS at http://127.0.0.1:5000, but STS, RDS"),
                "{error}"
            );
        }
    }

    #[test]
    fn emulators_and_profiles_must_agree() {
        endpoints(&SERVICES).check("staging", true).unwrap();
        endpoints(&[]).check("staging", false).unwrap();
        let error = endpoints(&SERVICES).check("staging", false).unwrap_err().to_string();
        assert!(
            error.contains("all calls would go to an emulator") && error.contains("say `emulator = true`"),
            "{error}"
        );
        let error = endpoints(&[]).check("staging", true).unwrap_err().to_string();
        assert!(error.contains("all calls would go to AWS itself"), "{error}");
    }
}
