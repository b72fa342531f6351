//! Secrets that are planted everywhere turn up nowhere: not in a file, not on a terminal, however the test ends.
//!
//! The experiments in here are ignored: the tests run them in processes of their own, in homes of their own.

#![cfg(target_os = "linux")]

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chaos_runtime::prelude::*;
use chaos_runtime::report::journal::{Journal, Verdict};
use chaos_tests::home::{Ended, Home, Started, run};
use rustix::process::Signal as Sent;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

/// Known by where they are given: to a request, a child process, this process, `chaos.toml`, a `Secret`.
const IN_URL: &str = "pl4nted-in-us3rinfo";
const IN_QUERY: &str = "pl4nted/in+qu3ry";
const IN_HEADER: &str = "pl4nted-in\"header\\";
const IN_CHILD: &str = "pl4nted-in-the-child's-env";
const IN_PROCESS: &str = "pl4nted-in-our-env~~~";
const IN_FILE: &str = "pl4nted-in-chaos.toml";
const UNUSED_IN_FILE: &str = "pl4nted-in-another-target";
const UNUSED_IN_PROCESS: &str = "pl4nted-for-somebody-else";
const UNUSED_IN_URL: &str = "pl4nted-in-a-url";
const GIVEN: &str = "pl4nted<as&a>S3cret€";
const KNOWN: [&str; 10] = [
    IN_URL,
    IN_QUERY,
    IN_HEADER,
    IN_CHILD,
    IN_PROCESS,
    IN_FILE,
    UNUSED_IN_FILE,
    UNUSED_IN_PROCESS,
    UNUSED_IN_URL,
    GIVEN,
];

/// Known by their looks: what surrounds them, and the secret itself.
const LOOKS: [(&str, &str); 5] = [
    ("key AKIAQ7Z3PLANTED4KEYS.", "AKIAQ7Z3PLANTED4KEYS"),
    ("redis://ann:0f-some-0ther-cache@cache/0", "0f-some-0ther-cache"),
    ("{\"client_secret\": \"0f-some-0ther-client\"}", "0f-some-0ther-client"),
    ("x-session=named-1n-the-file", "named-1n-the-file"),
    ("-----BEGIN PRIVATE KEY-----\nMIIEplanted0k3y\n-----END PRIVATE KEY-----", "MIIEplanted0k3y"),
];

fn percent(text: &str) -> String {
    let encode = |b: u8| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") };
    text.bytes().map(encode).collect()
}

/// All secrets in all of their forms, as somebody careless may print them.
fn everything() -> String {
    let known = KNOWN.iter().flat_map(|secret| {
        let json = serde_json::to_string(secret).expect("a text is JSON");
        let pair = STANDARD.encode(format!("ann:{secret}"));
        [(*secret).to_owned(), json, percent(secret), STANDARD.encode(secret), pair]
    });
    known.chain(LOOKS.iter().map(|(text, _)| (*text).to_owned())).collect::<Vec<_>>().join(" ")
}

/// What must not be found: every secret, plain and as the middle of its encoded forms.
fn needles() -> BTreeSet<String> {
    let mut needles: BTreeSet<String> = LOOKS.iter().map(|(_, secret)| (*secret).to_owned()).collect();
    for secret in KNOWN {
        let json = serde_json::to_string(secret).expect("a text is JSON");
        needles.extend([secret.to_owned(), json.trim_matches('"').to_owned(), format!("{secret:?}")]);
        needles.extend([percent(secret), percent(secret).to_lowercase()]);
        for before in 0..3 {
            for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                let text = engine.encode([vec![0; before], secret.as_bytes().to_vec()].concat());
                needles.insert(text[4..text.len() - 2].to_owned());
            }
        }
    }
    needles
}

/// Fails if a secret is found in the text, in the text without XML's escapes, or across its line breaks.
fn assert_clean(what: &str, text: &str) {
    let unescaped = [("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (escape, c)| text.replace(escape, c));
    let joined: String = unescaped.split_whitespace().collect();
    for needle in needles() {
        let found = [text, &unescaped, &joined].iter().any(|text| text.contains(&needle));
        assert!(!found, "{what} shows `{needle}`:\n{text}");
    }
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn assert_no_file_shows_a_secret(home: &Home) {
    let found = files(&home.chaos());
    let names: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
    assert!(names.iter().filter(|name| name.ends_with("junit.xml")).count() >= 2, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with(".json")), "{names:?}");
    for path in found.iter().filter(|path| !path.starts_with(home.chaos().join("undo"))) {
        assert_clean(&path.display().to_string(), &String::from_utf8_lossy(&std::fs::read(path).expect("it is there")));
        assert_clean("a path", &path.display().to_string());
    }
}

/// Answers every request with 200, those to `/broken` with 500 and everything.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream));
        }
    });
    port
}

