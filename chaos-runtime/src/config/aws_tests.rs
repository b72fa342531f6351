use super::*;
use crate::config::{Config, parse};
use std::path::Path;

const WHOLE: &str = r#"
[profile.staging.aws]
accounts = ["123456789012", "000000000001"]
region = "eu-west-1"
tag = "chaos test=allowed = yes"
role = "arn:aws-cn:iam::123456789012:role/path/chaos-fis"
stop_alarms = ["errors", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:slow"]
max_duration = "10m"
kill_switch = "stop/now"
production = false
emulator = true
"#;

fn problem(text: &str) -> String {
    parse(text).unwrap_err().in_file(Path::new("chaos.toml")).to_string()
}

#[test]
fn every_key_is_read() {
    let config = Config { path: Some("/shop/chaos.toml".into()), ..parse(WHOLE).unwrap() };
    let rules = config.aws("staging").unwrap();
    assert_eq!(rules.accounts, ["123456789012", "000000000001"]);
    assert_eq!(rules.region, "eu-west-1");
    assert_eq!(rules.tag, ("chaos test".to_owned(), "allowed = yes".to_owned()));
    assert_eq!(rules.role.as_deref(), Some("arn:aws-cn:iam::123456789012:role/path/chaos-fis"));
    assert_eq!(rules.stop_alarms, ["errors", "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:slow"]);
    assert_eq!(rules.max_duration, Duration::from_secs(600));
    assert_eq!(rules.kill_switch.as_deref(), Some(Path::new("/shop/stop/now")));
    assert_eq!((rules.production, rules.emulator), (Some(false), true));
}

#[test]
fn what_is_not_said_is_strict() {
    let text = "[profile.x.aws]\naccounts = [\"123456789012\"]\nregion = \"us-east-1\"\ntag = \"a=b\"";
    let rules = parse(text).unwrap().aws("x").unwrap();
    assert_eq!((rules.production, rules.emulator, rules.max_duration), (None, false, Duration::from_secs(900)));
    assert_eq!((rules.role, rules.kill_switch, rules.stop_alarms), (None, None, vec![]));
}

#[test]
fn a_profile_without_accounts_allows_none() {
    let config = Config { path: Some("/shop/chaos.toml".into()), ..parse(WHOLE).unwrap() };
    let error = config.aws("local").unwrap_err().to_string();
    let start = "no AWS account may be harmed in profile `local`: /shop/chaos.toml has no [profile.local.aws]\n\
                 help: CHAOS_PROFILE=staging is one with an account. Otherwise list what is allowed: [profile.local.aws]";
    assert!(error.starts_with(start), "{error}");
    let none = Config::default().aws("staging").unwrap_err().to_string();
    assert!(none.contains("there is no chaos.toml\nhelp: list what is allowed"), "{none}");
}

#[test]
fn every_mistake_has_its_place_and_the_way_out() {
    let with = |line: &str| {
        let key = line.split(' ').next().unwrap();
        let kept: Vec<&str> = WHOLE.lines().filter(|other| !other.starts_with(&format!("{key} "))).collect();
        problem(&format!("{}\n{line}", kept.join("\n")))
    };
    for (line, message) in [
        ("accounts = []", "no account is allowed\nhelp: list at least one"),
        ("accounts = [\"1234\"]", "an AWS account has 12 digits\nhelp: write it in quotes"),
        ("accounts = [123456789012]", "expected a text, found a whole number\nhelp: put it into quotes"),
        ("accounts = \"123456789012\"", "expected a list, found a text\nhelp: put it into brackets"),
        ("region = \"eu-west-1a\"", "no name of an AWS region\nhelp: write for example \"eu-west-1\"; a zone"),
        ("region = \"west\"", "no name of an AWS region"),
        ("tag = \"chaos\"", "no tag with a value\nhelp: write key and value"),
        ("tag = \"=x\"", "a tag with an empty key or value"),
        ("tag = \"aws:x=y\"", "a tag that AWS sets by itself allows nothing"),
        ("role = \"chaos-fis\"", "no ARN of a role\nhelp: write for example"),
        ("max_duration = \"13h\"", "12 h at most"),
        ("max_duration = \"0s\"", "more than nothing"),
        ("production = \"no\"", "expected `true` or `false`, found a text"),
        ("regions = [\"eu-west-1\"]", "unknown key `regions`\nhelp: did you mean `region`?"),
        ("regoin = \"eu-west-1\"", "unknown key `regoin`\nhelp: did you mean `region`?"),
    ] {
        let problem = with(line);
        assert!(problem.starts_with("chaos.toml:") && problem.contains(message), "{line}: {problem}");
    }
    let missing = problem("[profile.x.aws]\naccounts = [\"123456789012\"]\nregion = \"us-east-1\"");
    assert!(missing.contains("`tag` is missing\nhelp: add it: tag = \"chaos-test=allowed\""), "{missing}");
}

#[test]
fn a_real_cluster_needs_an_account_and_no_containers() {
    let text = format!("{WHOLE}[profile.staging.aurora.payments]\ncluster = \"pay-1\"\nuser = \"ann\"\n");
    let settings = parse(&text).unwrap().aurora_cluster("staging", "payments").unwrap().unwrap();
    assert_eq!((&*settings.cluster, &*settings.user, &*settings.database), ("pay-1", "ann", "app"));
    assert!(settings.password.is_none());
    assert!(parse(&text).unwrap().aurora_cluster("local", "payments").unwrap().is_none());
    let problem_of = |more: &str| problem(&format!("{text}{more}"));
    assert!(
        problem_of("readers = 1").contains(":13:11: `readers` speaks of containers"),
        "{}",
        problem_of("readers = 1")
    );
    let alone = problem("[profile.staging.aurora.payments]\ncluster = \"pay-1\"");
    assert!(alone.contains("chaos.toml:2:11: a real cluster in a profile without `aws`\nhelp: list"), "{alone}");
    let odd = problem("[profile.staging.aurora.payments]\ncluster = \"pay--1\"");
    assert!(odd.contains("no identifier of a DB cluster"), "{odd}");
}
