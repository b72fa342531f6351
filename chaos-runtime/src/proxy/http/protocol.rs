//! What a connection speaks, found from its first bytes.

/// With what a client of HTTP/2 begins (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The type of the record with which a TLS client begins (RFC 8446, section 5.1: handshake).
const HANDSHAKE: u8 = 0x16;
/// Longer methods there are none: `UPDATEREDIRECTREF` and `BASELINE-CONTROL` have 17 and 16 letters.
const LONGEST_METHOD: usize = 32;

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
    Tls,
    /// None of these.
    Foreign,
}

impl Protocol {
    /// `None`: more bytes are needed to tell.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
        if start == 0 {
            if bytes[0] == HANDSHAKE {
                return Some(Self::Tls);
            }
            let common = bytes.len().min(PREFACE.len());
            if bytes[..common] == PREFACE[..common] {
                return (common == PREFACE.len()).then_some(Self::Http2);
            }
        }
        // Empty lines before a request are allowed (RFC 9112, section 2.2).
        Self::of_request(&bytes[start..])
    }

    /// Whether a service that speaks first may speak HTTP/2: its first frame, SETTINGS, need not wait for the client (RFC
    /// 9113, section 3.4). No service of HTTP/1 or of TLS speaks first.
    pub(super) fn may_begin_http2(heard: &[u8]) -> bool {
        // After the length: the type, no flags, the connection itself.
        heard.iter().skip(3).zip([4, 0, 0, 0, 0, 0]).all(|(byte, wanted)| *byte == wanted)
    }

    /// HTTP/1 if it begins as a request does: a method, a space, the beginning of a target.
    fn of_request(line: &[u8]) -> Option<Self> {
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        let method = line.iter().position(|byte| !is_token(byte)).unwrap_or(line.len());
        let Some(end) = line.get(method) else {
            return (method > LONGEST_METHOD).then_some(Self::Foreign);
        };
        if *end != b' ' || method == 0 || method > LONGEST_METHOD {
            return Some(Self::Foreign);
        }
        let (method, target) = (&line[..method], &line[method + 1..]);
        let begins = |start: &[u8]| {
            let common = start.len().min(target.len());
            start[..common].eq_ignore_ascii_case(&target[..common]).then_some(common == start.len())
        };
        // Of a proxy's client the target is a URL, or with CONNECT an authority.
        let starts = [&b"/"[..], b"* HTTP/", b"http://", b"https://"];
        let outcomes = starts.map(begins);
        if method == b"CONNECT" && !target.is_empty() || outcomes.contains(&Some(true)) {
            Some(Self::Http1)
        } else if outcomes.contains(&Some(false)) {
            None
        } else {
            Some(Self::Foreign)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_from_all_else() {
        for (bytes, protocol) in [
            (&b"GET / HTTP/1.1\r\n"[..], Protocol::Http1),
            (b"\r\nPOST /x", Protocol::Http1),
            (b"OPTIONS * HTTP/1.1", Protocol::Http1),
            (b"GET http://host/", Protocol::Http1),
            (b"CONNECT host:443", Protocol::Http1),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Protocol::Http2),
            (b"\x16\x03\x01", Protocol::Tls),
            // PostgreSQL's SSLRequest and start-up, Redis's arrays and inline commands, SSH.
            (b"\0\0\0\x08\x04\xd2\x16\x2f", Protocol::Foreign),
            (b"*1\r\n$4\r\nPING\r\n", Protocol::Foreign),
            (b"PING\r\n", Protocol::Foreign),
            (b"SET key value\r\n", Protocol::Foreign),
            (b"SSH-2.0-OpenSSH_9.2\r\n", Protocol::Foreign),
            (&[0xff; 40], Protocol::Foreign),
            (&[b'a'; 40], Protocol::Foreign),
        ] {
            assert_eq!(Protocol::of(bytes), Some(protocol), "{:?}", bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn a_service_of_http2_may_speak_first() {
        let settings = b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80";
        assert!((0..settings.len()).all(|len| Protocol::may_begin_http2(&settings[..len])));
        // SMTP, SSH, MySQL.
        for greeting in [&b"220 mail"[..], b"SSH-2.0-OpenSSH_9.2\r\n", b"\x4a\0\0\0\x0a8.0.34"] {
            assert!(!Protocol::may_begin_http2(greeting), "{}", greeting.escape_ascii());
        }
    }

    #[test]
    fn what_is_cut_anywhere_is_known_with_more_bytes_and_never_wrongly() {
        for (whole, protocol) in [
            (&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], Protocol::Http2),
            (b"GET http://host/ HTTP/1.1\r\n", Protocol::Http1),
            (b"OPTIONS * HTTP/1.1\r\n", Protocol::Http1),
        ] {
            for len in 0..=whole.len() {
                let known = Protocol::of(&whole[..len]);
                assert!(known.is_none_or(|known| known == protocol), "{len} bytes: {known:?}");
            }
            assert_eq!(Protocol::of(whole), Some(protocol));
        }
    }
}
