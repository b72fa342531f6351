use super::*;
use crate::config::parse::read;
use crate::config::variable::of_environment;
use crate::config::{AuroraSettings, Config};
use std::path::Path;
use std::time::Duration;

const FILE: &str = r#"
[profile.local.http]
orders = "http://127.0.0.1:8080"
"pay.ments" = { url = "http://127.0.0.1:8081", headers = { x-Api-Key = "of-the-file", accept = "a/b" } }
orders_v2 = "http://127.0.0.1:8082"
[profile.local.aurora.payments]
readers = 2
[profile.staging.http]
orders = "http://staging:8080"
"#;

fn with(profile: &str, file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let os = |(name, value): &(&str, &str)| ((*name).into(), (*value).into());
    let variables: Vec<Variable> = of_environment(variables.iter().map(os)).expect("they are UTF-8");
    read(file, profile, &variables).map_err(|problem| problem.in_file(Path::new("chaos.toml")).to_string())
}

fn url(config: &Config, profile: &str, name: &str) -> String {
    config.http(profile, name).unwrap().url.value.literal().unwrap().to_owned()
}

#[test]
fn a_variable_outranks_the_file_in_the_profile_in_charge() {
    let variables = [("CHAOS_HTTP_ORDERS_URL", "http://there:1"), ("CHAOS_HTTP_PAY_MENTS_URL", "http://there:2")];
    let config = with("local", FILE, &variables).unwrap();
    assert_eq!(url(&config, "local", "orders"), "http://there:1");
    assert_eq!(url(&config, "local", "pay.ments"), "http://there:2");
    assert_eq!(url(&config, "local", "orders_v2"), "http://127.0.0.1:8082");
    assert_eq!(url(&config, "staging", "orders"), "http://staging:8080");
    let staging = with("staging", FILE, &variables[..1]).unwrap();
    assert_eq!(url(&staging, "staging", "orders"), "http://there:1");
    assert_eq!(url(&staging, "local", "orders"), "http://127.0.0.1:8080");
}

#[test]
fn every_key_of_an_aurora_can_be_set() {
    let variables = [
        ("CHAOS_AURORA_PAYMENTS_READERS", " 3 "),
        ("CHAOS_AURORA_PAYMENTS_IMAGE", "r.io/pg:16"),
        ("CHAOS_AURORA_PAYMENTS_DATABASE", "pay"),
        ("CHAOS_AURORA_PAYMENTS_USER", "payer"),
        ("CHAOS_AURORA_PAYMENTS_PASSWORD", "pa$$w0rd-${X}"),
        ("CHAOS_AURORA_PAYMENTS_SYNCHRONOUS", "true"),
        ("CHAOS_AURORA_PAYMENTS_PROMOTION_TIME", "500ms"),
    ];
    let config = with("local", FILE, &variables).unwrap();
    let AuroraSettings { readers, image, database, user, password, synchronous, promotion_time } =
        config.aurora("local", "payments").unwrap();
    assert_eq!((readers, &*image, &*database, &*user), (3, "r.io/pg:16", "pay", "payer"));
    assert_eq!(password.expose(), "pa$$w0rd-${X}", "a dollar sign in the environment is one");
    assert_eq!((synchronous, promotion_time), (true, Some(Duration::from_millis(500))));
}

