//! A look at an account that changes nothing: whether the guard rails would get their answers.

use super::Session;
use super::error::refused;
use super::session::identity;
use crate::Result;

/// What was seen.
pub(crate) struct Look {
    /// Whose credentials these are.
    pub(crate) arn: String,
    /// What was asked, and how many there are, or why that is refused, with the statement that a policy lacks.
    pub(crate) looks: Vec<(&'static str, Result<usize>)>,
}

impl Session {
    /// Asks what every harm asks before.
    pub(crate) async fn look(&self) -> Result<Look> {
        let (_, arn) = identity(&self.sdk).await?;
        let (key, value) = &self.rules.tag;
        let tag = aws_sdk_resourcegroupstagging::types::TagFilter::builder().key(key).values(value).build();
        let experiments = async {
            let asked = self.fis.list_experiments().send().await;
            asked.map(|page| page.experiments().len()).map_err(|error| refused("list the FIS experiments", error))
        };
        let tagged = async {
            let asked = self.tagging.get_resources().tag_filters(tag).send().await;
            let count = asked.map(|page| page.resource_tag_mapping_list().len());
            count.map_err(|error| refused("look for resources with the tag", error))
        };
        let alarms = async {
            let asked = self.cloudwatch.describe_alarms().max_records(100).send().await;
            asked.map(|page| page.metric_alarms().len()).map_err(|error| refused("read the alarms", error))
        };
        let (experiments, tagged) = futures_util::future::join(experiments, tagged).await;
        let mut looks = vec![("FIS experiments", experiments), ("resources with the tag", tagged)];
        // Who names none is never asked to read them.
        if !self.rules.stop_alarms.is_empty() {
            looks.push(("alarms", alarms.await));
        }
        Ok(Look { arn, looks })
    }
}
