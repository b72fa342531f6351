//! What the tests of these faults share.

use crate::Result;
use crate::fault::{Fault, InjectCx};
use crate::rollback::Undo;

pub(super) const CX: InjectCx = InjectCx::new(42, true, None);

/// Prepares and injects as the engine does.
pub(super) async fn hold(fault: &mut impl Fault) -> Result<Undo> {
    fault.prepare(&CX).await?;
    let undo = fault.undo();
    fault.inject(&CX).await?;
    Ok(undo)
}

pub(super) async fn clear(undo: &Undo) {
    undo.live.as_ref().expect("a fault inside the process is undone there")().await.unwrap();
}

pub(super) async fn proof(fault: &mut impl Fault) -> String {
    fault.evidence().await.unwrap().text().to_owned()
}
