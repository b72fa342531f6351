//! The way to one account: clients, and what was found out about it before anything else.

use super::endpoints::Endpoints;
use super::error::{first_line, refused};
use super::guard::{Switches, check_region};
use super::tags::Tags;
use super::undo::SWEPT;
use crate::config::{AwsRules, Config};
use crate::experiment::core::Core;
use crate::report::journal::EventKind;
use crate::rollback::AwsPlace;
use crate::{Error, Result};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sdk_fis::error::DisplayErrorContext;
use aws_smithy_http_client::tls;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// Where credentials do not depend on the region.
const ANY_REGION: &str = "us-east-1";

/// The place in an experiment for its [`Session`], which most experiments never open.
#[derive(Default)]
pub(crate) struct Access(OnceCell<Arc<Session>>);

impl Access {
    /// The session, opened at the first call.
    pub(crate) async fn session(&self, core: &Core) -> Result<Arc<Session>> {
        self.0.get_or_try_init(async || Session::open(core).await.map(Arc::new)).await.cloned()
    }
}

/// An experiment's way to the account.
pub(crate) struct Session {
    /// As STS has said.
    pub(crate) account: String,
    pub(crate) region: String,
    /// Every service is an emulator's: never some of them.
    pub(crate) emulated: bool,
    pub(crate) rules: AwsRules,
    pub(crate) switches: Switches,
    /// On everything that this experiment makes.
    pub(crate) tags: Tags,
    pub(crate) endpoints: Endpoints,
    pub(crate) sdk: SdkConfig,
    pub(crate) fis: aws_sdk_fis::Client,
    pub(crate) rds: aws_sdk_rds::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Session {
    async fn open(core: &Core) -> Result<Self> {
        let settings = &core.settings;
        let lives = settings.timeout + settings.config.aws(&settings.profile)?.max_duration;
        let session = Self::connect(&settings.config, &settings.profile, &core.spec.test_name(), lives, true).await?;
        let Self { account, region, endpoints, .. } = &session;
        core.events.note(EventKind::Target, format!("AWS account {account}, {region}{}", endpoints.remark()));
        for note in SWEPT.sweep_once(&session).await {
            core.note(note);
        }
        Ok(session)
    }

    /// For the sweep, which is no test's: it ends harm, so no switch that stops harm stops it.
    pub(super) async fn for_sweep(profile: &str) -> Result<Self> {
        let config = Config::load(profile)?;
        config.check_profile(profile)?;
        Self::connect(&config, profile, "sweep", Duration::ZERO, false).await
    }

    /// For somebody who only looks: no switch stops that.
    pub(crate) async fn for_look(config: &Config, profile: &str) -> Result<Self> {
        Self::connect(config, profile, "doctor", Duration::ZERO, false).await
    }

    async fn connect(config: &Config, profile: &str, test: &str, lives: Duration, harms: bool) -> Result<Self> {
        let rules = config.aws(profile)?;
        let switches = Switches::new(profile, &rules);
        if harms {
            switches.check()?;
        }
        check_region(&rules.region)?;
        let sdk = sdk_config(&rules.region, None).await;
        let endpoints = Endpoints::of(&sdk)?;
        endpoints.check(profile, rules.emulator)?;
        let account = account(&sdk).await?;
        if !rules.accounts.contains(&account) {
            let allowed = rules.accounts.join(", ");
            return Err(Error::new(format!(
                "the credentials are of account {account}, and profile `{profile}` allows {allowed}"
            ))
            .help(
                "log in to the right account (AWS_PROFILE, or the pipeline's role), or list this one in chaos.toml",
            ));
        }
        Ok(Self {
            tags: Tags::new(test, lives),
            fis: aws_sdk_fis::Client::new(&sdk),
            rds: aws_sdk_rds::Client::new(&sdk),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&sdk),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&sdk),
            emulated: endpoints.emulated(),
            account,
            region: rules.region.clone(),
            rules,
            switches,
            endpoints,
            sdk,
        })
    }

    /// Where an undo of this experiment has to be done.
    pub(crate) fn place(&self) -> AwsPlace {
        let endpoint = self.endpoints.named("FIS").map(str::to_owned);
        AwsPlace::new(self.account.clone(), self.region.clone(), endpoint)
    }
}

/// The cryptography of every call.
pub(super) const TLS: tls::Provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);

/// What the SDK takes from environment and files, with our limits of time. `endpoint` outranks them.
pub(crate) async fn sdk_config(region: &str, endpoint: Option<&str>) -> SdkConfig {
    let client = aws_smithy_http_client::Builder::new().tls_provider(TLS).build_https();
    // Without them a call that gets no answer waits for ever.
    let limits = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(Duration::from_secs(15))
        .operation_timeout(Duration::from_secs(45))
        .build();
    let mut loader = aws_config::from_env()
        .region(Region::new(region.to_owned()))
        .http_client(client)
        .timeout_config(limits)
        .retry_config(RetryConfig::standard().with_max_attempts(4));
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// Whose credentials these are: the account.
pub(crate) async fn account(sdk: &SdkConfig) -> Result<String> {
    Ok(identity(sdk).await?.0)
}

/// The same with the ARN of who it is.
pub(super) async fn identity(sdk: &SdkConfig) -> Result<(String, String)> {
    let sts = aws_sdk_sts::Client::new(sdk);
    let identity = sts.get_caller_identity().send().await.map_err(|error| refused("ask STS for the account", error))?;
    let account = identity.account.ok_or_else(|| Error::new("STS did not say whose credentials these are"))?;
    Ok((account, identity.arn.unwrap_or_default()))
}

/// Account, ARN and region where no profile says which are meant.
pub(crate) async fn caller() -> Result<(String, String, String)> {
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| std::env::var(name).ok());
    let region = named.filter(|region| !region.is_empty()).unwrap_or_else(|| ANY_REGION.to_owned());
    let (account, arn) = identity(&sdk_config(&region, None).await).await?;
    Ok((account, arn, region))
}

/// The credentials that the SDK finds, or why it finds none. Asks nobody what they are good for.
pub(crate) async fn credentials() -> Result<Credentials, String> {
    let sdk = sdk_config(ANY_REGION, None).await;
    let provider = sdk.credentials_provider().ok_or("no provider of them is set up")?;
    let provided = tokio::time::timeout(Duration::from_secs(10), provider.provide_credentials()).await;
    match provided {
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => Err(first_line(&DisplayErrorContext(&error).to_string()).to_owned()),
        Err(_) => Err("they did not come within 10 s".to_owned()),
    }
}

#[cfg(test)]
impl Session {
    /// The session of account 123456789012 with a FIS that was made up.
    pub(crate) fn for_tests(fis: aws_sdk_fis::Client, rules: AwsRules) -> Self {
        let sdk = SdkConfig::builder()
            .region(Region::new("eu-west-1"))
            .behavior_version(aws_config::BehaviorVersion::latest())
            .build();
        Self {
            account: "123456789012".into(),
            region: "eu-west-1".into(),
            emulated: true,
            switches: Switches::new("staging", &rules),
            rules,
            tags: Tags::new("test", Duration::from_secs(60)),
            endpoints: Endpoints::default(),
            fis,
            rds: aws_sdk_rds::Client::new(&sdk),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&sdk),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&sdk),
            sdk,
        }
    }
}
