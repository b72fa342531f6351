//! A staging account in which nothing stands between a test and the harm. Tests take away one thing each.

use crate::ministack::Ministack;
use crate::surroundings::REGION;
use crate::world::World;
use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::home::{Ended, Home, Started};
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;
use tokio::task::block_in_place;

/// The tag that the profile requires.
pub const TAG: (&str, &str) = ("chaos-test", "allowed");

/// The group of instances that experiments harm.
pub const GROUP: (&str, &str) = ("aws:autoscaling:groupName", "orders");

/// The alarm that stops every experiment.
pub const ALARM: &str = "orders-error-budget";

/// What would change the course of an experiment, where a developer has set it.
const FOREIGN: [&str; 3] = ["CHAOS_KILL_SWITCH", "CHAOS_ALLOW_PRODUCTION", "CHAOS_DRY_RUN"];

/// The account with its instances, cluster and alarm, a home, and a `chaos.toml` that allows the harm.
#[derive(Debug)]
pub struct Staging {
    /// The account.
    pub world: World,
    /// Where experiments run.
    pub home: Home,
    /// The name of the profile.
    pub profile: &'static str,
    rules: BTreeMap<&'static str, String>,
}

impl Staging {
    /// Three running instances of the group, a cluster `payments` with two readers, an alarm that is OK. Durations in
    /// experiments pass 600 times faster.
    pub async fn new() -> Self {
        let world = World::new();
        world.set(json!({"speed": 600})).await;
        world.launch(3, &[GROUP, TAG]).await;
        world.aurora("payments", 2, &[TAG]).await;
        let rules = BTreeMap::from([
            ("accounts", format!("[\"{}\"]", world.account())),
            ("region", format!("\"{REGION}\"")),
            ("tag", format!("\"{}={}\"", TAG.0, TAG.1)),
            ("role", format!("\"{}\"", world.role())),
            ("stop_alarms", format!("[\"{ALARM}\"]")),
            ("emulator", "true".to_owned()),
        ]);
        let staging = Self { world, home: Home::new(), profile: "staging", rules };
        let alarm = staging.cloudwatch().put_metric_alarm().alarm_name(ALARM).namespace("Orders").metric_name("Errors");
        let alarm = alarm.statistic(Statistic::Sum).period(60).evaluation_periods(1).threshold(1.0);
        let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold);
        alarm.send().await.expect("an alarm can be made");
        staging.alarm(StateValue::Ok).await;
        staging.world.forget().await;
        staging
    }

    /// The account's CloudWatch.
    pub fn cloudwatch(&self) -> aws_sdk_cloudwatch::Client {
        Ministack::get().cloudwatch(self.world.account())
    }

    /// The alarm's ARN.
    pub fn alarm_arn(&self) -> String {
        format!("arn:aws:cloudwatch:{REGION}:{}:alarm:{ALARM}", self.world.account())
    }

    /// Brings the alarm into a state.
    pub async fn alarm(&self, state: StateValue) {
        let set =
            self.cloudwatch().set_alarm_state().alarm_name(ALARM).state_value(state).state_reason("a test says so");
        set.send().await.expect("the alarm is there");
    }

    /// Sets a key of the profile's `[aws]`, as TOML has it.
    pub fn rule(&mut self, key: &'static str, value: impl Into<String>) -> &mut Self {
        self.rules.insert(key, value.into());
        self
    }

    /// Takes a key out of it.
    pub fn without_rule(&mut self, key: &str) -> &mut Self {
        self.rules.remove(key).expect("it is there");
        self
    }

    /// `chaos.toml` as it stands.
    pub fn config(&self) -> String {
        let rules: String = self.rules.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let profile = self.profile;
        // Tests may name both, so both must be there.
        let others = ["staging", "production"].into_iter().filter(|other| *other != profile);
        let others: String = others.map(|other| format!("[profile.{other}]\n\n")).collect();
        format!(
            "{others}[profile.{profile}.aws]\n{rules}\n[profile.{profile}.aurora.payments]\ncluster = \"payments\"\n"
        )
    }

    /// An ignored test of this binary, as a nightly pipeline runs it.
    pub fn child(&self, test: &str) -> Command {
        self.child_with(test, &self.config())
    }

    /// The same, with another `chaos.toml`.
    pub fn child_with(&self, test: &str, config: &str) -> Command {
        self.child_at(&self.home, test, config)
    }

    /// The same, in another home: another machine's, as it were.
    pub fn child_at(&self, home: &Home, test: &str, config: &str) -> Command {
        let file = home.path().join("chaos.toml");
        std::fs::write(&file, config).expect("a home can be written to");
        let mut command = home.test(test);
        for name in FOREIGN {
            command.env_remove(name);
        }
        self.world.settle(&mut command);
        command.env("AWS_ENDPOINT_URL_CLOUDWATCH", Ministack::get().url());
        command.env("CHAOS_CONFIG", file).env("CHAOS_PROFILE", self.profile);
        command
    }

    /// Runs a child to its end; its journal must have this verdict.
    ///
    /// # Panics
    /// If it has another.
    pub fn run(&self, test: &str, child: Command, verdict: Verdict) -> (Ended, Journal) {
        let ended = block_in_place(|| Started::new(child).wait());
        let journal = self.home.journal(test);
        let calls = self.world.output();
        assert_eq!(journal.verdict, verdict, "{}\n{:#?}\n{calls}", ended.output, journal.events);
        (ended, journal)
    }

    /// Runs a child that must be refused, for a reason with these words, before it has changed anything.
    ///
    /// # Panics
    /// If it changes something, or is refused for another reason.
    pub async fn refuses(&self, test: &str, child: Command, words: &[&str]) {
        let before = self.world.mutating().await;
        let (ended, journal) = self.run(test, child, Verdict::Errored);
        let reason = &journal.reasons[0];
        let told = format!("{} {}", reason.message, reason.help.as_deref().unwrap_or_default());
        for word in words {
            assert!(told.contains(word), "`{word}` is not in: {told}\n{}", ended.output);
        }
        assert_eq!(self.world.mutating().await, before, "{}", ended.output);
        assert_eq!(self.world.effects().await, []);
        assert!(self.world.instances().await.iter().all(|instance| instance.state == "running"));
    }

    /// The states of the instances, sorted.
    pub async fn states(&self) -> Vec<String> {
        let mut states: Vec<String> = self.world.instances().await.into_iter().map(|i| i.state).collect();
        states.sort();
        states
    }
}
