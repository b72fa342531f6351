use super::*;

const EXAMPLE: &str = r#"
[redact]
names = ["x-session"]
[profile.local.http]
orders = "http://127.0.0.1:8080"
[profile.staging.http]
orders = { url = "https://orders.example.com/api", headers = { authorization = "Bearer ${ORDERS_TOKEN}" } }
"#;

#[test]
fn every_key_is_read() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.secret_names, ["x-session"]);
    assert_eq!(config.http("local", "orders").unwrap().url.value.literal(), Some("http://127.0.0.1:8080"));
    let staging = config.http("staging", "orders").unwrap();
    assert_eq!(staging.url.value.literal(), Some("https://orders.example.com/api"));
    let token = staging.headers["authorization"].value.filled(|name| Some(format!("<{name}>"))).unwrap();
    assert_eq!(token, "Bearer <ORDERS_TOKEN>");
    assert_eq!(parse("").unwrap(), Config::default());
}

#[test]
fn secrets_of_the_file_are_kept_before_they_are_asked_for() {
    let text = "[redact]\nnames = [\"x-of-config-tests\"]\n\
                [profile.staging.aurora.payments]\npassword = \"l1teral-pa$$word\"\n\
                [profile.staging.http.orders]\nurl = \"http://h\"\n\
                headers = { x-api-key = \"l1teral-k$$y\", x-of-config-tests = \"l1teral-own\", accept = \"a/l1teral\" }";
    let told = "<l1teral-pa$word> <l1teral-k$y> <l1teral-own> <a/l1teral>";
    parse(text).unwrap().register_secrets();
    assert_eq!(secret::redact(told), "<[redacted]> <[redacted]> <[redacted]> <a/l1teral>");
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
    let without_local = parse("[profile.staging]").unwrap();
    without_local.check_profile("local").unwrap();
    without_local.check_attribute(&["local", "staging"]).unwrap();
}

#[test]
fn unknown_profiles_of_the_attribute_are_refused_too() {
    let config = parse(EXAMPLE).unwrap();
    for known in [&["local", "staging"][..], &["staging"], &[]] {
        config.check_attribute(known).unwrap();
    }
    let unknown = config.check_attribute(&["local", "stagnig"]).unwrap_err().to_string();
    assert_eq!(
        unknown,
        "profiles(stagnig) in the attribute, but chaos.toml has no such profile\n\
         help: did you mean `staging`? Otherwise add [profile.stagnig] to the file"
    );
    let far = config.check_attribute(&["x"]).unwrap_err().to_string();
    assert!(far.ends_with("help: expected one of: `local`, `staging`. Otherwise add [profile.x] to the file"), "{far}");
    Config::default().check_attribute(&["anything"]).unwrap();
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
