use super::*;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::operation::get_metric_statistics::GetMetricStatisticsOutput;
use aws_sdk_cloudwatch::operation::list_metrics::ListMetricsOutput;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Datapoint as Statistics, MessageData, MetricDataResult, StandardUnit, StatusCode};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

const MINUTE: u64 = 60;

fn at(minute: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + minute * MINUTE)
}

fn result(values: &[(u64, f64)], code: StatusCode) -> MetricDataResult {
    let result = MetricDataResult::builder().id("chaos_result").status_code(code);
    let result = values
        .iter()
        .fold(result, |result, (minute, value)| result.timestamps(DateTime::from(at(*minute))).values(*value));
    result.build()
}

fn latency(client: &Client) -> Metric {
    Metric::new(client.clone(), "Shop".into(), "Latency".into()).dimension("Service", "orders").percentile(99.0)
}

fn watched(metric: Metric, unit: Unit) -> Watched {
    Watched { metric, unit: Some(unit) }
}

async fn read(mut watched: Watched) -> Result<Vec<Datapoint>> {
    watched.read(at(0), at(10)).await
}

fn statistics(units: &[StandardUnit]) -> GetMetricStatisticsOutput {
    let output = GetMetricStatisticsOutput::builder();
    let point = |unit: &StandardUnit| Statistics::builder().unit(unit.clone()).sample_count(1.0).build();
    units.iter().fold(output, |output, unit| output.datapoints(point(unit))).build()
}

#[tokio::test]
async fn values_of_all_pages_are_in_the_units_of_claims() {
    let first = mock!(Client::get_metric_data)
        .match_requests(|request| {
            let queries = request.metric_data_queries();
            let stat = queries[0].metric_stat().unwrap();
            let metric = stat.metric().unwrap();
            request.next_token().is_none()
                && queries.len() == 1
                && (stat.stat(), stat.period()) == (Some("p99"), Some(60))
                && (metric.namespace(), metric.metric_name()) == (Some("Shop"), Some("Latency"))
                && metric.dimensions()[0].value() == Some("orders")
                && request.start_time() == Some(&DateTime::from(at(0)))
                && request.end_time() == Some(&DateTime::from(at(10)))
        })
        .then_output(|| {
            let some = result(&[(0, 120.0), (1, 130.0)], StatusCode::PartialData);
            GetMetricDataOutput::builder().metric_data_results(some).next_token("more").build()
        });
    let second = mock!(Client::get_metric_data)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(|| {
            let rest = result(&[(2, 250.0)], StatusCode::Complete);
            GetMetricDataOutput::builder().metric_data_results(rest).build()
        });
    let client = mock_client!(aws_sdk_cloudwatch, [&first, &second]);
    let values = read(watched(latency(&client), Unit::Milliseconds)).await.unwrap();
    let told: Vec<_> = values.iter().map(|point| (point.start, (point.value * 1e3).round(), point.unit)).collect();
    assert_eq!(told, [(at(0), 120.0, "s"), (at(1), 130.0, "s"), (at(2), 250.0, "s")]);
}

/// What is missing in half an answer would count as a period without value.
#[tokio::test]
async fn half_an_answer_is_none() {
    for (code, message) in [(StatusCode::PartialData, ""), (StatusCode::InternalError, "try again")] {
        let expected = format!("CloudWatch gave no whole answer ({})", code.as_str());
        let rule = mock!(Client::get_metric_data).then_output(move || {
            let half = result(&[(0, 1.0)], code.clone());
            let said = MessageData::builder().code("x").value(message).build();
            let mut half = half;
            half.messages = (!message.is_empty()).then(|| vec![said]);
            GetMetricDataOutput::builder().metric_data_results(half).build()
        });
        let client = mock_client!(aws_sdk_cloudwatch, [&rule]);
        let error = read(watched(latency(&client), Unit::Seconds)).await.unwrap_err().to_string();
        assert!(error.starts_with(&expected) && error.ends_with(message), "{error}");
    }
}

