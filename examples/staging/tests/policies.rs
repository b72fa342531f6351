//! The policies in `iam/` are those that the tests need. `CHAOS_WRITE_POLICIES=1` writes them.

#[path = "staging.rs"]
mod staging;

use chaos_runtime::aws::iam::{self, Scope};

#[test]
fn the_policies_are_up_to_date() {
    let scope = Scope::new("123456789012", "eu-west-1", ("chaos-test", "allowed")).role("chaos-fis");
    let policies = iam::policies(chaos_runtime::catalogue(), &scope).expect("every action is known");
    policies.compare_with(concat!(env!("CARGO_MANIFEST_DIR"), "/iam")).expect("the files are those of the tests");
}