fn answer(mut stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut broken = false;
    let mut missing = 0;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { return };
        broken |= line.contains(" /broken");
        // What `chaos.toml` gives must arrive as it is.
        missing += usize::from(line == format!("authorization: Bearer {IN_PROCESS}"));
        missing += usize::from(line == format!("x-vault-key: {IN_FILE}"));
        if line.is_empty() {
            let (status, body) = match (broken, missing) {
                (true, _) => ("500 Broken", format!("the server knows {}", everything())),
                (false, 2) => ("200 OK", "ok".to_owned()),
                (false, _) => ("401 Unauthorized", String::new()),
            };
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(head.as_bytes()).is_err() {
                return;
            }
            (broken, missing) = (false, 0);
        }
    }
}

/// Whatever experiment comes next.
#[chaos_test]
#[ignore = "run by the tests below"]
async fn next(_chaos: &mut Chaos) -> chaos::Result {
    Ok(())
}

/// Tells everything to everybody, in every place that takes a text. `HOW` says how it ends.
///
/// Its documentation has a secret too: postgres://ann:0f-some-0ther-cache@db/orders
#[chaos_test(
    steady_state(orders.success_rate >= 50%),
    hypothesis(recovery <= 20s),
    warm_up = 50ms,
    baseline = 400ms,
    after = 200ms,
    bin = 200ms,
    timeout = 60s,
)]
#[ignore = "run by the tests below"]
async fn leaks(chaos: &mut Chaos) -> chaos::Result {
    let how = std::env::var("HOW").unwrap_or_default();
    let secret = Secret::new(GIVEN);
    eprintln!("at: {secret:?} {secret}");
    let mut child = Command::new("sh");
    child.args(["-c", "echo \"$LEAK\"; echo \"$LEAK\" >&2; echo child: $CHILD_PASSWORD; exec sleep 60"]);
    child.env("CHILD_PASSWORD", IN_CHILD).env("LEAK", everything());
    let child = ProcessBuilder::from(child).ready(Ready::line("child:"));
    let child = chaos.process(child).await?;

    let orders = chaos.http("orders").await?;
    chaos.load(orders.get("/orders/42").rate(per_second(40)).named("orders")).await?;
    let url = orders.url("/broken").replace("://", &format!("://ann:{IN_URL}@"));
    let request = http::get(url).query("api_key", IN_QUERY).header("x-auth-token", IN_HEADER);
    let request = request.expect_body_contains(everything());
    chaos.load(request.rate(per_second(20)).named("broken")).await?;
    let broken = orders.url("/broken");
    let quoting = op(move |_| {
        let broken = broken.clone();
        async move {
            let answer = reqwest::get(broken).await.map_err(|error| error.to_string())?;
            let body = answer.text().await.map_err(|error| error.to_string())?;
            Err::<(), _>(format!("the server said: {body}"))
        }
    });
    chaos.load(quoting.rate(per_second(20)).named("quoting")).await?;
    let panicking = op(|id: OpId| async move { assert!(id.index() > 1_000_000, "an operation with {}", everything()) });
    chaos.load(panicking.rate(per_second(10)).named("panics")).await?;
    chaos.probe("leak", probe::every(millis(50), || Err::<u32, _>(format!("no value: {}", everything()))));
    chaos.note(format!("a note: {}", everything()));

    let script = "test -z \"$UNDO_FAILS\" || { echo \"$1\" >&2; exit 1; }";
    let leak = fault(format!("leak {}", everything()), async || {})
        .target(format!("target {}", everything()))
        .undo(Undo::command("sh", ["-c".to_owned(), script.to_owned(), "sh".to_owned(), everything()]))
        .confirm(|| Evidence::seen(format!("proof: {}", everything())));
    let leak = chaos.inject(leak).start().await?;
    let pause = chaos.inject(child.pause()).start().await?;
    eprintln!("at: fault");
    tokio::time::sleep(millis(100)).await;
    match how.as_str() {
        "waits" => tokio::time::sleep(minutes(2)).await,
        "panics" => panic!("the body with {}", everything()),
        "errs" => Err(chaos::Error::new(format!("the body with {}", everything())).help(everything()))?,
        "errs otherwise" => Err(std::io::Error::other(everything()))?,
        "is refuted" => chaos.expect(slo!(orders.throughput > 1000000 / s)),
        _ => {}
    }
    pause.clear().await?;
    leak.clear().await
}

