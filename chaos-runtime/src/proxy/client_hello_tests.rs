use super::*;
use proptest::prelude::*;

/// Recorded: the first flight of curl 7.88 and of `openssl s_client` 3.0.
const CURL: &[u8] = include_bytes!("tests/hellos/curl.bin");
const OPENSSL_TLS12: &[u8] = include_bytes!("tests/hellos/openssl_tls12.bin");
const OPENSSL_NO_NAME: &[u8] = include_bytes!("tests/hellos/openssl_no_name.bin");
const OPENSSL_ALPN: &[u8] = include_bytes!("tests/hellos/openssl_alpn.bin");

fn tls(name: &str) -> Sni {
    Sni::Tls { server_name: Some(name.to_owned()) }
}

const NAMELESS: Sni = Sni::Tls { server_name: None };

/// An extension.
fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), body].concat()
}

/// The extension with one name.
fn server_name(name: &[u8]) -> Vec<u8> {
    let length = name.len() as u16;
    let list = [&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name].concat();
    extension(0, &list)
}

/// A hello's message with these extensions, without a record around it.
fn message(extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = extensions.concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([2, 1, 2]);
    body.extend([0, 4, 0x0a, 0x0a, 0x13, 1]); // GREASE, TLS_AES_128_GCM_SHA256
    body.extend([1, 0]);
    body.extend((extensions.len() as u16).to_be_bytes());
    body.extend(extensions);
    let length = body.len() as u32;
    [&[1], &length.to_be_bytes()[1..], &body].concat()
}

/// The message in records of that size.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
    message.chunks(size).flat_map(record).collect()
}

fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    records(&message(extensions), RECORD)
}

#[test]
fn real_clients_are_read() {
    for (bytes, answer) in [
        (CURL, tls("api.example.com")),
        (OPENSSL_TLS12, tls("db.example.com")),
        (OPENSSL_NO_NAME, NAMELESS),
        (OPENSSL_ALPN, tls("xn--bcher-kva.example")),
    ] {
        assert_eq!(Sni::of(bytes), answer);
        assert_eq!(Sni::of(&[bytes, CURL].concat()), answer, "what follows does not matter");
        fuzz(bytes);
    }
}

#[test]
fn it_does_not_matter_how_records_cut_the_hello() {
    let cut: [u8; 4] = CURL[5..9].try_into().unwrap();
    assert_eq!(cut, [1, 0, 1, 252]);
    for size in [1, 2, 3, 5, 64, 200, CURL.len()] {
        let bytes = records(&CURL[5..], size);
        assert_eq!(Sni::of(&bytes), tls("api.example.com"), "records of {size} bytes");
        fuzz(&bytes);
    }
}

#[test]
fn made_up_extensions_and_the_outer_name_of_an_encrypted_hello() {
    const ENCRYPTED_CLIENT_HELLO: u16 = 0xfe0d;
    let bytes = hello(&[
        extension(0x2a2a, &[]),
        extension(ENCRYPTED_CLIENT_HELLO, &[0; 300]),
        server_name(b"Outer.Example."),
        extension(0xdada, &[0]),
    ]);
    assert_eq!(Sni::of(&bytes), tls("outer.example"));
    fuzz(&bytes);
}

#[test]
fn the_name_is_known_before_all_of_the_hello_is_there() {
    let bytes = hello(&[server_name(b"early.example"), extension(51, &[0; 1_200])]);
    let known = (0..bytes.len()).find(|n| Sni::of(&bytes[..*n]) != Sni::NeedMore).unwrap();
    assert!(known < 100, "known after {known} of {} bytes", bytes.len());
}

