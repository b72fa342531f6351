use super::*;
use crate::config::fuzz::fuzz;
use proptest::prelude::*;
use std::path::Path;

/// Every kind of mistake: the text, and what is said of it.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("zone = 1", "1:1: unknown key `zone`", "expected one of: `images`, `profile`, `redact`"),
    (
        "\n[redcat]\n",
        "2:2: unknown key `redcat`",
        "did you mean `redact`? The keys here are `redact`, `images`, `profile`",
    ),
    ("[redact]\nnmaes = []", "2:1: unknown key `nmaes`", "did you mean `names`?"),
    (
        "[profile.a]\nhtp = {}",
        "2:1: unknown key `htp`",
        "did you mean `http`? The keys here are `http`, `aurora`, `aws`",
    ),
    ("[profile.a]\nkafka = {}", "2:1: unknown key `kafka`", "expected one of: `aurora`, `aws`, `http`"),
    (
        "[profile.a.http]\nx = { url = \"http://h\", header = {} }",
        "2:25: unknown key `header`",
        "did you mean `headers`? The keys here are `url`, `headers`",
    ),
    (
        "[profile.a.aurora.x]\nreader = 1",
        "2:1: unknown key `reader`",
        "did you mean `readers`? The keys here are `cluster`, `readers`, `image`, `database`, `user`, `password`, `synchronous`, `promotion_time`",
    ),
    (
        "[profile.a.aurora.x]\nengine = \"s3cret\"",
        "2:1: unknown key `engine`",
        "expected one of: `cluster`, `database`, `image`, `password`, `promotion_time`, `readers`, `synchronous`, `user`",
    ),
    (
        "[profile.a.aurora.x]\ncluster = \"s3cret\"",
        "2:11: a real cluster in a profile without `aws`",
        "list what is allowed: accounts, region and tag in the profile's `aws`",
    ),
    (
        "redact = 1",
        "1:10: expected a table, found a whole number",
        "write its keys below a header in brackets, or in braces: { key = … }",
    ),
    ("redact = []", "1:10: no list is expected here", "write a single value, or a table"),
    (
        "images = \"s3cret\"",
        "1:10: expected a table, found a text",
        "write its keys below a header in brackets, or in braces: { key = … }",
    ),
    (
        "profile = true",
        "1:11: expected a table, found `true` or `false`",
        "write its keys below a header in brackets, or in braces: { key = … }",
    ),
    (
        "[profile]\na = 1.5",
        "2:5: expected a table, found a number with decimals",
        "write its keys below a header in brackets, or in braces: { key = … }",
    ),
    (
        "[profile.a]\nhttp = \"s3cret\"",
        "2:8: expected a table, found a text",
        "write its keys below a header in brackets, or in braces: { key = … }",
    ),
    ("[profile.a]\naurora = []", "2:10: no list is expected here", "write a single value, or a table"),
    (
        "[profile.a.aurora]\nx = \"s3cret\"",
        "2:5: expected a table, found a text",
        "write its keys below a header in brackets, or in braces: { key = … }",
    ),
    ("[redact]\nnames = \"s3cret\"", "2:9: expected a list, found a text", "put it into brackets: [\"…\"]"),
    ("[redact]\nnames = [1]", "2:10: expected a text, found a whole number", "put it into quotes: \"…\""),
    ("[images]\nredis = 7", "2:9: expected a text, found a whole number", "put it into quotes: \"…\""),
    (
        "[profile.a.http]\nx = 3",
        "2:5: expected a URL, or a table with `url` and `headers`, found a whole number",
        "write for example \"http://127.0.0.1:8080\"",
    ),
    ("[profile.a.http]\nx = []", "2:5: no list is expected here", "write a single value, or a table"),
    ("[profile.a.http]\nx = { url = 3 }", "2:13: expected a text, found a whole number", "put it into quotes: \"…\""),
    (
        "[profile.a.http]\nx = { url = \"http://h\", headers = [] }",
        "2:35: no list is expected here",
        "write a single value, or a table",
    ),
    (
        "[profile.a.http]\nx = { url = \"http://h\", headers = { a = true } }",
        "2:41: expected a text, found `true` or `false`",
        "put it into quotes: \"…\"",
    ),
    (
        "[profile.a.http]\nx = 1979-05-27",
        "2:5: no date is expected here",
        "put it into quotes if it is meant as a text",
    ),
    (
        "[profile.a.http]\nx = { url = \"http://h\", headers = 1979-05-27 }",
        "2:35: no date is expected here",
        "put it into quotes if it is meant as a text",
    ),
    (
        "[profile.a.aurora.x]\nreaders = \"s3cret\"",
        "2:11: expected a whole number, found a text",
        "write it with digits alone, without quotes",
    ),
    (
        "[profile.a.aurora.x]\nreaders = 1.5",
        "2:11: expected a whole number, found a number with decimals",
        "write it with digits alone, without quotes",
    ),
    (
        "[profile.a.aurora.x]\nreaders = 16",
        "2:11: an Aurora has 0 to 15 readers",
        "write a number from 0 to 15, as in `readers = 2`",
    ),
    (
        "[profile.a.aurora.x]\nreaders = -1",
        "2:11: an Aurora has 0 to 15 readers",
        "write a number from 0 to 15, as in `readers = 2`",
    ),
    ("[profile.a.aurora.x]\nreaders = 99999999999999999999", "2:11: a number that is too large", "write a smaller one"),
    (
        "[profile.a.aurora.x]\nreaders = 9999999999999999999999999999999999999999999999999999",
        "2:11: a number that is too large",
        "write a smaller one",
    ),
    ("[profile.a.aurora.x]\nimage = 17", "2:9: expected a text, found a whole number", "put it into quotes: \"…\""),
    (
        "[profile.a.aurora.x]\nimage = \"S3cret:17\"",
        "2:9: no reference of a container image: a name has lower-case letters and digits, with `.`, `_`, `__` or `-` between them",
        "write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`",
    ),
    ("[profile.a.aurora.x]\ndatabase = 1", "2:12: expected a text, found a whole number", "put it into quotes: \"…\""),
    (
        "[profile.a.aurora.x]\ndatabase = \"\"",
        "2:12: not a simple name",
        "write at most 63 letters, digits, `_` and `-`, a letter or `_` first, as in `app`",
    ),
    (
        "[profile.a.aurora.x]\ndatabase = \"template1\"",
        "2:12: PostgreSQL keeps this database for itself",
        "choose another name, such as `app`",
    ),
    (
        "[profile.a.aurora.x]\nuser = \"s3cret user\"",
        "2:8: not a simple name",
        "write at most 63 letters, digits, `_` and `-`, a letter or `_` first, as in `app`",
    ),
    (
        "[profile.a.aurora.x]\nuser = \"pg_s3cret\"",
        "2:8: PostgreSQL keeps names that begin with `pg_`",
        "choose another, such as `app`",
    ),
    ("[profile.a.aurora.x]\npassword = 1", "2:12: expected a text, found a whole number", "put it into quotes: \"…\""),
    (
        "[profile.a.aurora.x]\npassword = \"\"",
        "2:12: an empty password",
        "leave it out to have one drawn, or write `${NAME}`",
    ),
    (
        "[profile.a.aurora.x]\npassword = \"s3cret\\n\"",
        "2:12: a password with control characters",
        "write it in one line",
    ),
    (
        "[profile.a.aurora.x]\npassword = \"${s3cret\"",
        "2:12: a `${` is not closed",
        "write `${NAME}` for an environment variable, `$$` for a dollar sign",
    ),
    (
        "[profile.a.aurora.x]\nsynchronous = \"s3cret\"",
        "2:15: expected `true` or `false`, found a text",
        "write it without quotes",
    ),
    (
        "[profile.a.aurora.x]\npromotion_time = 2",
        "2:18: expected a text, found a whole number",
        "put it into quotes: \"…\"",
    ),
    (
        "[profile.a.aurora.x]\npromotion_time = \"2 s3cret\"",
        "2:18: no duration: its unit is none of `ns`, `us`, `ms`, `s`, `m`, `h`",
        "write for example `2s`, `500ms` or `1.5m`",
    ),
    ("[profile.a.http]\nx = { headers = {} }", "2:5: `url` is missing", "add it: url = \"http://127.0.0.1:8080\""),
    ("[profile.a.http.x]\nheaders = {}", "1:1: `url` is missing", "add it: url = \"http://127.0.0.1:8080\""),
    (
        "[profile.a.http]\nx = \"localhost:80\"",
        "2:5: the URL is none: it has no scheme and host",
        "give scheme and host, such as http://127.0.0.1:8080",
    ),
    (
        "[profile.a.http]\nx = \"s3cret\"",
        "2:5: the URL is none: it has no scheme and host",
        "give scheme and host, such as http://127.0.0.1:8080",
    ),
    (
        "[profile.a.http]\nx = \"\"",
        "2:5: the URL is none: it has no scheme and host",
        "give scheme and host, such as http://127.0.0.1:8080",
    ),
    (
        "[profile.a.http]\nx = \"$\"",
        "2:5: a `$` is not followed by the name of an environment variable",
        "write `${NAME}` for an environment variable, `$$` for a dollar sign",
    ),
    (
        "[profile.a.http]\nx = \"ftp://s3cret\"",
        "2:5: the URL's scheme is neither http nor https",
        "give scheme and host, such as http://127.0.0.1:8080",
    ),
    (
        "[profile.a.http]\nx = \"http:///s3cret\"",
        "2:5: the URL has no host",
        "give scheme and host, such as http://127.0.0.1:8080",
    ),
    (
        "[profile.a.http]\nx = \"http://s3cret:99999\"",
        "2:5: the URL is none: invalid port number",
        "give scheme and host, such as http://127.0.0.1:8080",
    ),
    (
        "[profile.a.http]\nx = \"http://h/s3 cret\"",
        "2:5: the URL has a blank or a backslash",
        "take it out, or encode it: %20, %5C",
    ),
    (
        "[profile.a.http]\nx = \"http://ann:s3cret@h/\"",
        "2:5: the URL has a user or a password",
        "log in with a header, `authorization`",
    ),
    (
        "[profile.a.http]\nx = \"http://h/?a=s3cret\"",
        "2:5: the URL has a query or a fragment",
        "give it with each request",
    ),
    (
        "[profile.a.http]\nx = { url = \"http://h\", headers = { \"a b\" = \"s3cret\" } }",
        "2:37: no name of an HTTP header",
        "a header's name has letters, digits and hyphens, as in `x-api-key`",
    ),
    (
        "[profile.a.http]\nx = { url = \"http://h\", headers = { a = \"s3cret\\n\" } }",
        "2:41: a header's value has characters that are not allowed there",
        "write it in one line",
    ),
    (
        "[profile.a.http]\nx = { url = \"http://h\", headers = { a = \"s3cret $\" } }",
        "2:41: a `$` is not followed by the name of an environment variable",
        "write `${NAME}` for an environment variable, `$$` for a dollar sign",
    ),
    (
        "[profile.\"\".http]\nx = \"http://h\"",
        "1:10: an empty name",
        "give it a name, as in [profile.staging.http] orders = …",
    ),
    (
        "[profile.a.http]\n\" \" = \"http://h\"",
        "2:1: an empty name",
        "give it a name, as in [profile.staging.http] orders = …",
    ),
    ("[profile.a.aurora.\"\"]", "1:19: an empty name", "give it a name, as in [profile.staging.http] orders = …"),
    (
        "[redact]\nnames = [\"ok\", \"\"]",
        "2:16: an empty name",
        "give it a name, as in [profile.staging.http] orders = …",
    ),
    ("[profile.a.http]\n\"a\\nb\" = \"http://h\"", "2:1: a name with control characters", "take them out"),
    (
        "[images]\n\"\" = \"redis:7\"",
        "2:1: no reference of a container image: it has no name",
        "write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`",
    ),
    (
        "[images]\nRedis = \"redis:7\"",
        "2:1: no reference of a container image: a name has lower-case letters and digits, with `.`, `_`, `__` or `-` between them",
        "write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`",
    ),
    (
        "[images]\n\"redis@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\" = \"redis:7\"",
        "2:1: an image is replaced by name or by tag, not by digest",
        "leave out the `@sha256:…`",
    ),
    (
        "[images]\nredis = \"\"",
        "2:9: no reference of a container image: it has no name",
        "write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`",
    ),
    (
        "[images]\nredis = \"r.io/s3cret\"",
        "2:9: the image that stands in has neither tag nor digest",
        "say which one: write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`",
    ),
    (
        "[images]\nredis = \"http://r.io/s3cret:7\"",
        "2:9: no reference of a container image: its registry is not a host, perhaps with a port",
        "write it as in `postgres:17` or `registry.example.com:5000/library/redis:7.2`",
    ),
    ("[redact]\nnames = []\nnames = []", "3:1: this key stands here twice", "keep one of the two"),
    ("[redact]\n[redact]", "2:2: this key stands here twice", "keep one of the two"),
    (
        "[profile.a.http]\nx = \"http://h\"\nx = \"http://s3cret\"",
        "3:1: this key stands here twice",
        "keep one of the two",
    ),
    ("[redact]\nnames = [s3cret]", "2:10: a text without quotes", "put it into quotes: \"…\""),
    ("[redact\n", "1:8: unclosed table, expected `]`", "it must be TOML; see https://toml.io"),
    ("ä = [", "1:6: unclosed array, expected `]`", "it must be TOML; see https://toml.io"),
    ("[redact]\nnames = [\"s3cret", "2:17: unclosed array, expected `]`", "it must be TOML; see https://toml.io"),
    ("x", "1:2: key with no value, expected `=`", "it must be TOML; see https://toml.io"),
    (
        "= 1",
        "1:1: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
        "it must be TOML; see https://toml.io",
    ),
    ("[profile.a.http]\nx = http://s3cret", "2:5: a text without quotes", "put it into quotes: \"…\""),
    ("a = 1 b = 2", "1:9: unexpected key or value, expected newline, `#`", "it must be TOML; see https://toml.io"),
    (
        "a = \"s3cret\u{1}\"",
        "1:12: invalid basic string, expected non-double-quote visible characters, `\\`",
        "it must be TOML; see https://toml.io",
    ),
    ("[[profile]]", "1:1: no list is expected here", "write a single value, or a table"),
    ("[[profile.a.http.x]]\nurl=\"http://h\"", "1:1: no list is expected here", "write a single value, or a table"),
    ("\u{feff}x=1", "1:1: unknown key `x`", "expected one of: `images`, `profile`, `redact`"),
    (
        "\r\n\r\n[redcat]\r\n",
        "3:2: unknown key `redcat`",
        "did you mean `redact`? The keys here are `redact`, `images`, `profile`",
    ),
    (
        "\t[redcat]",
        "1:3: unknown key `redcat`",
        "did you mean `redact`? The keys here are `redact`, `images`, `profile`",
    ),
];

