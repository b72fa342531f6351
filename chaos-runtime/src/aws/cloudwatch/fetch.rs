//! Reading the values of periods: GetMetricData.

use super::metric::{Metric, Stat, What};
use crate::aws::refused;
use crate::{Error, Result};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// The result that is read; inputs of an expression have names of their own.
const RESULT: &str = "chaos_result";

/// The values of the periods that begin in `from..to`, oldest first.
pub(super) async fn values(
    client: &Client,
    metric: &Metric,
    from: SystemTime,
    to: SystemTime,
) -> Result<Vec<(SystemTime, f64)>> {
    let mut values = BTreeMap::new();
    let mut token = None;
    loop {
        let page = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries(metric)))
            .start_time(DateTime::from(from))
            .end_time(DateTime::from(to))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token.take())
            .send()
            .await
            .map_err(|error| refused(&format!("read {}", metric.describe()), error))?;
        token = page.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        for result in page.metric_data_results().iter().filter(|result| result.id() == Some(RESULT)) {
            complete(result, token.is_some())?;
            for (at, value) in result.timestamps().iter().zip(result.values()) {
                let at = SystemTime::try_from(*at).map_err(|error| Error::new(error.to_string()))?;
                values.insert(at, *value);
            }
        }
        if token.is_none() {
            return Ok(values.into_iter().collect());
        }
    }
}

/// Whether a result is all that there is: half of the values are none, as what is missing would count as missing.
fn complete(result: &MetricDataResult, more: bool) -> Result<()> {
    match result.status_code() {
        Some(StatusCode::Complete) | None => Ok(()),
        Some(StatusCode::PartialData) if more => Ok(()),
        Some(code) => {
            let said = result.messages().iter().filter_map(|message| message.value());
            let said: String = said.map(|said| format!(": {said}")).collect();
            Err(Error::new(format!("CloudWatch gave no whole answer ({}){said}", code.as_str())))
        }
    }
}

fn queries(metric: &Metric) -> Vec<MetricDataQuery> {
    let stat = |stat: &Stat, of: &Metric| {
        MetricStat::builder()
            .metric(stat.metric())
            .period(metric.seconds())
            .stat(stat.statistic.name())
            .set_unit(of.told_unit().map(|unit| unit.standard()))
            .build()
    };
    let result = MetricDataQuery::builder().id(RESULT);
    match &metric.what {
        What::Stat(one) => vec![result.metric_stat(stat(one, metric)).build()],
        What::Math { expression, inputs } => {
            let input = |(id, input): &(String, Metric)| match &input.what {
                What::Stat(one) => {
                    let query = MetricDataQuery::builder().id(id).metric_stat(stat(one, input));
                    Some(query.return_data(false).build())
                }
                What::Math { .. } => None,
            };
            let result = result.expression(expression).period(metric.seconds()).build();
            inputs.iter().filter_map(input).chain([result]).collect()
        }
    }
}
