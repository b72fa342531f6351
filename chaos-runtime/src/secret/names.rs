//! Which names promise a secret: of headers, query parameters, environment variables, settings.

/// Whole names, in the form of [`plain`].
const WHOLE: [&str; 10] = [
    "AUTHORIZATION",
    "PROXY_AUTHORIZATION",
    "COOKIE",
    "SET_COOKIE",
    "SIG",
    "SIGNATURE",
    "PWD",
    "X_AMZ_SIGNATURE",
    "X_AMZ_CREDENTIAL",
    "AWS_ACCESS_KEY_ID",
];

/// In any place of a name.
const ANYWHERE: [&str; 8] =
    ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "CREDENTIAL", "PRIVATE_KEY", "PRIVATEKEY", "API_KEY"];

/// At the end of a name. Not `TOKENS`, which are counted.
const AT_THE_END: [&str; 7] = ["TOKEN", "APIKEY", "ACCESS_KEY", "ACCESSKEY", "SIGNING_KEY", "ENCRYPTION_KEY", "_PWD"];

/// At the end of the name of a variable or a header. In running text there are too many keys that are none of these.
const AT_THE_END_OF_SETTINGS: [&str; 2] = ["_KEY", "_AUTH"];

/// The working directory, as the shell names it.
const WORKING_DIRECTORY: [&str; 2] = ["PWD", "OLDPWD"];

/// One form for `X-Api-Key`, `x_api_key` and `x.api.key`.
pub(super) fn plain(name: &str) -> String {
    name.trim().chars().map(|c| if matches!(c, '-' | '.' | ' ') { '_' } else { c.to_ascii_uppercase() }).collect()
}

/// Whether running text gives a secret under this name; `own` are the names that `chaos.toml` adds, in plain form.
pub(super) fn is_secret(name: &str, own: &[String]) -> bool {
    if WORKING_DIRECTORY.contains(&name) {
        return false;
    }
    let name = plain(name);
    WHOLE.contains(&name.as_str())
        || ANYWHERE.iter().any(|part| name.contains(part))
        || AT_THE_END.iter().any(|end| name.ends_with(end))
        || own.contains(&name)
}

/// The same for an environment variable or a header.
pub(super) fn is_secret_setting(name: &str, own: &[String]) -> bool {
    is_secret(name, own) || AT_THE_END_OF_SETTINGS.iter().any(|end| plain(name).ends_with(end))
}

/// The same for a parameter of a URL's query.
pub(super) fn is_secret_in_query(name: &str, own: &[String]) -> bool {
    plain(name) == "KEY" || is_secret_setting(name, own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        let own = [plain("x-session")];
        for name in [
            "authorization",
            "Proxy-Authorization",
            "set-cookie",
            "X-Api-Key",
            "x-vault-token",
            "accessToken",
            "client_secret",
            "DB_PASSWORD",
            "MYSQL_PWD",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "GITHUB_TOKEN",
            "X-Amz-Security-Token",
            "X-Amz-Credential",
            "STRIPE_KEY",
            "X-Session",
        ] {
            assert!(is_secret_setting(name, &own), "{name}");
        }
        for name in ["PWD", "OLDPWD", "MAX_TOKENS", "TOKENIZERS", "monkey", "PATH", "content-type", "SSH_AUTH_SOCK"] {
            assert!(!is_secret_setting(name, &own), "{name}");
        }
        assert!(is_secret_in_query("key", &[]) && !is_secret_setting("key", &[]));
        assert!(is_secret_setting("STRIPE_KEY", &[]) && !is_secret("message_key", &[]));
    }
}
