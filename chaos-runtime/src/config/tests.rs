use super::*;
use proptest::prelude::*;

const EXAMPLE: &str = r#"
[redact]
names = ["x-session"]
[profile.local.http]
orders = "http://127.0.0.1:8080"
[profile.staging.http]
orders = { url = "https://orders.example.com/api", headers = { authorization = "Bearer ${ORDERS_TOKEN}" } }
"#;

fn problem(text: &str) -> String {
    match parse(text) {
        Ok(config) => panic!("{config:?}"),
        Err(problem) => problem.in_file(std::path::Path::new("chaos.toml")).to_string(),
    }
}

#[test]
fn every_key_is_read() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.secret_names, ["x-session"]);
    assert_eq!(config.http("local", "orders").unwrap().url, "http://127.0.0.1:8080");
    let staging = config.http("staging", "orders").unwrap();
    assert_eq!(staging.url, "https://orders.example.com/api");
    assert_eq!(staging.headers["authorization"], "Bearer ${ORDERS_TOKEN}");
    assert_eq!(parse("").unwrap(), Config::default());
}

#[test]
fn mistakes_are_said_with_place_and_way_out() {
    for (text, expected) in [
        ("[redact]\nnmaes = []", "chaos.toml:2:1: unknown key `nmaes`\nhelp: did you mean `names`?"),
        ("\n[redcat]\n", "chaos.toml:2:2: unknown key `redcat`\nhelp: did you mean `redact`?"),
        ("zone = 1", "chaos.toml:1:1: unknown key `zone`\nhelp: expected one of: `profile`, `redact`"),
        ("[profile.a]\nhtp = {}", "chaos.toml:2:1: unknown key `htp`\nhelp: did you mean `http`?"),
        (
            "[profile.a.http]\nx = { url = \"http://h\", header = {} }",
            "chaos.toml:2:25: unknown key `header`\nhelp: did you mean `headers`?",
        ),
        ("[redact]\nnames = \"s3cret\"", "chaos.toml:2:9: invalid type: string, expected a sequence\nhelp: the keys"),
        ("[profile.a.http]\nx = 3", "chaos.toml:2:5: invalid type: integer, expected a URL, or a table"),
        ("[profile.a.http]\nx = { headers = {} }", "chaos.toml:2:5: `url` is missing\nhelp: the keys"),
        ("[profile.a.http]\nx = \"localhost:80\"", "chaos.toml:2:5: target `x`: its URL has scheme `localhost`"),
        ("[profile.a.http]\nx = \"s3cret\"", "chaos.toml:2:5: target `x`: its URL is none: relative URL"),
        (
            "[profile.a.http]\nx = \"http://ann:s3cret@h/\"",
            "chaos.toml:2:5: target `x`: its URL has a user or a password\nhelp: log in with a header",
        ),
        ("[profile.a.http]\nx = \"http://h/?a=s3cret\"", "chaos.toml:2:5: target `x`: its URL has a query"),
        (
            "[profile.a.http]\nx = { url = \"http://h\", headers = { \"a b\" = \"s3cret\" } }",
            "chaos.toml:2:5: target `x`: `a b` is no name of an HTTP header",
        ),
        (
            "[profile.a.http]\nx = { url = \"http://h\", headers = { a = \"s3cret\\n\" } }",
            "chaos.toml:2:5: target `x`: the value of header `a` has characters",
        ),
        ("[redact]\nnames = [s3cret]", "chaos.toml:2:10: "),
        ("[redact\n", "chaos.toml:1:8: "),
        ("ä = [", "chaos.toml:1:"),
    ] {
        let said = problem(text);
        assert!(said.starts_with(expected), "{text}\n{said}");
        assert!(!said.contains("s3cret") && said.contains("\nhelp: "), "{said}");
    }
}

#[test]
fn unknown_profiles_are_refused_if_there_are_any() {
    let config = parse(EXAMPLE).unwrap();
    for known in ["local", "staging"] {
        config.check_profile(known).unwrap();
    }
    let unknown = config.check_profile("stagnig").unwrap_err().to_string();
    assert_eq!(unknown, "CHAOS_PROFILE=`stagnig`, but chaos.toml has no such profile\nhelp: did you mean `staging`?");
    assert!(config.check_profile("x").unwrap_err().to_string().contains("one of: `local`, `staging`"));
    Config::default().check_profile("anything").unwrap();
}

#[test]
fn a_target_that_is_not_there_is_said_with_what_there_is() {
    let config = Config { path: Some("/shop/chaos.toml".into()), ..parse(EXAMPLE).unwrap() };
    let near = config.http("local", "order").unwrap_err().to_string();
    assert!(near.contains("profile `local` of /shop/chaos.toml\nhelp: did you mean `orders`?"), "{near}");
    let other = config.http("nightly", "orders").unwrap_err().to_string();
    assert!(
        other.contains("; profile local, staging has it\nhelp: add it: [profile.nightly.http] orders ="),
        "{other}"
    );
    let none = Config::default().http("local", "orders").unwrap_err().to_string();
    assert!(none.starts_with("no HTTP target `orders`: there is no chaos.toml\nhelp: make one"), "{none}");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse(&text).map_err(|problem| problem.in_file(std::path::Path::new("x")).to_string());
    }

    /// A good file with something in the middle of it.
    #[test]
    fn no_mistake_makes_the_parser_panic(at in 0..EXAMPLE.len(), cut in 0..20_usize, put in "[\\[\\]{}\"'=#,.$äa1\\n-]{0,6}") {
        let end = (at + cut).min(EXAMPLE.len());
        let text = format!("{}{put}{}", &EXAMPLE[..at], &EXAMPLE[end..]);
        if let Ok(config) = parse(&text) {
            for target in config.profiles.values().flat_map(BTreeMap::values) {
                let _ = expand(&target.url, |_| None);
            }
        }
    }
}
