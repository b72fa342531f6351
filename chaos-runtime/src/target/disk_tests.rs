//! Real small disks. Most of it needs the right to mount, which the tests of this project have; what happens without
//! is shown by a process that gives it up.

use crate::fault::{Fault, InjectCx};
use crate::sys::reexec;
use crate::{Chaos, Error};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::process::Command;

const CX: InjectCx = InjectCx::new(0, true, None);

async fn disk(chaos: &Chaos) -> super::Disk {
    chaos.small_disk(1 << 20).await.expect("these tests run as a user who may mount")
}

fn write(directory: &Path, bytes: usize) -> std::io::Result<()> {
    std::fs::File::create(directory.join("data"))?.write_all(&vec![1; bytes])
}

#[tokio::test]
async fn a_small_disk_is_filled_and_emptied_and_gone_in_the_end() {
    let chaos = Chaos::for_tests();
    let disk = disk(&chaos).await;
    write(disk.path(), 100_000).unwrap();
    let error = write(disk.path(), 2 << 20).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull, "it is small");
    write(disk.path(), 10).unwrap();

    let mut full = disk.full();
    assert!(!full.evidence().await.unwrap().is_seen());
    full.prepare(&CX).await.unwrap();
    let undo = full.undo();
    full.inject(&CX).await.unwrap();
    let evidence = full.evidence().await.unwrap();
    assert!(evidence.is_seen() && evidence.text().contains("ENOSPC"), "{evidence:?}");
    assert_eq!(write(disk.path(), 100_000).unwrap_err().kind(), ErrorKind::StorageFull);
    undo.recipe().run().await.unwrap();
    write(disk.path(), 100_000).unwrap();
    assert!(!full.evidence().await.unwrap().is_seen(), "it did stop");
    let left: Vec<_> = std::fs::read_dir(disk.path()).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left, ["data"], "neither filler nor probe is left");

    // Somebody still stands in it.
    let held = std::fs::File::open(disk.path().join("data")).unwrap();
    let reports = chaos.core.ledger.undo_all().await;
    assert!(reports.iter().all(|report| report.error.is_none()), "{reports:?}");
    assert!(!disk.path().exists());
    drop(held);
}

#[tokio::test]
async fn a_part_is_left_where_that_was_asked_for() {
    let chaos = Chaos::for_tests();
    let disk = disk(&chaos).await;
    let mut full = disk.full().leaving(200 << 10);
    full.prepare(&CX).await.unwrap();
    full.inject(&CX).await.unwrap();
    let evidence = full.evidence().await.unwrap();
    assert!(evidence.is_seen(), "{evidence:?}");
    assert_eq!(full.describe(), "disk full but for 200 KiB");
    write(disk.path(), 100 << 10).unwrap();
    assert_eq!(write(disk.path(), 300 << 10).unwrap_err().kind(), ErrorKind::StorageFull);
    chaos.core.ledger.undo_all().await;
}

#[tokio::test]
async fn what_makes_no_sense_or_might_be_the_hosts_own_disk_is_refused() {
    let chaos = Chaos::for_tests();
    let refusal = |error: Error| error.to_string();
    assert!(refusal(chaos.small_disk(1_000).await.unwrap_err()).contains("makes no sense"));
    assert!(refusal(chaos.disk_at("/no/such/directory").unwrap_err()).contains("is not there"));
    assert!(refusal(chaos.disk_at("/etc/passwd").unwrap_err()).contains("not a directory"));
    let dir = tempfile::tempdir().unwrap();
    let mut large = chaos.disk_at(dir.path()).unwrap().full().at_most(4_096);
    let error = refusal(large.prepare(&CX).await.unwrap_err());
    assert!(error.contains("at most 4 KiB may be written") && error.contains("small_disk"), "{error}");
    let mut own = chaos.disk_at(dir.path()).unwrap().full().at_most(u64::MAX);
    let error = refusal(own.prepare(&CX).await.unwrap_err());
    assert!(error.contains("on which this test itself writes"), "{error}");
    let mut nothing_to_fill = disk(&chaos).await.full().leaving(2 << 20);
    let error = refusal(nothing_to_fill.prepare(&CX).await.unwrap_err());
    assert!(error.contains("not more than is to be left"), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    chaos.core.ledger.undo_all().await;
}

#[test]
#[ignore = "a helper process of the test below"]
fn helper_without_rights() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let chaos = Chaos::for_tests();
        println!("REFUSED {}", chaos.small_disk(1 << 20).await.unwrap_err().to_string().replace('\n', " "));
        println!("PENDING {:?}", chaos.core.ledger.pending());
    });
}

#[test]
fn without_the_right_to_mount_it_says_so_and_names_the_ways_out() {
    let dir = tempfile::tempdir().unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(dir.path(), open).unwrap();
    let helper = reexec::helper("target::disk::tests::helper_without_rights");
    // Another user can't execute what lies in a directory of root's.
    let copy = dir.path().join("tests");
    std::fs::copy(helper.get_program(), &copy).unwrap();
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all"]);
    let said = command.arg(&copy).args(helper.get_args()).env("TMPDIR", dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
    assert!(said.contains("REFUSED failed to mount a small disk") && said.contains("chaos.disk_at"), "{said}");
    assert!(said.contains("PENDING []"), "{said}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().map(|file| file.file_name()).collect();
    assert_eq!(left, ["tests"], "no directory is left");
}
