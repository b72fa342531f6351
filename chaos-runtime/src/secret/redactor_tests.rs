use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

fn knowing(values: &[&str]) -> Redactor {
    let redactor = Redactor::default();
    values.iter().for_each(|value| redactor.add(value));
    redactor
}

fn by_looks(text: &str) -> String {
    Redactor::default().redact(text).into_owned()
}

#[test]
fn secrets_are_known_by_their_looks() {
    let jwt =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----";
    for (text, clean) in [
        ("key AKIAIOSFODNN7EXAMPLE.", "key [redacted]."),
        ("(ASIAIOSFODNN7EXAMPLE)", "([redacted])"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key = [redacted]"),
        ("{\"SecretAccessKey\": \"wJalr/K7\"}", "{\"SecretAccessKey\": \"[redacted]\"}"),
        ("{\\\"secretAccessKey\\\":\\\"wJ\\\\\\\"lr\\\"}", "{\\\"secretAccessKey\\\":\\\"[redacted]\\\"}"),
        ("Authorization: Bearer abc", "Authorization: Bearer [redacted]"),
        ("authorization=Bearer abc.def-1", "authorization=Bearer [redacted]"),
        ("\"authorization\": \"Bearer abc\"", "\"authorization\": \"[redacted]\""),
        ("sent Bearer mF_9.B5f-4.1JqM", "sent Bearer [redacted]"),
        ("sent Basic YW5uOnNlY3JldA==", "sent Basic [redacted]"),
        ("Cookie: a=b; session=c", "Cookie: [redacted]"),
        ("postgres://ann:s3cret@db:5432/orders?sslmode=off", "postgres://ann:[redacted]@db:5432/orders?sslmode=off"),
        ("amqp://:s3@cret@mq", "amqp://:[redacted]@mq"),
        ("redis://u:pa/ss@cache", "redis://u:[redacted]@cache"),
        ("https://0123456789abcdef0123456789@git.example", "https://[redacted]@git.example"),
        ("host=db user=ann password=s3cret dbname=x", "host=db user=ann password=[redacted] dbname=x"),
        ("Server=db;Uid=sa;Pwd=s3cret;", "Server=db;Uid=sa;Pwd=[redacted];"),
        ("password='with space' x", "password='[redacted]' x"),
        ("tool --token=abc --n=3", "tool --token=[redacted] --n=3"),
        ("/x?page=2&key=abc&sig=d%2Fe#f", "/x?page=2&key=[redacted]&sig=[redacted]"),
        ("?X-Amz-Credential=A%2FB&X-Amz-Signature=0a1b", "?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]"),
        ("x-api-key: 0a1b2c3d4e5f", "x-api-key: [redacted]"),
        ("Config { password: Some(\"abc\"), n: 3 }", "Config { password: Some(\"[redacted]\"), n: 3 }"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "[redacted]"),
    ] {
        assert_eq!(by_looks(text), clean.replace("[redacted]#f", "[redacted]"), "{text}");
    }
    assert_eq!(by_looks(&format!("got {jwt}, ok")), "got [redacted], ok");
    assert_eq!(by_looks(&format!("a\n{pem}\nb")), "a\n[redacted]\nb");
    assert_eq!(by_looks(&pem[..40]), "[redacted]", "cut off");
}

#[test]
fn harmless_text_stays_and_is_not_copied() {
    let hdr =
        STANDARD.encode((0..4_096_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_be_bytes()).collect::<Vec<_>>());
    for text in [
        "P99 was 412 ms, limit 300 ms – ✗",
        "d41d8cd98f00b204e9800998ecf8427e e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "8c9e6679-7425-40de-944b-e07fc1f90ae7",
        "seed: 3735928559, CHAOS_SEED=3735928559 cargo test -p shop checkout -- --exact",
        "GET http://127.0.0.1:4000/checkout?token=…&key=…",
        "http://[::1]:8080/users/@me and ssh://git@example.com/repo, postgres://postgres@localhost/x",
        "https://example.com:443/a@b?email=a@b.c",
        "/Users/ann/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.54.0/src/lib.rs:12:3",
        "failed to get the token: connection refused",
        "unexpected token: `}`, expected one of: `,`, `;`",
        "wrong password: try again; password: expected at least 8 characters",
        "secret: not found in namespace default; max_tokens=100 tokens: 5",
        "Bearer authentication is needed; basic authentication failed; basic understanding",
        "assertion failed: token == expected; Token::Eof => token::Kind, let monkey=3; design=4; author=ann",
        "kill every process with CHAOS_CHILD=0123456789abcdef0123456789abcdef in its environment",
        "password=$DB_PASSWORD token=${TOKEN} secret=null password=[redacted] PWD=/Users/ann",
        "partition key=user-42, message_key=m1, cache key: a1b2c3d4e5, statusCode=503, exit code=1",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "eyJ is how base64 of JSON begins, as in eyJhIjoxfQ==",
        hdr.as_str(),
    ] {
        let redacted = Redactor::default();
        let redacted = redacted.redact(text);
        assert!(matches!(redacted, Cow::Borrowed(_)), "{text}\n{redacted}");
    }
}

#[test]
fn short_values_and_the_placeholder_itself_are_not_searched_for() {
    let redactor = knowing(&["abc12", "redacted", "  "]);
    assert_eq!(redactor.redact("abc12 [redacted]"), "abc12 [redacted]");
}

#[test]
fn a_key_of_several_lines_is_found_line_by_line() {
    let redactor = knowing(&["-----BEGIN X-----\nMIIEpAIBAAKCAQEA0123\nshort\n-----END X-----\n"]);
    assert_eq!(redactor.redact("> MIIEpAIBAAKCAQEA0123 short"), "> [redacted] short");
}

#[test]
fn names_can_be_added() {
    let redactor = Redactor::default();
    redactor.add_names(&["X-Session".into()]);
    assert_eq!(redactor.redact("x-session=abc X_SESSION='d e'"), "x-session=[redacted] X_SESSION='[redacted]'");
}

/// Encodes everything but letters and digits, as strictly as any set of the standards.
fn percent(text: &str, upper: bool) -> String {
    let encode = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte if upper => format!("%{byte:02X}"),
        byte => format!("%{byte:02x}"),
    };
    text.bytes().map(encode).collect()
}

