//! AWS: whose credentials these are, and what they may look at.

use super::{Settings, wait_for};
use crate::aws::{Look, Session, caller};
use crate::{Error, Result};

/// What the account says.
#[derive(Debug)]
#[non_exhaustive]
pub struct Account {
    /// Its number.
    pub account: String,
    /// Whose credentials these are.
    pub arn: String,
    /// The region of all calls.
    pub region: String,
    /// Where an emulator stands in for AWS.
    pub emulator: Option<String>,
    /// Calls that change nothing: what each is, and how many it gave or why it was refused.
    pub looks: Vec<(&'static str, Result<usize>)>,
    /// Why nothing would be harmed at the moment: a switch.
    pub switched_off: Option<String>,
}

/// Whether the SDK finds credentials: what `requires(aws)` asks. When they end, if they do.
///
/// # Errors
/// Why there are none, with the way out.
pub fn credentials() -> Result<Option<String>> {
    wait_for(async {
        let found = crate::aws::credentials().await.map_err(|why| {
            Error::new(format!("no credentials: {why}"))
                .help("log in (`aws sso login`, AWS_PROFILE, or the pipeline's role by OIDC)")
        })?;
        Ok(found.expiry().and_then(|end| jiff::Timestamp::try_from(end).ok()).map(|end| end.to_string()))
    })
}

/// Asks AWS as a test of the profile does before it harms anything; without rules in `chaos.toml`, only STS is asked.
///
/// # Errors
/// What such a test would end with: another account or region, a mixture of endpoints, expired credentials, no network.
pub fn account(settings: Option<&Settings>) -> Result<Account> {
    wait_for(async {
        let Some((config, profile)) =
            settings.map(Settings::config).filter(|(config, profile)| config.aws(profile).is_ok())
        else {
            let (account, arn, region) = caller().await?;
            return Ok(Account { account, arn, region, emulator: None, looks: Vec::new(), switched_off: None });
        };
        let session = Session::for_look(config, profile).await?;
        let Look { arn, looks } = session.look().await?;
        Ok(Account {
            arn,
            looks,
            account: session.account.clone(),
            region: session.region.clone(),
            emulator: session.endpoints.named("FIS").map(str::to_owned),
            switched_off: session.switches.check().err().map(|error| error.to_string()),
        })
    })
}