#[test]
fn headers_are_set_and_added() {
    let variables = [
        ("CHAOS_HTTP_PAY_MENTS_HEADERS_X_API_KEY", "$of-the-environment"),
        ("CHAOS_HTTP_PAY_MENTS_HEADERS_X_TENANT", "seven"),
        ("CHAOS_HTTP_ORDERS_HEADERS_ACCEPT", "c/d"),
    ];
    let config = with("local", FILE, &variables).unwrap();
    let headers = |name: &str| -> Vec<(String, String)> {
        let headers = &config.http("local", name).unwrap().headers;
        headers.iter().map(|(name, value)| (name.clone(), value.value.literal().unwrap().to_owned())).collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let expected = [pair("accept", "a/b"), pair("x-Api-Key", "$of-the-environment"), pair("x-tenant", "seven")];
    assert_eq!(headers("pay.ments"), expected);
    assert_eq!(headers("orders"), [pair("accept", "c/d")]);
    assert_eq!(url(&config, "local", "orders"), "http://127.0.0.1:8080", "a URL alone becomes a table");
}

#[test]
fn a_variable_may_make_a_target_that_the_file_does_not_have() {
    let variables = [
        ("CHAOS_AURORA_STOCK_DB_READERS", "0"),
        ("CHAOS_HTTP_STOCK_API_HEADERS_ACCEPT", "c/d"),
        ("CHAOS_HTTP_STOCK_API_URL", "http://there:3"),
    ];
    for (profile, file) in [("local", FILE), ("local", ""), ("staging", FILE), ("nightly", "")] {
        let config = with(profile, file, &variables).unwrap();
        for name in ["stock-api", "stock_api", "Stock.API"] {
            assert_eq!(url(&config, profile, name), "http://there:3");
        }
        assert_eq!(config.http(profile, "stock-api").unwrap().headers.len(), 1);
        assert_eq!(config.aurora(profile, "stock-db").unwrap().readers, 0);
    }
    // What the file has is found by its own name alone.
    let config = with("local", FILE, &variables).unwrap();
    assert!(config.http("local", "pay-ments").is_err() && config.http("local", "pay.ments").is_ok());
    // And a profile is not made.
    assert!(with("nightly", FILE, &variables).unwrap().check_profile("nightly").is_err());
}

#[test]
fn images_are_replaced() {
    let file = "[images]\nredis = \"r.io/redis:of-the-file\"";
    let variables = [("CHAOS_IMAGE_REDIS_7", "r.io/redis:7.2"), ("CHAOS_IMAGE_NICOLAKA_NETSHOOT", "r.io/tools:1")];
    let config = with("local", file, &variables).unwrap();
    assert_eq!(config.image("redis", "7").unwrap(), "r.io/redis:7.2");
    assert_eq!(config.image("redis", "6").unwrap(), "r.io/redis:of-the-file");
    assert_eq!(config.image("nicolaka/netshoot", "v1").unwrap(), "r.io/tools:1");
    let postgres = with("staging", "", &[("CHAOS_IMAGE_POSTGRES", "r.io/pg:17.2")]).unwrap();
    assert_eq!(postgres.aurora("local", "payments").unwrap().image, "r.io/pg:17.2");
}

#[test]
fn what_fits_nothing_is_refused_with_what_is_nearest() {
    let http = "The form is CHAOS_HTTP_<NAME>_<KEY>, where the key is one of `URL`, `HEADERS_<HEADER>`";
    let aurora = "The form is CHAOS_AURORA_<NAME>_<KEY>, where the key is one of `CLUSTER`, `READERS`, `IMAGE`, `DATABASE`, \
                  `USER`, `PASSWORD`, `SYNCHRONOUS`, `PROMOTION_TIME`";
    for (name, message, help) in [
        (
            "CHAOS_HTTP_ORDERS_ULR",
            "no key of an HTTP target has this name",
            format!("did you mean CHAOS_HTTP_ORDERS_URL? {http}"),
        ),
        (
            "CHAOS_HTTP_ORDERS",
            "no key of an HTTP target has this name",
            format!("did you mean CHAOS_HTTP_ORDERS_URL? {http}"),
        ),
        ("CHAOS_HTTP_STOCK", "no key of an HTTP target has this name", http.replace("The form is", "write")),
        ("CHAOS_HTTP_URL", "no key of an HTTP target has this name", http.replace("The form is", "write")),
        ("CHAOS_HTTP_", "no key of an HTTP target has this name", http.replace("The form is", "write")),
        (
            "CHAOS_HTTP_ORDERS_HEADERS_",
            "no key of an HTTP target has this name",
            format!("did you mean CHAOS_HTTP_ORDERS_HEADERS_<HEADER>? {http}"),
        ),
        (
            "CHAOS_AURORA_PAYMENTS_READER",
            "no key of an Aurora has this name",
            format!("did you mean CHAOS_AURORA_PAYMENTS_READERS? {aurora}"),
        ),
        (
            "CHAOS_AURORA_STOCK_DB_PROMTION_TIME",
            "no key of an Aurora has this name",
            format!("did you mean CHAOS_AURORA_STOCK_DB_PROMOTION_TIME? {aurora}"),
        ),
        (
            "CHAOS_HTTP_ORDRES_URL",
            "profile `local` of the file has no HTTP target `ordres`",
            "did you mean CHAOS_HTTP_ORDERS_URL, for `orders`? Otherwise add `ordres` to [profile.local.http]".into(),
        ),
        (
            "CHAOS_AURORA_PAYMENT_READERS",
            "profile `local` of the file has no Aurora `payment`",
            "did you mean CHAOS_AURORA_PAYMENTS_READERS, for `payments`? Otherwise add `payment` to \
             [profile.local.aurora]"
                .into(),
        ),
        (
            "CHAOS_HTTP_STOCK_HEADERS_ACCEPT",
            "the HTTP target `stock` has no `url`",
            "set CHAOS_HTTP_STOCK_URL, too, or add `stock` to the file".into(),
        ),
        ("CHAOS_IMAGE_", "it names no image", "write the image's name behind it: CHAOS_IMAGE_REDIS".into()),
        (
            "CHAOS_IMAGE_POSTGERS",
            "neither the file nor a default names an image `postgers`",
            "did you mean CHAOS_IMAGE_POSTGRES? Otherwise add it to [images] in the file".into(),
        ),
    ] {
        let said = with("local", FILE, &[(name, "1")]).unwrap_err();
        assert_eq!(said, format!("{name}: {message}\nhelp: {help}"));
    }
}

#[test]
fn two_targets_whose_names_differ_in_punctuation_are_not_guessed_between() {
    let file = "[profile.local.http]\na-b = \"http://h\"\na_b = \"http://h\"";
    let said = with("local", file, &[("CHAOS_HTTP_A_B_URL", "http://there")]).unwrap_err();
    assert_eq!(
        said,
        "CHAOS_HTTP_A_B_URL: it fits two targets, `a-b` and `a_b`\n\
         help: rename one of the two so that more than case and punctuation differ"
    );
    with("local", file, &[]).unwrap();
}

#[test]
fn of_two_targets_that_a_name_may_mean_the_longer_one_is_meant() {
    let file = "[profile.local.http]\norders = \"http://h\"\norders_headers_x = \"http://h\"";
    let config = with("local", file, &[("CHAOS_HTTP_ORDERS_HEADERS_X_URL", "http://there:1")]).unwrap();
    assert_eq!(url(&config, "local", "orders_headers_x"), "http://there:1");
    assert!(config.http("local", "orders").unwrap().headers.is_empty());
}

#[test]
fn numbered_targets_are_no_slips_of_each_other() {
    let config = with("local", FILE, &[("CHAOS_HTTP_ORDERS_V3_URL", "http://there:3")]).unwrap();
    assert_eq!(url(&config, "local", "orders-v3"), "http://there:3");
    let made = [("CHAOS_HTTP_STOCK_URL", "http://there:3"), ("CHAOS_HTTP_STOCKS_URL", "http://there:4")];
    assert_eq!(url(&with("local", FILE, &made).unwrap(), "local", "stocks"), "http://there:4");
}

#[test]
fn values_are_checked_as_those_of_the_file_are() {
    for (name, value, message) in [
        ("CHAOS_HTTP_ORDERS_URL", "s3cret", "the URL is none: it has no scheme and host"),
        ("CHAOS_HTTP_ORDERS_URL", "http://ann:s3cret@h", "the URL has a user or a password"),
        ("CHAOS_HTTP_STOCK_URL", "http://h?s3cret", "the URL has a query or a fragment"),
        ("CHAOS_HTTP_ORDERS_HEADERS_A", "s3cret\n", "a header's value has characters that are not allowed there"),
        ("CHAOS_AURORA_PAYMENTS_READERS", "s3cret", "expected a whole number, found a text"),
        ("CHAOS_AURORA_PAYMENTS_READERS", "1.5", "expected a whole number, found a number with decimals"),
        ("CHAOS_AURORA_PAYMENTS_READERS", "16", "an Aurora has 0 to 15 readers"),
        ("CHAOS_AURORA_PAYMENTS_READERS", "[1]", "expected a whole number, found a text"),
        ("CHAOS_AURORA_PAYMENTS_READERS", "{ a = 1979-05-27 }", "expected a whole number, found a text"),
        ("CHAOS_AURORA_PAYMENTS_READERS", "99999999999999999999", "a number that is too large"),
        ("CHAOS_AURORA_PAYMENTS_SYNCHRONOUS", "yes", "expected `true` or `false`, found a text"),
        ("CHAOS_AURORA_PAYMENTS_IMAGE", "S3cret", "no reference of a container image: "),
        ("CHAOS_AURORA_PAYMENTS_DATABASE", "s3cret db", "not a simple name"),
        ("CHAOS_AURORA_PAYMENTS_USER", "pg_s3cret", "PostgreSQL keeps names that begin with `pg_`"),
        ("CHAOS_AURORA_PAYMENTS_PASSWORD", "s3cret\n", "a password with control characters"),
        ("CHAOS_AURORA_PAYMENTS_PROMOTION_TIME", "2", "no duration: it has no unit"),
        ("CHAOS_IMAGE_REDIS", "s3cret", "the image that stands in has neither tag nor digest"),
    ] {
        let said = with("local", FILE, &[(name, value)]).unwrap_err();
        assert!(said.starts_with(&format!("{name}: {message}")), "{said}");
        assert!(!said.contains("s3cret") && said.contains("\nhelp: "), "{said}");
    }
}

#[test]
fn no_variable_makes_a_mistake_of_the_file_good() {
    let file = "[profile.local.http]\norders = \"nonsense\"";
    let said = with("local", file, &[("CHAOS_HTTP_ORDERS_URL", "http://there:1")]).unwrap_err();
    assert!(said.starts_with("chaos.toml:2:10: the URL is none"), "{said}");
}

#[test]
fn an_empty_variable_says_nothing_and_others_are_not_ours() {
    let variables = [("CHAOS_HTTP_ORDERS_URL", ""), ("CHAOS_HTTPS_X", "y"), ("CHAOS_IMAGES", "y"), ("HTTP_X", "y")];
    assert_eq!(with("local", FILE, &variables), with("local", FILE, &[]));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf8_is_told() {
    use std::os::unix::ffi::OsStringExt as _;
    let bytes = std::ffi::OsString::from_vec(b"\xff".to_vec());
    let problem = of_environment([("CHAOS_IMAGE_REDIS".into(), bytes)].into_iter()).err().unwrap();
    let said = problem.in_file(Path::new("chaos.toml")).to_string();
    assert_eq!(said, "CHAOS_IMAGE_REDIS: its value is not UTF-8\nhelp: set it anew");
}

#[test]
fn every_key_of_the_file_has_its_variable() {
    for (kind, target) in
        [(Kind::Http, "[profile.a.http.x]\nurl = \"http://h\""), (Kind::Aurora, "[profile.a.aurora.x]")]
    {
        let said = with("a", &format!("{target}\nzzz = 1"), &[]).unwrap_err();
        let mut keys = kind.keys().to_vec();
        keys.sort_unstable();
        assert!(said.ends_with(&format!("help: expected one of: {}", listed(&keys))), "{said}");
    }
}
