//! A fault on a cluster once it is known where the cluster is.

use crate::fault::{Evidence, InjectCx};
use crate::rollback::Undo;
use crate::{Error, Result};
use futures_util::future::BoxFuture;

/// What a prepared fault does on its kind of cluster; the meaning of the methods is that of [`Fault`](crate::fault::Fault).
pub(super) trait Work: Send {
    fn undo(&self) -> Undo;
    fn inject<'a>(&'a mut self, cx: &'a InjectCx) -> BoxFuture<'a, Result<()>>;
    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>>;
    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>>;
}

/// The work of a fault, from its preparation on.
#[derive(Default)]
pub(super) struct Prepared(Option<Box<dyn Work>>);

impl Prepared {
    pub(super) fn set(&mut self, work: impl Work + 'static) {
        self.0 = Some(Box::new(work));
    }

    pub(super) fn undo(&self) -> Undo {
        self.0.as_ref().map_or_else(Undo::nothing, |work| work.undo())
    }

    pub(super) async fn inject(&mut self, cx: &InjectCx) -> Result<()> {
        self.work()?.inject(cx).await
    }

    pub(super) async fn evidence(&mut self) -> Result<Evidence> {
        self.work()?.evidence().await
    }

    pub(super) async fn completion(&mut self) -> Result<Option<Evidence>> {
        self.work()?.completion().await
    }

    fn work(&mut self) -> Result<&mut Box<dyn Work>> {
        self.0.as_mut().ok_or_else(|| Error::new("it was not prepared"))
    }
}
