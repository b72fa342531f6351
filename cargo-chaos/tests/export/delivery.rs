//! Receivers that are busy, broken, elsewhere or not there.

use crate::planted::{Planted, busy};
use crate::receiver::{Receiver, Said};
use jiff::SignedDuration;
use serde_json::json;

fn planted() -> Planted {
    Planted::run(&[busy("newest", SignedDuration::from_mins(10))])
}

/// Says no `times` times, then yes.
fn busy_receiver(times: usize, no: Said) -> Receiver {
    Receiver::start(move |_, before| if before < times { no.clone() } else { (204, vec![], vec![]) })
}

#[test]
fn a_busy_receiver_gets_the_same_request_again_when_it_asks_for_it() {
    let receiver = busy_receiver(2, (503, vec![("retry-after", "0".to_owned())], b"later".to_vec()));
    let answer = planted().export(&["--remote-write", &receiver.url(), "--format", "json"]).ended(0).json();
    let sent = &answer["destinations"][0];
    assert_eq!((&sent["retries"], &sent["error"]), (&json!(2), &json!(null)));
    let got = receiver.got();
    assert_eq!(got.len() as u64, 2 + sent["requests"].as_u64().unwrap());
    assert!(got[0].body == got[1].body && got[1].body == got[2].body);
}

#[test]
fn it_is_not_asked_for_ever() {
    let receiver = busy_receiver(usize::MAX, (429, vec![("retry-after", "0".to_owned())], b"too many".to_vec()));
    let answer = planted().export(&["--otlp", &receiver.url(), "--otlp-signal", "traces"]).ended(3);
    assert!(answer.out().contains("answered 429 Too Many Requests: too many (after 5 attempts)"), "{}", answer.out());
    assert_eq!(receiver.got().len(), 5);
    // Nor for as long as it likes.
    let receiver = busy_receiver(usize::MAX, (503, vec![("retry-after", "86400".to_owned())], vec![]));
    planted().export(&["--otlp", &receiver.url(), "--otlp-signal", "traces"]).ended(3);
    assert_eq!(receiver.got().len(), 1);
}

#[test]
fn what_the_protocol_takes_for_final_is_not_sent_again() {
    // Of a 500, remote write says again and OTLP doesn't; of an annotation nobody knows whether it was made.
    for (way, status, times) in
        [("--otlp", 500, 1), ("--otlp", 400, 1), ("--remote-write", 400, 1), ("--grafana", 502, 1)]
    {
        let receiver = Receiver::start(move |request, _| match request.method.as_str() {
            "GET" => (200, vec![], b"[]".to_vec()),
            _ => (status, vec![], b"no".to_vec()),
        });
        let url = receiver.url();
        let arguments = [&[way, &url][..], if way == "--otlp" { &["--otlp-signal", "metrics"] } else { &[] }];
        planted().export(&arguments.concat()).ended(3);
        let posts = receiver.got().into_iter().filter(|request| request.method == "POST").count();
        assert_eq!(posts, times, "{way} {status}");
    }
}

#[test]
fn a_receiver_that_is_not_there_is_told_of_at_once() {
    // A port that nobody is given by chance.
    let answer = planted().export(&["--otlp", "http://127.0.0.1:1", "--format", "json"]).ended(3).json();
    let failed = &answer["destinations"][0];
    assert!(failed["error"].as_str().unwrap().contains("Connection refused"), "{failed}");
    assert!(failed["help"].as_str().unwrap().contains("is it running"), "{failed}");
    assert_eq!((&failed["items"], &failed["retries"]), (&json!(0), &json!(0)));
}

#[test]
fn what_a_server_says_can_t_steer_the_terminal_and_a_redirection_is_shown() {
    let receiver = Receiver::start(|_, _| (400, vec![], b"\x1b[2Jgone\r\n\x07".to_vec()));
    let answer = planted().export(&["--remote-write", &receiver.url()]).ended(3);
    assert!(answer.out().contains("answered 400 Bad Request: [2Jgone"), "{:?}", answer.out());
    assert!(!answer.out().contains('\x1b') && !answer.out().contains('\x07'));
    let receiver = Receiver::start(|_, _| (301, vec![("location", "https://elsewhere/".to_owned())], vec![]));
    let answer = planted().export(&["--grafana", &receiver.url()]).ended(3);
    assert!(answer.out().contains("help: it is at https://elsewhere/ now: name that"), "{}", answer.out());
}

#[test]
fn credentials_are_sent_and_never_shown_not_even_by_a_receiver_that_repeats_them() {
    let echo = |request: &crate::receiver::Got, _| {
        let sent = request.headers.get("authorization").cloned().unwrap_or_default();
        (403, vec![], format!("may not: {sent}").into_bytes())
    };
    let receiver = Receiver::start(echo);
    let variables = [("T", "t0ken-of-the-test")];
    for more in [&["--token-env", "T"][..], &["--token-env", "T", "--user", "ann"]] {
        for format in ["text", "json"] {
            let url = receiver.url();
            let arguments = [&["--remote-write", &url, "--format", format], more].concat();
            let answer = planted().export_with(&variables, &arguments).ended(3);
            assert!(answer.out().contains("[redacted]"), "{}", answer.out());
            assert!(!answer.all().contains("t0ken-of-the-test") && !answer.all().contains("YW5uOnQwa2Vu"));
        }
    }
    let sent: Vec<String> = receiver.got().iter().map(|request| request.headers["authorization"].clone()).collect();
    assert_eq!(sent[0], "Bearer t0ken-of-the-test");
    assert_eq!(sent[2], "Basic YW5uOnQwa2VuLW9mLXRoZS10ZXN0");
    let missing = planted().export(&["--remote-write", &receiver.url(), "--token-env", "NO_SUCH"]).ended(3);
    assert!(missing.err().contains("the environment variable NO_SUCH is not set"), "{}", missing.err());
}

#[test]
fn a_server_without_tls_is_told_of() {
    let plain = Receiver::obliging();
    let answer = planted().export(&["--otlp", &plain.url().replace("http:", "https:")]).ended(3);
    assert!(answer.out().contains("is it http:// instead of https://?"), "{}", answer.out());
}
