//! Faults of any type, as the engine and composed faults handle them.

use crate::Result;
use crate::fault::{Evidence, Fault, InjectCx};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// A [`Fault`] behind a pointer.
pub(crate) trait DynFault: Send {
    fn describe(&self) -> String;
    fn target(&self) -> String;
    fn prepare(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<()>>;
    fn preview(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<String>>;
    fn undo(&self) -> crate::rollback::Undo;
    fn inject(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<()>>;
    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>>;
    fn confirm_within(&self) -> Option<Duration>;
    fn lasts(&self) -> bool;
    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>>;
}

pub(crate) struct Erased<F>(pub(crate) F);

impl<F: Fault> DynFault for Erased<F> {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn target(&self) -> String {
        self.0.target()
    }

    fn prepare(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.0.prepare(&cx).await })
    }

    fn preview(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move { self.0.preview(&cx).await })
    }

    fn undo(&self) -> crate::rollback::Undo {
        self.0.undo()
    }

    fn inject(&mut self, cx: InjectCx) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.0.inject(&cx).await })
    }

    fn evidence(&mut self) -> BoxFuture<'_, Result<Evidence>> {
        Box::pin(self.0.evidence())
    }

    fn confirm_within(&self) -> Option<Duration> {
        self.0.confirm_within()
    }

    fn lasts(&self) -> bool {
        self.0.lasts()
    }

    fn completion(&mut self) -> BoxFuture<'_, Result<Option<Evidence>>> {
        Box::pin(self.0.completion())
    }
}
