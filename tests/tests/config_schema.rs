//! The published JSON Schema of `chaos.toml` is current, and refuses what the parser refuses.

use chaos_runtime::config;
use proptest::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static VALIDATOR: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&config::schema()).expect("the schema is one"));

fn of_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// What the schema says about this text; `None` if it is no TOML.
fn is_valid(text: &str) -> Option<bool> {
    let table: toml::Table = toml::from_str(text).ok()?;
    Some(VALIDATOR.is_valid(&json(toml::Value::Table(table))))
}

/// As editors hand it to the schema.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(datetime) => datetime.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect(),
        toml::Value::Table(table) => table.into_iter().map(|(key, value)| (key, json(value))).collect(),
    }
}

#[test]
fn the_published_schema_is_current() {
    // Another crate of the build may have serde_json keep the order of insertion.
    let mut now = config::schema();
    now.sort_all_objects();
    let now = serde_json::to_string_pretty(&now).unwrap() + "\n";
    let path = of_repository("schema/chaos-toml-v1.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some_and(|value| value == "1") {
        std::fs::write(path, now).unwrap();
        return;
    }
    let published = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        now == published,
        "schema/chaos-toml-v1.json is not current: UPDATE_SCHEMA=1 cargo test -p chaos-tests --test config_schema"
    );
}

#[test]
fn the_schema_is_itself_valid_and_says_its_draft() {
    let schema = config::schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(jsonschema::meta::is_valid(&schema));
}

/// Editors show these.
#[test]
fn every_key_has_a_description() {
    fn descend(schema: &Value, path: &str) {
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (key, value) in properties {
            let path = format!("{path}.{key}");
            let described = value["description"].as_str().is_some_and(|text| text.len() > 8);
            assert!(described, "{path} has no description: {value}");
            descend(value, &path);
        }
        for (name, schema) in schema["$defs"].as_object().into_iter().flatten() {
            assert!(schema["description"].is_string(), "{name} has no description");
            descend(schema, name);
        }
    }
    let schema = config::schema();
    assert_eq!(schema["properties"].as_object().unwrap().len(), 3);
    descend(&schema, "");
}

#[test]
fn good_files_are_good() {
    for text in GOOD {
        config::check(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(is_valid(text), Some(true), "{text}");
    }
}

#[test]
fn bad_files_are_refused_by_both() {
    for (kind, text) in BAD {
        assert!(config::check(text).is_err(), "{kind}, says the parser: {text}");
        assert_eq!(is_valid(text), Some(false), "{kind}, says the schema: {text}");
    }
}

/// The blocks of TOML in a file of the repository that are a `chaos.toml`; `prefix` begins each of their lines.
fn documented(path: &str, prefix: &str) -> Vec<String> {
    let text = std::fs::read_to_string(of_repository(path)).expect("it is in the repository");
    let lines = text.lines().map(|line| line.strip_prefix(prefix).map_or(line, str::trim_start));
    let text = lines.collect::<Vec<_>>().join("\n");
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("[profile")).map(str::to_owned).collect()
}

