//! An environment in which nothing of AWS is reached but emulators.

use std::process::Command;

/// What `AWS_REGION` is unless a test says otherwise.
pub const REGION: &str = "eu-central-1";

/// Leaves nothing of the developer's own AWS: no profile, no file, no metadata service, no endpoint.
/// What is set afterwards is all there is.
pub fn without_aws(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    let nowhere = if cfg!(windows) { "NUL" } else { "/dev/null" };
    command.env("AWS_CONFIG_FILE", nowhere).env("AWS_SHARED_CREDENTIALS_FILE", nowhere);
    command.env("AWS_EC2_METADATA_DISABLED", "true")
}

/// The access key of an account: with these emulators it is its number that says whose a call is.
pub fn access_key(account: &str) -> String {
    format!("AKIA{account}TEST")
}

/// The same, and in it one account of an emulator.
pub fn with_account<'c>(command: &'c mut Command, endpoint: &str, account: &str) -> &'c mut Command {
    without_aws(command);
    command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", REGION);
    command.env("AWS_ACCESS_KEY_ID", access_key(account)).env("AWS_SECRET_ACCESS_KEY", "emulated")
}
