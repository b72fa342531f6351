//! Whether a target is of the right account and region, and carries the required tag.

use super::super::Session;
use super::super::error::refused;
use super::{Harm, refusal};
use crate::Result;
use std::collections::HashMap;

/// The most that one call of the tagging API takes.
const PAGE: usize = 100;

/// A target and, where they are known already, its tags.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tagged {
    pub(crate) arn: String,
    pub(crate) tags: Option<HashMap<String, String>>,
}

/// The parts of an ARN that say where something is.
#[derive(Debug, PartialEq)]
pub(crate) struct Arn<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) resource: &'a str,
}

impl<'a> Arn<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match *parts {
            ["arn", partition, service, region, account, resource]
                if partition.starts_with("aws") && !service.is_empty() && !resource.is_empty() =>
            {
                Some(Self { service, region, account, resource })
            }
            _ => None,
        }
    }
}

impl Arn<'_> {
    /// Whether it is that of a DB cluster.
    pub(crate) fn is_cluster(&self) -> bool {
        self.service == "rds" && self.resource.starts_with("cluster:")
    }
}

impl Session {
    pub(super) async fn check_targets(&self, harm: &Harm) -> Result<()> {
        let (key, value) = &self.rules.tag;
        for target in &harm.targets {
            let arn = Arn::parse(&target.arn).ok_or_else(|| {
                refusal(harm, format!("`{}` is no ARN", target.arn))
                    .help("an ARN has six parts: arn:aws:rds:eu-west-1:123456789012:cluster:orders")
            })?;
            // Roles and buckets have no region, buckets no account either.
            if !arn.region.is_empty() && arn.region != self.region {
                return Err(refusal(
                    harm,
                    format!("{} is in {}, and the profile is for {}", target.arn, arn.region, self.region),
                )
                .help("name a target in the profile's region"));
            }
            if !arn.account.is_empty() && arn.account != self.account {
                return Err(refusal(
                    harm,
                    format!("{} is of account {}, not of {}", target.arn, arn.account, self.account),
                )
                .help("name a target in the account of the credentials"));
            }
        }
        let mut known: HashMap<&str, &HashMap<String, String>> = HashMap::new();
        let unknown: Vec<&str> =
            harm.targets.iter().filter(|target| target.tags.is_none()).map(|target| &*target.arn).collect();
        let asked = self.tags_of(&unknown).await?;
        known.extend(asked.iter().map(|(arn, tags)| (&**arn, tags)));
        known.extend(harm.targets.iter().filter_map(|target| Some((&*target.arn, target.tags.as_ref()?))));
        for Tagged { arn, .. } in &harm.targets {
            let found = known.get(&**arn).and_then(|tags| tags.get(key));
            if found != Some(value) {
                let found = match found {
                    Some(other) => format!("its tag `{key}` is `{other}`"),
                    None if known.contains_key(&**arn) => format!("it has no tag `{key}`"),
                    None => "it has no tags, or is not there".to_owned(),
                };
                return Err(refusal(harm, format!("{arn} does not carry the tag {key}={value}: {found}"))
                    .help("set the tag if it may be harmed; the one that is required stands in the profile's [aws]"));
            }
        }
        Ok(())
    }

    /// The tags of those resources that have or had any.
    async fn tags_of(&self, arns: &[&str]) -> Result<HashMap<String, HashMap<String, String>>> {
        let mut all = HashMap::new();
        for page in arns.chunks(PAGE) {
            let call = self
                .tagging
                .get_resources()
                .set_resource_arn_list(Some(page.iter().map(|arn| (*arn).to_owned()).collect()));
            let answer = call.send().await.map_err(|error| refused("read the tags of the targets", error))?;
            for resource in answer.resource_tag_mapping_list() {
                let tags = resource.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned()));
                all.insert(resource.resource_arn().unwrap_or_default().to_owned(), tags.collect());
            }
        }
        Ok(all)
    }

    /// The tag that every target must carry, for those that are chosen by tags.
    pub(crate) fn required_tag(&self) -> (&str, &str) {
        (&self.rules.tag.0, &self.rules.tag.1)
    }
}