#[test]
fn the_files_of_the_documentation_are_good() {
    let readme = documented("README.md", "");
    let module = documented("chaos-runtime/src/config/mod.rs", "//!");
    assert_eq!((readme.len(), module.len()), (2, 2));
    for text in readme.iter().chain(&module) {
        config::check(text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        assert_eq!(is_valid(text), Some(true), "{text}");
    }
    // And the mistake that the README shows is told as it says.
    let services = readme.iter().find(|text| text.contains("{ url =")).expect("one names a service with headers");
    let mistake = config::check(&services.replace("{ url =", "{ ulr =")).unwrap_err().to_string();
    let text = std::fs::read_to_string(of_repository("README.md")).unwrap();
    assert!(text.contains(&format!("```text\n{mistake}\n```")), "{mistake}");
}

/// What the two may see differently: dates (text to an editor), addresses that only a parser of URLs takes apart, and
/// that the profile of a real cluster must have an account.
#[test]
fn parser_and_schema_agree_about_the_fuzzers_corpus() {
    let corpus = std::fs::read_dir(of_repository("fuzz/corpus/chaos_toml")).expect("it is in the repository");
    let (mut good, mut bad) = (0, 0);
    for file in corpus {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        // Behind a NUL byte come variables of the environment.
        let Ok(text) = std::str::from_utf8(bytes.split(|byte| *byte == 0).next().unwrap_or_default()) else { continue };
        let Some(valid) = is_valid(text) else { continue };
        if text.contains("1979-05-27") || text.contains("cluster =") {
            continue;
        }
        assert_eq!(config::check(text).is_ok(), valid, "{text}\n{:?}", config::check(text));
        *(if valid { &mut good } else { &mut bad }) += 1;
    }
    assert!(good >= 5 && bad >= 30, "{good} good ones, {bad} bad ones");
}

const GOOD: &[&str] = &[
    "",
    "[redact]\n[images]\n[profile.local]\n[profile.local.http]\n[profile.local.aurora.payments]",
    r#"
        [redact]
        names = ["x-session", "ä b"]
        [images]
        postgres = "registry.example.com:5000/library/postgres:17.2"
        "redis:7" = "redis@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        "nicolaka/netshoot" = "[::1]:5000/tools:v1"
        [profile."pre prod".http]
        "orders.v2" = "HTTPS://orders.example.com/api/"
        [profile.local.http]
        orders = "http://127.0.0.1:8080"
        stock = { url = "http://$HOST:${PORT}/", headers = { authorization = "Bearer ${TOKEN}", accept = "" } }
        [profile.local.aurora.payments]
        readers = 15
        image = "pg"
        database = "_app-1"
        user = "payer"
        password = "pa$$word ${MORE}"
        synchronous = false
        promotion_time = "1.5m"
    "#,
];

const BAD: &[(&str, &str)] = &[
    ("unknown key at the top", "redcat = {}"),
    ("unknown key of redact", "[redact]\nname = []"),
    ("unknown key of a profile", "[profile.a.kafka]"),
    ("unknown key of an HTTP target", "[profile.a.http.x]\nurl = \"http://h\"\nheader = {}"),
    ("unknown key of an Aurora", "[profile.a.aurora.x]\nclusters = \"x\""),
    ("no table", "redact = 1"),
    ("no table", "profile = []"),
    ("no table", "[profile]\na = true"),
    ("no list", "[redact]\nnames = \"x\""),
    ("no text", "[redact]\nnames = [1]"),
    ("no text", "[images]\nredis = 7"),
    ("neither text nor table", "[profile.a.http]\nx = 1"),
    ("neither text nor table", "[profile.a.http]\nx = []"),
    ("no text", "[profile.a.http.x]\nurl = 1"),
    ("no text", "[profile.a.http.x]\nurl = \"http://h\"\nheaders = { a = 1 }"),
    ("no number", "[profile.a.aurora.x]\nreaders = \"2\""),
    ("no whole number", "[profile.a.aurora.x]\nreaders = 1.5"),
    ("too many readers", "[profile.a.aurora.x]\nreaders = 16"),
    ("too few readers", "[profile.a.aurora.x]\nreaders = -1"),
    ("no boolean", "[profile.a.aurora.x]\nsynchronous = 1"),
    ("no duration", "[profile.a.aurora.x]\npromotion_time = 2"),
    ("no unit", "[profile.a.aurora.x]\npromotion_time = \"2\""),
    ("no such unit", "[profile.a.aurora.x]\npromotion_time = \"2sec\""),
    ("no reference", "[profile.a.aurora.x]\nimage = \"Postgres\""),
    ("no reference", "[images]\nRedis = \"redis:7\""),
    ("no reference", "[images]\nredis = \"redis:\""),
    ("no reference", "[images]\nredis = \"http://h/redis:7\""),
    ("no whole reference", "[images]\nredis = \"r.io/redis\""),
    (
        "replaced by digest",
        "[images]\n\"redis@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\" = \"a:1\"",
    ),
    ("short digest", "[images]\nredis = \"redis@sha256:12\""),
    ("empty name", "[redact]\nnames = [\"\"]"),
    ("empty name", "[profile.\"\"]"),
    ("empty name", "[profile.a.http]\n\" \" = \"http://h\""),
    ("empty name", "[profile.a.aurora.\"\"]"),
    ("name of two lines", "[profile.\"a\\nb\"]"),
    ("no URL", "[profile.a.http]\nx = \"\""),
    ("no URL", "[profile.a.http]\nx = \"orders\""),
    ("no host", "[profile.a.http]\nx = \"http:///orders\""),
    ("no host", "[profile.a.http]\nx = \"http:orders\""),
    ("blanks", "[profile.a.http]\nx = \" http://h\""),
    ("blanks", "[profile.a.http]\nx = \"http://h/a b\""),
    ("backslash", "[profile.a.http]\nx = 'http://h\\a'"),
    ("other scheme", "[profile.a.http]\nx = \"localhost:80\""),
    ("other scheme", "[profile.a.http]\nx = \"ftp://h\""),
    ("user", "[profile.a.http]\nx = \"http://a:b@h\""),
    ("query", "[profile.a.http]\nx = \"http://h/?a\""),
    ("fragment", "[profile.a.http]\nx = \"http://h/#a\""),
    ("lonely dollar", "[profile.a.http]\nx = \"http://h/$\""),
    ("no URL", "[profile.a.http.x]\nheaders = {}"),
    ("no header", "[profile.a.http.x]\nurl = \"http://h\"\nheaders = { \"a b\" = \"\" }"),
    ("header of two lines", "[profile.a.http.x]\nurl = \"http://h\"\nheaders = { a = \"b\\nc\" }"),
    ("lonely dollar", "[profile.a.http.x]\nurl = \"http://h\"\nheaders = { a = \"b $\" }"),
    ("no name of a database", "[profile.a.aurora.x]\ndatabase = \"\""),
    ("no name of a database", "[profile.a.aurora.x]\ndatabase = \"a b\""),
    ("PostgreSQL's own", "[profile.a.aurora.x]\ndatabase = \"template0\""),
    ("no name of a user", "[profile.a.aurora.x]\nuser = \"1\""),
    ("PostgreSQL's own", "[profile.a.aurora.x]\nuser = \"pg_a\""),
    ("empty password", "[profile.a.aurora.x]\npassword = \"\""),
    ("password of two lines", "[profile.a.aurora.x]\npassword = \"a\\nb\""),
    ("open brace", "[profile.a.aurora.x]\npassword = \"${A\""),
];

/// A value of any key, good or bad.
fn value() -> impl Strategy<Value = String> {
    let texts = "[a-zA-Z0-9:/@$\\{\\}._ -]{0,12}".prop_map(|text| format!("\"{text}\""));
    let others =
        prop::sample::select(vec!["0", "15", "16", "-1", "1.5", "true", "[]", "[\"a\"]", "{}", "{ a = \"b\" }"]);
    let urls = "( |[hH]ttps?)?(:|:/|://|:///)?[a-z0-9.:@$ -]{0,6}([/?#][a-z$?#@ ]{0,3})?"
        .prop_map(|text| format!("\"{text}\""));
    prop_oneof![3 => texts, 2 => others.prop_map(str::to_owned), 1 => urls]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Of addresses the parser sees more: how large a port may be, what IPv6 is.
    #[test]
    fn whatever_the_schema_refuses_the_parser_refuses_and_the_other_way_round(
        key in prop::sample::select(vec![
            "[redact]\nnames", "[redact]\nname", "[images]\nredis", "[images]\n\"a/b:1\"", "[images]\n\"a b\"",
            "[profile.a]\nhttp", "[profile.a]\naurora", "[profile.a]\nx", "[profile.a.http]\nx", "[profile.a.http.x]\nurl",
            "[profile.a.http.x]\nurl = \"http://h\"\nheaders", "[profile.a.http.x]\nurl = \"http://h\"\nheaders.x-a",
            "[profile.a.aurora]\nx", "[profile.a.aurora.x]\nreaders", "[profile.a.aurora.x]\nimage",
            "[profile.a.aurora.x]\ndatabase", "[profile.a.aurora.x]\nuser", "[profile.a.aurora.x]\npassword",
            "[profile.a.aurora.x]\nsynchronous", "[profile.a.aurora.x]\npromotion_time",
        ]),
        value in value(),
    ) {
        let text = format!("{key} = {value}");
        let Some(valid) = is_valid(&text) else { return Ok(()) };
        let parsed = config::check(&text);
        if valid {
            let of_address = |error: &chaos_runtime::Error| {
                ["the URL is none", "its registry is not a host"].iter().any(|known| error.message().contains(known))
            };
            prop_assert!(parsed.as_ref().map_or_else(of_address, |()| true), "the schema takes {text}\n{parsed:?}");
        } else {
            prop_assert!(parsed.is_err(), "the schema refuses {text}");
        }
    }
}
