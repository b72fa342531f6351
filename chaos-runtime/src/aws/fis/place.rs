//! Where a plan is carried out.

/// Partition, Region and account, which ARNs are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    partition: &'static str,
    region: String,
    account: String,
}

impl Place {
    /// An account, by its twelve digits, and a Region such as `eu-west-1`, which says the partition.
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Self {
        let region = region.into();
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Self { partition, region, account: account.into() }
    }

    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &str {
        self.partition
    }

    /// The Region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account's number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Puts the partition, Region and account where an ARN has `{partition}`, `{region}` and `{account}`.
    pub(crate) fn fill(&self, arn: &str) -> String {
        arn.replace("{partition}", self.partition).replace("{region}", &self.region).replace("{account}", &self.account)
    }

    /// The ARN of a CloudWatch alarm, which may be given by name or ARN.
    pub(crate) fn alarm(&self, name: &str) -> String {
        if name.starts_with("arn:") {
            return self.fill(name);
        }
        format!("arn:{}:cloudwatch:{}:{}:alarm:{name}", self.partition, self.region, self.account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_say_their_partition() {
        for (region, partition) in [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")] {
            assert_eq!(Place::new("123456789012", region).partition(), partition);
        }
    }

    #[test]
    fn alarms_by_name_and_by_arn() {
        let place = Place::new("123456789012", "eu-west-1");
        assert_eq!(place.alarm("budget"), "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:budget");
        assert_eq!(place.alarm("arn:aws:cloudwatch:x:1:alarm:y"), "arn:aws:cloudwatch:x:1:alarm:y");
    }
}
