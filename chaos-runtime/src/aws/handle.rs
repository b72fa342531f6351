//! What the body of an experiment holds of an account.

use super::Session;
use crate::experiment::core::Core;
use crate::{Chaos, Result};
use std::fmt;
use std::sync::Arc;

/// An AWS account that the profile in charge allows to harm, from [`Chaos::aws`]. Clones speak of the same one.
#[derive(Clone)]
pub struct Aws {
    pub(crate) core: Arc<Core>,
    pub(crate) session: Arc<Session>,
}

impl Chaos {
    /// The AWS account of the profile in charge.
    ///
    /// Asks STS whose credentials these are before anything else, and ends what dead runs have left there.
    ///
    /// # Errors
    /// When `chaos.toml` allows no account in this profile or lists another one, when there are no credentials or they
    /// have expired, and when a [guard rail](crate::aws) says no.
    pub async fn aws(&self) -> Result<Aws> {
        self.core.still_on()?;
        let session = self.core.aws.session(&self.core).await?;
        Ok(Aws { core: self.core.clone(), session })
    }
}

impl Aws {
    /// The account's number, as STS has said.
    pub fn account(&self) -> &str {
        &self.session.account
    }

    /// The region of all calls.
    pub fn region(&self) -> &str {
        &self.session.region
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("account", &self.account()).field("region", &self.region()).finish_non_exhaustive()
    }
}