#[test]
fn every_mistake_is_said_with_its_place_and_the_way_out() {
    let mut otherwise = Vec::new();
    for (text, expected, help) in MISTAKES {
        let error = parse(text).expect_err(text).in_file(Path::new("chaos.toml")).to_string();
        assert!(!error.contains("s3cret"), "it quotes a value: {error}");
        if error != format!("chaos.toml:{expected}\nhelp: {help}") {
            otherwise.push(format!("{text}\n{error}"));
        }
    }
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n\n"));
}

/// A good file with every key.
const GOOD: &str = r#"
[redact]
names = ["x-session"]
[images]
redis = "registry.example.com:5000/library/redis:7.2"
[profile.local.http]
orders = "http://127.0.0.1:8080"
[profile.staging.http]
orders = { url = "https://orders.example.com/api", headers = { authorization = "Bearer ${ORDERS_TOKEN}" } }
[profile.staging.aurora.payments]
readers = 2
image = "postgres:17"
database = "app"
user = "app"
password = "${PAYMENTS_PASSWORD}"
synchronous = true
promotion_time = "1.5s"
"#;

#[test]
fn the_good_file_is_good() {
    assert_eq!(parse(GOOD).unwrap().secret_names, ["x-session"]);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        fuzz(text.as_bytes());
    }

    /// Texts that look like TOML.
    #[test]
    fn no_tokens_make_the_parser_panic(text in "([\\[\\]{}\"'=#,.$ä1\n -]|redact|names|images|profile|http|aurora|readers|url|headers|a|true|1979-05-27){0,24}") {
        fuzz(text.as_bytes());
    }

    /// A good file with something in the middle of it.
    #[test]
    fn no_mistake_makes_the_parser_panic(at in 0..GOOD.len(), cut in 0..20_usize, put in "[\\[\\]{}\"'=#,.$äa1\\n-]{0,6}") {
        let end = (at + cut).min(GOOD.len());
        fuzz(format!("{}{put}{}", &GOOD[..at], &GOOD[end..]).as_bytes());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        fuzz(&bytes);
    }

    /// A good file, and what the environment may say about it.
    #[test]
    fn no_variable_makes_the_reader_panic(
        name in "CHAOS_(HTTP|AURORA|IMAGE)_(ORDERS|PAYMENTS|REDIS|ORDERS_V2|ä|_|X|HEADERS)?_?(URL|READERS|HEADERS|HEADERS_A|PASSWORD|IMAGE|_)?",
        value in any::<String>(),
    ) {
        fuzz(format!("{GOOD}\0{name}={}", value.replace('\0', "")).as_bytes());
    }
}