fn home_with_config() -> Home {
    let home = Home::new();
    std::fs::create_dir_all(home.chaos()).expect("the home is ours");
    let config = format!(
        "[redact]\nnames = [\"x-session\"]\n[profile.local.http.orders]\nurl = \"http://127.0.0.1:${{ORDERS_PORT}}\"\n\
         headers = {{ authorization = \"Bearer ${{ORDERS_API_TOKEN}}\", x-vault-key = \"{IN_FILE}\" }}\n\
         [profile.nightly.http.carts]\nurl = \"http://carts.invalid\"\nheaders = {{ cookie = \"id={UNUSED_IN_FILE}\" }}\n"
    );
    std::fs::write(config_of(&home), config).expect("the home is ours");
    home
}

fn config_of(home: &Home) -> PathBuf {
    home.tmp().with_file_name("chaos.toml")
}

/// The experiment, captured by the test harness or not.
fn leaks_and(how: &str, home: &Home, nocapture: bool) -> std::process::Command {
    let mut command =
        if nocapture { home.test("leaks") } else { home.command(&["--exact", "leaks", "--ignored", "--show-output"]) };
    command.env("HOW", how).env("ORDERS_PORT", serve().to_string()).env("ORDERS_API_TOKEN", IN_PROCESS);
    command.env("SHOP_DB_PASSWORD", UNUSED_IN_PROCESS).env("ORDERS_DB", format!("postgres://ann:{UNUSED_IN_URL}@db"));
    command.env("CHAOS_CONFIG", config_of(home));
    if how == "panics" {
        command.env("RUST_BACKTRACE", "1");
    }
    command
}

/// The secrets were there: everything in this journal that takes a text had some.
fn assert_planted(journal: &Journal, ended: &Ended) {
    let redacted = |what: &str, text: &str| assert!(text.contains("[redacted]"), "{what}: {text}\n{}", ended.output);
    let fault = &journal.faults[0];
    redacted("fault", &fault.what);
    redacted("target", &fault.target);
    redacted("evidence", &fault.evidence);
    redacted("doc", &journal.experiment.doc);
    for load in ["broken", "quoting", "panics"] {
        let load = journal.loads.iter().find(|found| found.name == load).expect("it was started");
        let messages: String = load.failures.iter().map(|failure| failure.message.as_str()).collect();
        assert!(!messages.is_empty(), "{}: no failure\n{}", load.name, ended.output);
        // A status says nothing of the request.
        if load.name != "broken" {
            redacted(&load.name, &messages);
        }
    }
    redacted("probe", journal.probes[0].error.as_deref().unwrap_or_default());
    redacted("output", &journal.outputs.last().expect("the child's").lines.concat());
    redacted("events", &journal.events.iter().map(|event| event.text.as_str()).collect::<String>());
    let undo = journal.rollback.iter().find(|undo| undo.what.starts_with("leak")).expect("it was undone");
    redacted("by hand", &undo.by_hand);
}

fn assert_ends(how: &str, verdict: Verdict) {
    for nocapture in [true, false] {
        // A machine that stalls may deny the verdict; no secret may be shown whatever it is.
        let ended = (0..5).any(|_| ends(how, nocapture, verdict));
        assert!(ended, "`{how}` never ended as {verdict:?}");
    }
}

/// Whether it ended like that, in any case without a secret.
fn ends(how: &str, nocapture: bool, verdict: Verdict) -> bool {
    let home = home_with_config();
    let ended = run(leaks_and(how, &home, nocapture));
    assert_clean(&format!("the output of `{how}`"), &ended.output);
    assert_no_file_shows_a_secret(&home);
    assert!(ended.output.contains("[redacted]"), "{how}:\n{}", ended.output);
    assert_eq!(home.left_behind(), [""; 0], "{how}:\n{}", ended.output);
    let journal = home.journal("leaks");
    if journal.verdict == verdict {
        assert_planted(&journal, &ended);
    }
    journal.verdict == verdict
}

#[test]
fn an_experiment_that_passes() {
    assert_ends("passes", Verdict::Passed);
}

#[test]
fn an_experiment_that_is_refuted() {
    assert_ends("is refuted", Verdict::Refuted);
}

