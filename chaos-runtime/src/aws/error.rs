//! What AWS refuses, in words that a person can act on.

use super::iam::explain_denied;
use crate::Error;
use aws_sdk_fis::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use std::error::Error as StdError;

/// Codes of credentials that are no longer good, or never were.
const EXPIRED: [&str; 4] = ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];
const UNKNOWN: [&str; 6] = [
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "AuthFailure",
    "MissingAuthenticationToken",
];
const DENIED: [&str; 5] =
    ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized"];
const THROTTLED: [&str; 9] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "PriorRequestNotComplete",
];

/// The error of a call that was to do `what`: `start the experiment`.
pub(crate) fn refused<E, R>(what: &str, error: SdkError<E, R>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let said = error.message().unwrap_or_default().to_owned();
    if !code.is_empty() {
        return by_code(what, &code, &said);
    }
    let text = DisplayErrorContext(&error).to_string();
    let failed = Error::new(format!("failed to {what}: {}", first_line(&text)));
    if text.contains("credential") || text.contains("Credential") {
        return Error::new(format!("failed to {what}: no credentials for AWS: {}", first_line(&text))).help(LOG_IN);
    }
    match error {
        SdkError::TimeoutError(_) => Error::new(format!("failed to {what}: no answer in time"))
            .help("look at the network between here and AWS, and at https://health.aws.amazon.com"),
        SdkError::DispatchFailure(_) => {
            failed.help("look at the network between here and AWS (proxy, VPN, VPC endpoint), and at AWS_ENDPOINT_URL")
        }
        SdkError::ResponseError(_) => {
            failed.help("the answer was not that of AWS: look at AWS_ENDPOINT_URL, and at proxies in between")
        }
        _ => failed,
    }
}

const LOG_IN: &str = "log in (`aws sso login`, AWS_PROFILE, or the pipeline's role by OIDC); \
                      `aws sts get-caller-identity` shows whether it worked";

pub(crate) fn by_code(what: &str, code: &str, said: &str) -> Error {
    let is = |codes: &[&str]| codes.contains(&code);
    let failed = |why: &str| {
        Error::new(format!("failed to {what}: {why} ({code}{}{said})", if said.is_empty() { "" } else { ": " }))
    };
    if is(&EXPIRED) {
        return failed("the credentials have expired")
            .help("log in again (`aws sso login`); in a pipeline let the role's session last longer than the tests");
    }
    if is(&UNKNOWN) {
        return failed("AWS does not accept the credentials").help(LOG_IN);
    }
    if is(&DENIED) {
        return failed("the credentials may not do this").help(missing_permission(said));
    }
    if is(&THROTTLED) {
        return failed("AWS throttles this account's calls, and several tries were not enough")
            .help("run fewer pipelines at once on this account, or ask for a higher quota");
    }
    match code {
        "ServiceQuotaExceededException" => failed("a quota of the account is used up").help(
            "FIS runs 5 experiments at once and keeps 500 templates: end what is left over with the sweep, or ask for more",
        ),
        "ServiceUnavailable" | "ServiceUnavailableException" | "InternalFailure" | "InternalServerException" | "InternalError" => {
            failed("the service is in trouble itself").help("look at https://health.aws.amazon.com, and try again")
        }
        "OptInRequired" | "RegionDisabledException" => {
            failed("the region is not enabled for this account").help("enable it, or name another in chaos.toml")
        }
        _ => failed("AWS refused it"),
    }
}

/// From "User: … is not authorized to perform: fis:StopExperiment on resource: arn:… because …".
fn missing_permission(said: &str) -> String {
    let after = |mark: &str| {
        let rest = said.split(mark).nth(1)?;
        let word = rest.split_whitespace().next()?;
        Some(word.trim_end_matches(['.', ',', ';']))
    };
    let Some(action) = after("perform: ") else {
        return "give the caller the permission; `chaos_runtime::aws::iam` prints the whole policy".to_owned();
    };
    let resource = after("on resource: ").unwrap_or("*");
    if said.contains("explicit deny") {
        return format!(
            "a policy denies {action} explicitly (a permission boundary or an SCP?): no allowing line helps against that"
        );
    }
    let why = explain_denied(action).map(|known| format!(" ({known})")).unwrap_or_default();
    format!(
        "add this line to the caller's policy: {{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\"{resource}\"}}; \
         `chaos_runtime::aws::iam` prints the whole policy{why}"
    )
}

/// Whether another try may help.
pub(crate) fn may_pass<E, R>(error: &SdkError<E, R>) -> bool
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(_) => {
            let code = error.code().unwrap_or_default();
            THROTTLED.contains(&code)
                || code.is_empty()
                || code.contains("Unavailable")
                || code.contains("Internal")
                || code == "ConflictException"
        }
        _ => false,
    }
}

pub(super) fn first_line(text: &str) -> &str {
    // The SDK appends the whole request and response as Rust prints them.
    text.split(" (").next().unwrap_or(text).lines().next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_permission_is_named_as_a_line_of_the_policy() {
        let said = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: fis:StopExperiment on resource: \
                    arn:aws:fis:eu-west-1:123456789012:experiment/EXP1 because no identity-based policy allows it";
        let error = by_code("stop the experiment EXP1", "AccessDeniedException", said).to_string();
        assert!(error.starts_with("failed to stop the experiment EXP1: the credentials may not do this"), "{error}");
        let line = "{\"Effect\":\"Allow\",\"Action\":\"fis:StopExperiment\",\
                    \"Resource\":\"arn:aws:fis:eu-west-1:123456789012:experiment/EXP1\"}";
        assert!(error.contains(line), "{error}");
        let denied =
            by_code("x", "AccessDenied", &said.replace("no identity-based policy allows it", "with an explicit deny"));
        assert!(denied.to_string().contains("no allowing line helps"), "{denied}");
    }

    #[test]
    fn every_refusal_says_the_way_out() {
        for (code, words) in [
            ("ExpiredTokenException", "aws sso login"),
            ("InvalidClientTokenId", "get-caller-identity"),
            ("ThrottlingException", "fewer pipelines"),
            ("ServiceQuotaExceededException", "sweep"),
            ("InternalServerException", "try again"),
        ] {
            let error = by_code("x", code, "");
            assert!(error.help_text().unwrap().contains(words), "{error}");
        }
    }
}
