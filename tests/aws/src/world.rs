//! An account of AWS in which faults have effects.

use crate::emulator::Emulator;
use crate::http::ask;
use crate::surroundings::{REGION, access_key, with_account};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_fis::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_rds::types::Tag;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// An account of its own, in the emulator that all tests of the binary share (`emulators/world`).
#[derive(Debug)]
pub struct World {
    emulator: &'static Emulator,
    account: String,
}

/// A call that has arrived at the emulator.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Call {
    /// As it is signed for: `fis`, `rds`, `sts`, `tagging`, `ec2`.
    pub service: String,
    /// By AWS's name, as `StartExperiment`.
    pub operation: String,
    /// The path of its URL, which in FIS names what it is about: `/experiments/EXP…`.
    pub path: String,
    /// As it is signed for.
    pub region: String,
    /// Whether it may change something.
    pub mutating: bool,
    /// The answer's HTTP status.
    pub status: u16,
    /// The client's `User-Agent`.
    pub agent: String,
}

/// What the emulator has done to a resource, which is no call of a client.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Effect {
    /// `terminated`, `failed over`, `rebooted`, `stopped`, `started`, `interrupted`, `began` or `ended`.
    pub what: String,
    /// Its id, or its ARN where it has been held only.
    pub resource: String,
}

/// An EC2 instance.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Instance {
    /// `i-…`
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `running`, `stopped`, `terminated`, …
    pub state: String,
    /// Its availability zone.
    pub zone: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl World {
    /// An account that nobody has used. The emulator is started where it is not yet.
    #[allow(clippy::new_without_default)] // It starts a process.
    pub fn new() -> Self {
        static STARTED: OnceLock<Emulator> = OnceLock::new();
        static ACCOUNTS: AtomicU64 = AtomicU64::new(100_000_000_001);
        let emulator = STARTED.get_or_init(|| Emulator::start(&["world"], "/world"));
        let account = ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string();
        Self { emulator, account }
    }

    /// Its number.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> &'static str {
        self.emulator.url()
    }

    /// The last lines that the emulator has printed.
    pub fn output(&self) -> String {
        self.emulator.output()
    }

    /// Makes a command work in this account and nowhere else.
    pub fn settle<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        with_account(command, self.url(), &self.account)
    }

    /// What the SDK's clients are made of.
    pub fn sdk(&self) -> SdkConfig {
        sdk(self.url(), &self.account)
    }

    /// The SDK's client.
    pub fn fis(&self) -> aws_sdk_fis::Client {
        aws_sdk_fis::Client::new(&self.sdk())
    }

    /// The SDK's client.
    pub fn rds(&self) -> aws_sdk_rds::Client {
        aws_sdk_rds::Client::new(&self.sdk())
    }

    /// The ARN of a role for FIS. Nobody checks what it may do.
    pub fn role(&self) -> String {
        format!("arn:aws:iam::{}:role/chaos-fis", self.account)
    }

    /// The ARN of a cluster.
    pub fn cluster_arn(&self, name: &str) -> String {
        format!("arn:aws:rds:{REGION}:{}:cluster:{name}", self.account)
    }

    /// How this account behaves; the fields of `emulators/world/account.py`, for example
    /// `json!({"speed": 60, "failover_takes": 2})`.
    pub async fn set(&self, settings: Value) {
        self.control("POST", "settings", json!({"settings": settings})).await;
    }

    /// Forgets calls and effects: what a test has set up is not what it asks about.
    pub async fn forget(&self) {
        self.control("POST", "forget", json!({})).await;
    }

    /// All calls so far, by anyone, in order.
    pub async fn calls(&self) -> Vec<Call> {
        parsed(self.control("GET", "calls", json!({})).await)
    }

    /// Those that may have changed something, as `rds FailoverDBCluster`. A test of a guard rail wants none.
    pub async fn mutating(&self) -> Vec<String> {
        let calls = self.calls().await.into_iter().filter(|call| call.mutating);
        calls.map(|call| format!("{} {}", call.service, call.operation)).collect()
    }

    /// What the emulator has done to resources, in order.
    pub async fn effects(&self) -> Vec<Effect> {
        parsed(self.control("GET", "effects", json!({})).await)
    }

    /// Launches EC2 instances with tags, also those that AWS sets: `aws:autoscaling:groupName`.
    pub async fn launch(&self, count: usize, tags: &[(&str, &str)]) -> Vec<Instance> {
        let tags: BTreeMap<&str, &str> = tags.iter().copied().collect();
        let zone = format!("{REGION}a");
        let wanted = json!({"region": REGION, "count": count, "tags": tags, "zone": zone});
        parsed(self.control("POST", "instances", wanted).await)
    }

    /// All EC2 instances, whatever has become of them.
    pub async fn instances(&self) -> Vec<Instance> {
        parsed(self.control("GET", "instances", json!({"region": REGION})).await)
    }

    /// Makes an Aurora cluster with a writer `<name>-1` and readers `<name>-2`, ….
    pub async fn aurora(&self, name: &str, readers: usize, tags: &[(&str, &str)]) {
        let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build());
        let rds = self.rds();
        let cluster = rds.create_db_cluster().db_cluster_identifier(name).engine("aurora-postgresql");
        let cluster = cluster.master_username("chaos").master_user_password("emulated").set_tags(Some(tags.collect()));
        cluster.send().await.expect("a cluster can be made");
        for number in 1..=readers + 1 {
            let instance = rds.create_db_instance().db_instance_identifier(format!("{name}-{number}"));
            let instance = instance.db_cluster_identifier(name).engine("aurora-postgresql");
            instance.db_instance_class("db.r6g.large").send().await.expect("an instance can be made");
        }
        // It is `creating` until somebody has looked.
        self.writer(name).await;
    }

    /// A cluster's writer.
    pub async fn writer(&self, cluster: &str) -> String {
        let clusters = self.rds().describe_db_clusters().db_cluster_identifier(cluster).send().await;
        let clusters = clusters.expect("the cluster exists");
        let members = clusters.db_clusters()[0].db_cluster_members();
        let writer = members.iter().find(|member| member.is_cluster_writer() == Some(true));
        writer.and_then(|member| member.db_instance_identifier()).expect("it has a writer").to_owned()
    }

    async fn control(&self, method: &str, what: &str, mut request: Value) -> Value {
        request["account"] = json!(self.account);
        let answered = if method == "GET" {
            let fields = request.as_object().expect("it is an object");
            let of = |(key, value): (&String, &Value)| format!("{key}={}", value.as_str().unwrap_or_default());
            let query: Vec<String> = fields.iter().map(of).collect();
            ask(self.url(), method, &format!("/world/{what}?{}", query.join("&")), None).await
        } else {
            ask(self.url(), method, &format!("/world/{what}"), Some(&request)).await
        };
        answered.unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("account {}; the last of the emulator:\n{}", self.account, self.output());
        }
    }
}

/// What clients of any service are made of, for an account of an emulator.
pub(crate) fn sdk(endpoint: &str, account: &str) -> SdkConfig {
    let credentials = Credentials::new(access_key(account), "emulated", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}

fn parsed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the emulator answers as agreed")
}