#[test]
fn an_experiment_whose_body_errs() {
    assert_ends("errs", Verdict::Errored);
    assert_ends("errs otherwise", Verdict::Errored);
}

#[test]
fn an_experiment_that_panics() {
    assert_ends("panics", Verdict::Errored);
}

#[test]
fn an_experiment_that_is_interrupted() {
    let home = home_with_config();
    let mut started = Started::new(leaks_and("waits", &home, true));
    started.printed("at: fault");
    started.signal(Sent::INT);
    let ended = started.wait();
    assert_eq!(ended.status.signal(), Some(2), "{}", ended.output);
    assert!(ended.output.contains("rolling back"), "{}", ended.output);
    assert_clean("the output", &ended.output);
    assert_no_file_shows_a_secret(&home);
    assert_planted(&home.journal("leaks"), &ended);
    assert_eq!(home.left_behind(), [""; 0], "{}", ended.output);
}

#[test]
fn an_experiment_that_is_killed_and_undone_by_its_watchdog() {
    let home = home_with_config();
    let mut started = Started::new(leaks_and("waits", &home, true));
    started.printed("at: fault");
    started.signal(Sent::KILL);
    let ended = started.wait();
    // Waits for the watchdog, which knows nothing of where the secrets came from either.
    assert_eq!(home.left_behind(), [""; 0], "{}", ended.output);
    let told = std::fs::read_to_string(home.chaos().join("junit.xml")).expect("there is a report");
    assert!(told.contains("undone by the watchdog"), "{told}");
    assert_no_file_shows_a_secret(&home);
}

#[test]
fn an_experiment_that_is_killed_and_undone_by_the_next() {
    let home = home_with_config();
    let mut command = leaks_and("waits", &home, true);
    command.env("CHAOS_WATCHDOG", "off");
    let mut started = Started::new(command);
    started.printed("at: fault");
    started.signal(Sent::KILL);
    let ended = started.wait();
    assert_clean("the output", &ended.output);
    assert_no_file_shows_a_secret(&home);
    let ledgers = home.undo_files();
    assert_eq!(ledgers.len(), 1, "{}", ended.output);
    let mode = std::fs::metadata(&ledgers[0]).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds what no one else may read");
    let ledger = std::fs::read_to_string(&ledgers[0]).expect("it is text");
    assert!(ledger.contains(IN_URL), "a recipe without its secrets undoes nothing: {ledger}");

    // The next one knows nothing of where the secrets came from.
    let next = run(home.test("next"));
    let notes = home.journal("next").notes.join("\n");
    assert!(notes.contains("it was undone") && notes.contains("[redacted]"), "{notes}");
    assert_clean("the output of the next one", &next.output);
    assert_no_file_shows_a_secret(&home);
    assert_eq!(home.left_behind(), [""; 0], "{}", next.output);
}

#[test]
fn an_undo_that_fails_says_where_the_whole_command_stands() {
    for nocapture in [true, false] {
        let home = home_with_config();
        let mut command = leaks_and("passes", &home, nocapture);
        command.env("UNDO_FAILS", "1");
        let ended = run(command);
        let journal = home.journal("leaks");
        assert_eq!(journal.verdict, Verdict::RollbackFailed, "{}", ended.output);
        assert_clean("the output", &ended.output);
        assert_no_file_shows_a_secret(&home);
        let ledgers = home.undo_files();
        let [ledger] = &*ledgers else { panic!("{ledgers:?}") };
        let by_hand = &journal.rollback.iter().find(|undo| undo.error.is_some()).expect("one failed").by_hand;
        let pointer = format!("(the whole command stands in `{}`)", ledger.display());
        assert!(by_hand.contains("[redacted]") && by_hand.ends_with(&pointer), "{by_hand}");
        assert!(std::fs::read_to_string(ledger).expect("it is text").contains(IN_URL));

        // Still failing, the next one says so as carefully; then it works, and nothing is left.
        for fails in ["1", ""] {
            let mut next = home.test("next");
            next.env("UNDO_FAILS", fails);
            let next = run(next);
            let notes = home.journal("next").notes.join("\n");
            let said = if fails.is_empty() { "it was undone" } else { "could not be undone" };
            assert!(notes.contains(said), "{notes}\n{}", next.output);
            assert_clean("the output of the next one", &next.output);
            assert_no_file_shows_a_secret(&home);
        }
        assert_eq!(home.left_behind(), [""; 0]);
    }
}