#[test]
fn hellos_without_a_name() {
    let no_extensions = {
        let mut message = message(&[]);
        message.truncate(message.len() - 2);
        message[3] -= 2;
        records(&message, RECORD)
    };
    for bytes in [
        no_extensions,
        hello(&[]),
        hello(&[extension(16, b"\x00\x03\x02h2")]),
        hello(&[extension(0, &[0, 0])]),
        hello(&[extension(0, &[0, 5, 9, 0, 2, b'x', b'y'])]),
        hello(&[server_name(b"")]),
        hello(&[server_name(b".")]),
        hello(&[server_name(b"with space")]),
        hello(&[server_name("m\u{fc}nchen.example".as_bytes())]),
        hello(&[server_name(&[b'a'; 254])]),
        hello(&[server_name(&[b'a'; 300])]),
    ] {
        assert_eq!(Sni::of(&bytes), NAMELESS, "{bytes:?}");
        fuzz(&bytes);
    }
}

#[test]
fn of_several_kinds_of_names_the_hosts_is_taken() {
    let bytes = hello(&[extension(0, b"\x00\x0b\x07\x00\x02??\x00\x00\x03a.b")]);
    assert_eq!(Sni::of(&bytes), tls("a.b"));
}

#[test]
fn other_protocols_are_known_by_their_first_byte() {
    for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"PRI * HTTP/2.0\r\n", b"\0\0\0\x08\x04\xd2\x16\x2f", b"*1\r\n", b"\x80"]
    {
        assert_eq!(Sni::of(&bytes[..1]), Sni::NotTls);
        assert_eq!(Sni::of(bytes), Sni::NotTls);
    }
    assert_eq!(Sni::of(b""), Sni::NeedMore);
    assert_eq!(Sni::of(b"\x16"), Sni::NeedMore);
    assert_eq!(Sni::of(b"\x16\x02"), Sni::NotTls);
    assert_eq!(Sni::of(b"\x16\x03\x09"), Sni::NotTls);
    assert_eq!(Sni::of(b"\x16\x03\x01\x00\x00"), Sni::NotTls, "an empty record");
    assert_eq!(Sni::of(b"\x16\x03\x01\x40\x01"), Sni::NotTls, "too long a record");
    assert_eq!(Sni::of(b"\x16\x03\x01\x00\x04\x02"), Sni::NotTls, "a server's hello");
}

#[test]
fn lengths_that_cannot_be_are_no_hello() {
    let good = hello(&[server_name(b"a.example")]);
    let message = 5;
    // The length of the hello, of the session's id, of the ciphers, of compressions, of all extensions, of one, of the list,
    // of the name.
    for at in [3, 38, 42, 47, 50, 54, 56, 59] {
        let mut bad = good.clone();
        bad[message + at] = bad[message + at].wrapping_add(77);
        assert_eq!(Sni::of(&bad), Sni::NotTls, "byte {at}");
        fuzz(&bad);
    }
}

#[test]
fn it_gives_up_in_the_end() {
    let bytes = hello(&[extension(51, &[0; 15_000])]);
    assert_eq!(Sni::of(&bytes[..bytes.len() - 1]), Sni::NeedMore);
    assert_eq!(Sni::of(&bytes), NAMELESS);
    let long = records(&super::tests::message(&[extension(51, &[0; 30_000]), server_name(b"late.example")]), RECORD);
    assert_eq!(Sni::of(&long[..MOST - 1]), Sni::NeedMore);
    assert_eq!(Sni::of(&long[..MOST]), NAMELESS);
    assert_eq!(Sni::of(&long), NAMELESS);
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        fuzz(&bytes);
    }

    #[test]
    fn hellos_that_are_damaged(at in 0..CURL.len(), byte in any::<u8>(), end in 0..=CURL.len()) {
        let mut bytes = CURL.to_vec();
        bytes[at] = byte;
        fuzz(&bytes);
        fuzz(&bytes[..end]);
    }

    #[test]
    fn any_name_in_any_records(name in "[a-zA-Z0-9_-]{1,40}(\\.[a-zA-Z0-9_-]{1,40}){0,4}", size in 1_usize..90, before in 0_usize..200) {
        let message = message(&[extension(0x5a5a, &vec![0; before]), server_name(name.as_bytes())]);
        let bytes = records(&message, size);
        prop_assert_eq!(Sni::of(&bytes), tls(&name.to_ascii_lowercase()));
        fuzz(&bytes);
    }
}