#[tokio::test]
async fn an_expression_reads_its_inputs_and_gives_only_itself() {
    let rule = mock!(Client::get_metric_data)
        .match_requests(|request| {
            let queries = request.metric_data_queries();
            let told: Vec<_> = queries.iter().map(|query| (query.id(), query.return_data())).collect();
            let periods: Vec<_> = queries.iter().filter_map(|query| Some(query.metric_stat()?.period())).collect();
            let last = queries.last().unwrap();
            told == [(Some("m1"), Some(false)), (Some("m2"), Some(false)), (Some("chaos_result"), None)]
                && periods == [Some(300), Some(300)]
                && (last.expression(), last.period()) == (Some("100*m1/m2"), Some(300))
        })
        .then_output(|| {
            let all = result(&[(0, 99.5)], StatusCode::Complete);
            GetMetricDataOutput::builder().metric_data_results(all).build()
        });
    let known = mock!(Client::get_metric_statistics).then_output(|| statistics(&[StandardUnit::Count]));
    let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&rule, &known]);
    let input = |name: &str| Metric::new(client.clone(), "Shop".into(), name.into()).sum();
    let inputs = vec![("m1".into(), input("Good")), ("m2".into(), input("All"))];
    let share = Metric::math(client.clone(), "100*m1/m2".into(), inputs);
    let mut share = Watched { metric: share.unit(Unit::Percent).period(Duration::from_secs(300)), unit: None };
    assert_eq!(share.check().await.unwrap(), Some("%"));
    assert_eq!(known.num_calls(), 2, "each input is looked for");
    assert_eq!(read(share).await.unwrap(), [Datapoint { start: at(0), value: 99.5, unit: "%" }]);
}

#[tokio::test]
async fn the_unit_is_found_out() {
    let found = mock!(Client::get_metric_statistics).then_output(|| statistics(&[StandardUnit::Milliseconds]));
    let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&found]);
    let mut metric = Watched { metric: latency(&client), unit: None };
    assert_eq!(metric.check().await.unwrap(), Some("s"));
    let mut count = Watched { metric: latency(&client).sample_count(), unit: None };
    assert_eq!(count.check().await.unwrap(), Some(""), "a number of milliseconds is a number");

    let several = mock!(Client::get_metric_statistics)
        .then_output(|| statistics(&[StandardUnit::Seconds, StandardUnit::Milliseconds, StandardUnit::Seconds]));
    let client = mock_client!(aws_sdk_cloudwatch, [&several]);
    let error = Watched { metric: latency(&client), unit: None }.check().await.unwrap_err().to_string();
    let expected = "Shop Latency{Service=orders} has values in several units: Seconds, Milliseconds\n\
                    help: say in which: `.unit(Unit::Seconds)`";
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_metric_that_never_had_a_value_is_refused_with_what_was_meant() {
    let listed = |names: &'static [(&'static str, &'static str)]| {
        let metric = |(name, service): &(&str, &str)| {
            let dimension = Dimension::builder().name("Service").value(*service).build();
            Name::builder().namespace("Shop").metric_name(*name).dimensions(dimension).build()
        };
        ListMetricsOutput::builder().set_metrics(Some(names.iter().map(metric).collect())).build()
    };
    type Known = &'static [(&'static str, &'static str)];
    let cases: [(Known, Known, &str); 3] = [
        (&[("Latency", "order"), ("Latency", "stock")], &[], " It is known with {Service=order}, {Service=stock}"),
        (&[], &[("Latencies", "orders"), ("Orders", "orders")], " Did you mean `Latencies`?"),
        (&[], &[("Cost", "orders"), ("Profit", "orders")], " Shop has Cost, Profit"),
    ];
    for (of_name, of_namespace, expected) in cases {
        let nothing = mock!(Client::get_metric_statistics).then_output(|| statistics(&[]));
        let by_name = mock!(Client::list_metrics)
            .match_requests(|request| request.metric_name().is_some())
            .then_output(move || listed(of_name));
        let by_namespace = mock!(Client::list_metrics)
            .match_requests(|request| request.metric_name().is_none())
            .then_output(move || listed(of_namespace));
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&nothing, &by_name, &by_namespace]);
        let error = Watched { metric: latency(&client), unit: None }.check().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Inconclusive);
        let message =
            format!("no datapoint of Shop Latency{{Service=orders}} in the last 3 h: is the name right?{expected}");
        assert_eq!(error.message(), message);
        let silent = latency(&client).may_be_silent();
        assert_eq!(Watched { metric: silent, unit: None }.check().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_silent_metric_tells_its_unit_with_its_first_value() {
    let data = mock!(Client::get_metric_data).then_output(|| {
        let all = result(&[(0, 120.0)], StatusCode::Complete);
        GetMetricDataOutput::builder().metric_data_results(all).build()
    });
    let found = mock!(Client::get_metric_statistics).then_output(|| statistics(&[StandardUnit::Microseconds]));
    let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&data, &found]);
    let values = read(Watched { metric: latency(&client).may_be_silent(), unit: None }).await.unwrap();
    assert_eq!((values[0].unit, (values[0].value * 1e6).round()), ("s", 120.0));
}

