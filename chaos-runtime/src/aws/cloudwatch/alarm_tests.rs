use super::*;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_smithy_mocks::{mock, mock_client};

fn metric_alarm(name: &str, state: StateValue) -> MetricAlarm {
    MetricAlarm::builder().alarm_name(name).state_value(state).state_reason("Threshold Crossed").build()
}

fn state(state: StateValue) -> AlarmState {
    AlarmState { name: "budget".into(), arn: String::new(), state, reason: "Threshold Crossed".into() }
}

#[test]
fn only_ok_is_well() {
    assert_eq!(state(StateValue::Ok).standing(false), Standing::Well);
    let alarming = Standing::Alarming("it is in ALARM: Threshold Crossed".into());
    assert_eq!(state(StateValue::Alarm).standing(false), alarming);
    assert_eq!(state(StateValue::Alarm).standing(true), alarming, "only missing data is waived");
    let unknown = Standing::Unknown("it is in INSUFFICIENT_DATA: Threshold Crossed".into());
    assert_eq!(state(StateValue::InsufficientData).standing(false), unknown);
    assert_eq!(state(StateValue::InsufficientData).standing(true), Standing::Well);
    let new = StateValue::from("MAINTENANCE");
    assert_eq!(state(new).standing(true), Standing::Unknown("it is in MAINTENANCE: Threshold Crossed".into()));
}

#[test]
fn an_arn_names_its_alarm_account_and_region() {
    let arn = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:orders: error budget";
    assert_eq!(short(arn), "orders: error budget");
    assert_eq!(short("orders: error budget"), "orders: error budget");
    assert!(is_of(arn, "eu-central-1", "123456789012"));
    assert!(!is_of(arn, "us-east-1", "123456789012"));
    assert!(!is_of(arn, "eu-central-1", "210987654321"));
    assert!(!is_of("arn:aws:sns:eu-central-1:123456789012:alarm:x", "eu-central-1", "123456789012"));
}

#[tokio::test]
async fn alarms_of_both_kinds_are_found_on_all_pages_and_given_in_the_order_asked() {
    let first = mock!(Client::describe_alarms)
        .match_requests(|request| {
            let types = request.alarm_types();
            request.next_token().is_none()
                && request.alarm_names() == ["composite", "plain"]
                && types.contains(&AlarmType::MetricAlarm)
                && types.contains(&AlarmType::CompositeAlarm)
        })
        .then_output(|| {
            let plain = metric_alarm("plain", StateValue::Ok);
            DescribeAlarmsOutput::builder().metric_alarms(plain).next_token("more").build()
        });
    let second = mock!(Client::describe_alarms)
        .match_requests(|request| request.next_token() == Some("more"))
        .then_output(|| {
            let composite =
                CompositeAlarm::builder().alarm_name("composite").state_value(StateValue::Alarm).state_reason("both");
            DescribeAlarmsOutput::builder().composite_alarms(composite.build()).build()
        });
    let client = mock_client!(aws_sdk_cloudwatch, [&first, &second]);
    let found = states(&client, &["composite", "plain"]).await.unwrap();
    let told: Vec<_> = found.iter().map(|alarm| (alarm.name.as_str(), alarm.state.as_str())).collect();
    assert_eq!(told, [("composite", "ALARM"), ("plain", "OK")]);
}

#[tokio::test]
async fn a_missing_alarm_is_told_with_the_nearest_name() {
    let asked = mock!(Client::describe_alarms)
        .match_requests(|request| !request.alarm_names().is_empty())
        .then_output(|| DescribeAlarmsOutput::builder().build());
    let all =
        mock!(Client::describe_alarms).match_requests(|request| request.alarm_names().is_empty()).then_output(|| {
            let near = metric_alarm("orders-error-budget", StateValue::Ok);
            let far = metric_alarm("billing", StateValue::Ok);
            DescribeAlarmsOutput::builder().metric_alarms(far).metric_alarms(near).build()
        });
    let client = mock_client!(aws_sdk_cloudwatch, aws_smithy_mocks::RuleMode::MatchAny, [&asked, &all]);
    let error = states(&client, &["orders-eror-budget"]).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no alarm `orders-eror-budget`\nhelp: did you mean `orders-error-budget`?");
}