/// The forms in which a value may stand in a text.
fn forms(secret: &str, before: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::to_string(secret).unwrap();
    vec![
        ("plain", secret.to_owned()),
        ("debug", format!("{secret:?}")),
        ("json", json.clone()),
        ("json in json", serde_json::to_string(&json).unwrap()),
        ("percent", percent(secret, true)),
        ("percent, lower", percent(secret, false)),
        ("percent twice", percent(&percent(secret, true), true)),
        ("form", percent(secret, true).replace("%20", "+")),
        ("base64", STANDARD.encode(format!("{before}{secret}!"))),
        ("base64 for URLs", URL_SAFE.encode(format!("{before}{secret}"))),
        ("base64 in a URL", percent(&STANDARD.encode(secret), true)),
    ]
}

proptest! {
    #[test]
    fn a_planted_secret_never_survives(
        secret in "[ -~äß€]{6,40}".prop_filter("as registered", |s| {
            s.trim() == s && s.len() >= SHORTEST && !PLACEHOLDER.contains(s) && !s.contains(PLACEHOLDER)
        }),
        other in "[a-z0-9]{6,12}",
        before in "[a-z:]{0,4}",
        left in "[ -~\\n]{0,30}",
        right in "[ -~\\n]{0,30}",
    ) {
        let redactor = knowing(&[&secret, &other]);
        for (form, planted) in forms(&secret, &before) {
            // A percent sign or a backslash right before would make another text of an encoded one.
            let (left, right) = if form == "plain" { (left.clone(), right.clone()) } else { (format!("{left} "), format!(" {right}")) };
            let text = format!("{left}{planted}{right}{other}{left}");
            let clean = redactor.redact(&text).into_owned();
            prop_assert!(!clean.contains(&secret), "{form}: {text} became {clean}");
            prop_assert!(form == "plain" || !clean.contains(&planted), "{form}: {text} became {clean}");
            prop_assert!(!clean.contains(&other), "{form}: {text} became {clean}");
            prop_assert_eq!(redactor.redact(&clean), clean.as_str(), "{}: twice", form);
        }
    }

    #[test]
    fn any_text_is_redacted_without_panic_and_only_once(text in any::<String>(), secret in "\\PC{6,10}") {
        let redactor = knowing(&[&secret]);
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.as_str());
    }

    /// Pieces that the matchers look for, in any order.
    #[test]
    fn texts_like_secrets_are_redacted_only_once(
        pieces in proptest::collection::vec(
            prop::sample::select(vec![
                "password", "token", "=", ":", "\"", "'", "\\", " ", "://", "@", "/", "?", "&", "eyJ", ".", "[redacted]",
                "Bearer ", "Basic ", "authorization", "AKIA", "0123456789abcdef", "ABCDEFGHIJKLMNOP", "%41", "…", "ä",
                "-----BEGIN ", "PRIVATE KEY", "-----", "cookie", "Some(", "\n", "sig", "key", "secret0",
            ]),
            0..20,
        ),
    ) {
        let text = pieces.concat();
        let redactor = knowing(&["secret0", "d]key="]);
        let once = redactor.redact(&text).into_owned();
        prop_assert_eq!(redactor.redact(&once), once.as_str());
        prop_assert!(!once.contains("secret0"));
    }
}
