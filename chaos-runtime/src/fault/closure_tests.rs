//! Closures of all kinds.

use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

const CX: InjectCx = InjectCx::new(0, true, None);

struct Disk(Arc<AtomicBool>);

impl Disk {
    fn fill(&self) -> std::io::Result<()> {
        self.0.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn fill_slowly(&self) -> Result<(), String> {
        tokio::task::yield_now().await;
        self.0.store(true, Ordering::SeqCst);
        Ok(())
    }
}

async fn bites(mut fault: impl Fault, full: &AtomicBool) -> Evidence {
    assert!(!fault.evidence().await.unwrap().is_seen());
    assert!(!full.load(Ordering::SeqCst), "nothing happens before the injection");
    fault.inject(&CX).await.unwrap();
    assert!(full.load(Ordering::SeqCst));
    fault.evidence().await.unwrap()
}

#[tokio::test]
async fn ordinary_and_async_closures_inject() {
    let full = Arc::new(AtomicBool::new(false));
    let disk = Disk(Arc::clone(&full));
    let evidence = bites(fault("fill", move || disk.fill()).undo(Undo::nothing()), &full).await;
    assert!(evidence.is_seen() && evidence.text().contains("reported by the fault itself"));

    full.store(false, Ordering::SeqCst);
    let disk = Disk(Arc::clone(&full));
    bites(fault("fill", async move || disk.fill_slowly().await).undo(Undo::nothing()), &full).await;

    full.store(false, Ordering::SeqCst);
    let disk = Disk(Arc::clone(&full));
    bites(fault("fill", move || async move { disk.fill_slowly().await }).one_shot(), &full).await;

    full.store(false, Ordering::SeqCst);
    let flag = Arc::clone(&full);
    bites(fault("fill", move || flag.store(true, Ordering::SeqCst)).one_shot(), &full).await;
}

#[tokio::test]
async fn a_check_of_its_own_decides() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&asked);
    let mut slow = fault("slow", || {}).one_shot().confirm(move || counter.fetch_add(1, Ordering::SeqCst) >= 2);
    slow.inject(&CX).await.unwrap();
    let mut looks = 1;
    while !slow.evidence().await.unwrap().is_seen() {
        looks += 1;
    }
    assert_eq!(looks, 3);

    let mut counted = fault("counted", || {}).one_shot().confirm(async || Evidence::counted(12, "12 rows"));
    assert_eq!(counted.evidence().await.unwrap().hits(), Some(12));
    let mut broken = fault("broken", || {}).one_shot().confirm(async || Err::<bool, _>("no access"));
    assert_eq!(broken.evidence().await.unwrap_err().message(), "no access");
}

#[tokio::test]
async fn a_failing_closure_is_an_error_and_no_evidence() {
    let mut failing = fault("fill", || Err::<(), _>("disk is read-only")).undo(Undo::nothing());
    assert_eq!(failing.inject(&CX).await.unwrap_err().message(), "disk is read-only");
    assert!(!failing.evidence().await.unwrap().is_seen());
    let again = failing.inject(&CX).await.unwrap_err();
    assert!(again.message().contains("injected before"), "{again}");
}

#[test]
fn the_undo_and_the_target_are_what_was_said() {
    let fault = fault("fill the disk", || {}).undo(Undo::command("rm", ["-f", "/x"])).target("disk");
    assert_eq!((fault.describe(), Fault::target(&fault)), ("fill the disk".to_owned(), "disk".to_owned()));
    assert_eq!(fault.undo().recipe().to_string(), "rm -f /x");
    fn held(_: impl Held) {}
    held(fault);
}
