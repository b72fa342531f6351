//! Conditions: something outside the experiment that says whether all is well, such as an alarm.
//!
//! ```no_run
//! # use chaos_runtime::prelude::*;
//! use chaos_runtime::condition::{Condition, Standing};
//!
//! /// Nobody may be harmed on the day of the big sale.
//! struct NoSale;
//!
//! impl Condition for NoSale {
//!     fn describe(&self) -> String {
//!         "no sale today".into()
//!     }
//!
//!     async fn standing(&self) -> chaos::Result<Standing> {
//!         let sale = std::path::Path::new("/etc/shop/sale").exists();
//!         Ok(if sale { Standing::Alarming("there is a sale".into()) } else { Standing::Well })
//!     }
//! }
//!
//! # async fn body(chaos: &mut Chaos) -> chaos::Result {
//! chaos.abort_on(NoSale);
//! # Ok(()) }
//! ```

use crate::Result;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::future::Future;

/// Whether all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// All is well.
    Well,
    /// It is not, because …
    Alarming(String),
    /// It can't be told, because …
    Unknown(String),
}

/// Something outside the experiment that says whether all is well.
///
/// For [`chaos.require(…)`](crate::Chaos::require), which asks it before any harm, and
/// [`chaos.abort_on(…)`](crate::Chaos::abort_on), which watches it while there is harm.
#[diagnostic::on_unimplemented(
    message = "this is no condition",
    label = "must say whether all is well: an alarm of CloudWatch, or a `Condition` of your own"
)]
pub trait Condition: Send + Sync + 'static {
    /// What it is, for messages: ``alarm `orders-error-budget` ``.
    fn describe(&self) -> String;

    /// How it stands now.
    ///
    /// # Errors
    /// When it can't be asked.
    fn standing(&self) -> impl Future<Output = Result<Standing>> + Send;
}

/// A condition, whatever its type is.
pub(crate) trait AnyCondition: Send + Sync {
    fn describe(&self) -> String;
    fn standing(&self) -> BoxFuture<'_, Result<Standing>>;
}

impl<C: Condition> AnyCondition for C {
    fn describe(&self) -> String {
        Condition::describe(self)
    }

    fn standing(&self) -> BoxFuture<'_, Result<Standing>> {
        Condition::standing(self).boxed()
    }
}
