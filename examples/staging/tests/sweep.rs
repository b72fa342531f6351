//! The last step of the nightly pipeline: ends what killed runs have left in the account.

/// `CHAOS_PROFILE=staging cargo test -p chaos-example-staging --test sweep -- --ignored`
#[tokio::test]
#[ignore = "a step of the pipeline, not a test"]
async fn sweep() -> chaos_runtime::Result {
    let profile = std::env::var("CHAOS_PROFILE").unwrap_or_else(|_| "staging".to_owned());
    let swept = chaos_runtime::aws::sweep(&profile).await?;
    println!("{swept}");
    swept.complete()
}
