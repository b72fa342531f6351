//! Secrets in the environment of this process.

use super::register_variable;

/// Keeps the values of variables secret whose names promise a secret.
pub(crate) fn register_environment() {
    for (name, value) in std::env::vars_os() {
        if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
            register_variable(name, value);
        }
    }
}