#[tokio::test]
async fn mistakes_are_told_before_anybody_is_asked() {
    let never = mock!(Client::get_metric_statistics).then_output(|| statistics(&[StandardUnit::Count]));
    let client = mock_client!(aws_sdk_cloudwatch, [&never]);
    let input = || latency(&client);
    let math = |expression: &str, inputs: Vec<(&str, Metric)>| {
        let inputs = inputs.into_iter().map(|(id, metric)| (id.to_owned(), metric)).collect();
        Metric::math(client.clone(), expression.into(), inputs)
    };
    let cases = [
        (input().period(Duration::from_secs(15)), "CloudWatch has no periods of 15s"),
        (input().period(Duration::from_secs(90)), "CloudWatch has no periods of 90s"),
        (input().period(Duration::from_millis(1_500)), "CloudWatch has no periods of 1.5s"),
        (input().period(Duration::ZERO), "CloudWatch has no periods of 0ns"),
        (input().percentile(100.0), "a percentile lies between 0 and 100, and 100 does not"),
        (input().percentile(f64::NAN), "a percentile lies between 0 and 100, and NaN does not"),
        (Metric::new(client.clone(), String::new(), "x".into()), "a metric has no name"),
        (math("1", vec![]), "`1` has no inputs"),
        (math("M1", vec![("M1", input())]), "`M1` is no name for an input of `M1`"),
        (math("m1", vec![("m1", input()), ("m1", input())]), "two inputs of `m1` are named `m1`"),
        (math("m1", vec![("m1", math("x", vec![("x", input())]))]), "input `m1` of `m1` is an expression itself"),
    ];
    for (metric, expected) in cases {
        let error = Watched { metric, unit: None }.check().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(never.num_calls(), 0);
    for seconds in [1, 5, 10, 30, 60, 3_600] {
        assert!(input().period(Duration::from_secs(seconds)).validate().is_ok());
    }
}

#[tokio::test]
async fn a_throttled_call_is_asked_again() {
    use aws_sdk_cloudwatch::error::ErrorMetadata;
    use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataError;
    let throttled = || GetMetricDataError::generic(ErrorMetadata::builder().code("ThrottlingException").build());
    let whole = || {
        let all = result(&[(0, 1.0)], StatusCode::Complete);
        GetMetricDataOutput::builder().metric_data_results(all).build()
    };
    let rule = mock!(Client::get_metric_data).sequence().error(throttled).times(1).output(whole).build();
    let client = mock_client!(aws_sdk_cloudwatch, [&rule]);
    assert_eq!(read(watched(latency(&client), Unit::Count)).await.unwrap().len(), 1);
    assert_eq!(rule.num_calls(), 2);
}
