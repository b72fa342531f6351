//! The form of ARNs.

/// `arn:partition:service:region:account:resource`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    /// Everything behind the account.
    pub(crate) resource: &'a str,
}

/// Takes an ARN apart, in which `{partition}`, `{region}` and `{account}` may stand for those parts.
pub(crate) fn parse(text: &str) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    let (Some("arn"), Some(partition), Some(service)) = (parts.next(), parts.next(), parts.next()) else { return None };
    let (Some(region), Some(account), Some(resource)) = (parts.next(), parts.next(), parts.next()) else { return None };
    let partition = partition == "{partition}" || partition == "aws" || partition.starts_with("aws-");
    let named = account.is_empty() || account == "aws" || account == "{account}";
    let numbered = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let whole = !service.is_empty() && !resource.is_empty() && !text.contains(char::is_whitespace);
    (partition && whole && (named || numbered)).then_some(Arn { service, region, account, resource })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_and_what_is_none() {
        let arn = parse("arn:aws:rds:eu-west-1:123456789012:cluster:payments").expect("an ARN");
        assert_eq!((arn.service, arn.region, arn.account), ("rds", "eu-west-1", "123456789012"));
        assert_eq!(arn.resource, "cluster:payments");
        for text in ["arn:aws:s3:::bucket", "arn:{partition}:ssm:{region}::document/x", "arn:aws-cn:iam::aws:policy/x"]
        {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "arn:",
            "payments",
            "arn:aws:rds:eu-west-1:123456789012",
            "arn:aws:rds:eu-west-1:123456789012:",
            "arn:aws::eu-west-1:123456789012:x",
            "arn:gcp:rds:eu-west-1:123456789012:cluster:x",
            "arn:aws:rds:eu-west-1:12345:cluster:x",
            "arn:aws:rds:eu-west-1:123456789012:cluster: x",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
