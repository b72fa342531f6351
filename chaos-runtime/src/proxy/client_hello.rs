//! The name of the server that a TLS client asks for (SNI), read from the first bytes of its connection. They pass
//! on untouched: nothing is decrypted or changed.
//!
//! After RFC 8446 (records, `ClientHello`) and RFC 6066 (`server_name`). With Encrypted Client Hello the name is the
//! outer one, which belongs to the provider in front; the inner one nobody but the server can read.

/// Bytes after which a name isn't looked for any more. A hello with post-quantum keys has about 2,000.
pub(super) const MOST: usize = 16 * 1024;
/// Most bytes of a record that isn't encrypted.
const RECORD: usize = 1 << 14;
/// Most bytes of a name in the DNS.
const NAME: usize = 253;

/// What the first bytes of a connection say about the server that the client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sni {
    /// More bytes are needed to tell.
    NeedMore,
    /// It is no TLS, or no client's beginning of it.
    NotTls,
    /// It is TLS. The name is in lower case, without a dot at its end; `None` if the client names none, or none in the
    /// first [`MOST`] bytes.
    Tls { server_name: Option<String> },
}

impl Sni {
    /// Reads a connection's first bytes: all that have come so far, from the very first on. Once it is not
    /// [`NeedMore`](Sni::NeedMore) the answer stays the same, whatever follows.
    pub(super) fn of(first: &[u8]) -> Self {
        let (first, is_all) = (first.get(..MOST).unwrap_or(first), first.len() >= MOST);
        match server_name(&mut Handshake { rest: first, fragment: &[] }) {
            Ok(server_name) => Self::Tls { server_name },
            Err(Stop::NotTls) => Self::NotTls,
            Err(Stop::Short) if is_all => Self::Tls { server_name: None },
            Err(Stop::Short) => Self::NeedMore,
        }
    }
}

/// Why reading does not go on.
#[derive(Debug)]
enum Stop {
    /// The bytes end here.
    Short,
    NotTls,
}

/// What must be so in a hello.
fn must(holds: bool) -> Result<(), Stop> {
    if holds { Ok(()) } else { Err(Stop::NotTls) }
}

/// The handshake's bytes, wherever records begin and end among them.
struct Handshake<'a> {
    /// After the record that is being read.
    rest: &'a [u8],
    /// What is left of that record, as far as it has come.
    fragment: &'a [u8],
}

impl Handshake<'_> {
    fn byte(&mut self) -> Result<u8, Stop> {
        if self.fragment.is_empty() {
            self.next_record()?;
        }
        let (byte, fragment) = self.fragment.split_first().ok_or(Stop::Short)?;
        self.fragment = fragment;
        Ok(*byte)
    }

    /// A number of 16 bits.
    fn short(&mut self) -> Result<usize, Stop> {
        Ok(usize::from(u16::from_be_bytes([self.byte()?, self.byte()?])))
    }

    fn skip(&mut self, mut bytes: usize) -> Result<(), Stop> {
        while bytes > 0 {
            if self.fragment.is_empty() {
                self.next_record()?;
            }
            let here = bytes.min(self.fragment.len());
            // Nothing here: the rest of the record has not come yet.
            self.fragment = self.fragment.get(here..).filter(|_| here > 0).ok_or(Stop::Short)?;
            bytes -= here;
        }
        Ok(())
    }

    /// Goes to the next record. What can be judged of its header is, however little has come: who speaks another
    /// protocol may wait for an answer to a few bytes.
    fn next_record(&mut self) -> Result<(), Stop> {
        const HANDSHAKE: u8 = 22;
        let header = self.rest;
        must(header.first().is_none_or(|kind| *kind == HANDSHAKE))?;
        must(header.get(1).is_none_or(|major| *major == 3))?;
        must(header.get(2).is_none_or(|minor| *minor <= 4))?;
        let Some((&[_, _, _, high, low], rest)) = header.split_first_chunk() else { return Err(Stop::Short) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        must((1..=RECORD).contains(&length))?;
        (self.fragment, self.rest) = rest.split_at(length.min(rest.len()));
        Ok(())
    }
}

/// The name in a hello that is read from its first byte on. Stops at the name: what follows it need not have come.
fn server_name(hello: &mut Handshake<'_>) -> Result<Option<String>, Stop> {
    const CLIENT_HELLO: u8 = 1;
    const SERVER_NAME: usize = 0;
    must(hello.byte()? == CLIENT_HELLO)?;
    let mut left = usize::from(hello.byte()?) << 16 | hello.short()?;
    // Every part says how long it is; what it claims must be there.
    let mut take = |bytes: usize| {
        left = left.checked_sub(bytes).ok_or(Stop::NotTls)?;
        Ok(left)
    };

    take(2 + 32 + 1)?;
    must(hello.byte()? == 3)?;
    hello.skip(1 + 32)?;
    let session = usize::from(hello.byte()?);
    must(session <= 32)?;
    take(session + 2)?;
    hello.skip(session)?;
    let ciphers = hello.short()?;
    must(ciphers >= 2 && ciphers.is_multiple_of(2))?;
    take(ciphers + 1)?;
    hello.skip(ciphers)?;
    let compressions = usize::from(hello.byte()?);
    must(compressions >= 1)?;
    if take(compressions)? == 0 {
        hello.skip(compressions)?;
        return Ok(None);
    }
    hello.skip(compressions)?;
    let mut extensions = hello.short()?;
    must(take(2)? == extensions)?;
    while extensions > 0 {
        extensions = extensions.checked_sub(4).ok_or(Stop::NotTls)?;
        let (kind, length) = (hello.short()?, hello.short()?);
        extensions = extensions.checked_sub(length).ok_or(Stop::NotTls)?;
        if kind == SERVER_NAME {
            return host_name(hello, length);
        }
        // Of no kind is anything asked, so those that are made up (GREASE) are skipped as well.
        hello.skip(length)?;
    }
    Ok(None)
}

/// The first host name of a `server_name` extension of that length.
fn host_name(hello: &mut Handshake<'_>, length: usize) -> Result<Option<String>, Stop> {
    const HOST_NAME: u8 = 0;
    let list = length.checked_sub(2).ok_or(Stop::NotTls)?;
    let mut left = hello.short()?;
    must(left == list)?;
    while left > 0 {
        left = left.checked_sub(3).ok_or(Stop::NotTls)?;
        let (kind, length) = (hello.byte()?, hello.short()?);
        left = left.checked_sub(length).ok_or(Stop::NotTls)?;
        if kind == HOST_NAME {
            return text(hello, length);
        }
        hello.skip(length)?;
    }
    Ok(None)
}

/// A name of that length; `None` if it can't be one.
fn text(hello: &mut Handshake<'_>, length: usize) -> Result<Option<String>, Stop> {
    // With a dot at the end.
    let mut name = [0; NAME + 1];
    let Some(name) = name.get_mut(..length) else { return Ok(None) };
    for byte in name.iter_mut() {
        *byte = hello.byte()?.to_ascii_lowercase();
    }
    let name = name.strip_suffix(b".").unwrap_or(name);
    let is_name = !name.is_empty() && name.len() <= NAME && name.iter().all(|byte| is_of_a_name(*byte));
    Ok(is_name.then(|| name.iter().map(|byte| char::from(*byte)).collect()))
}

/// Whether names have such a byte; `_` is in no host's name by the book, and in some in the field.
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}

/// What must be true of any bytes, for `fuzz/`: it ends, an answer is final, and a name is one.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let answer = Sni::of(bytes);
    let mut lengths: Vec<usize> = (0..bytes.len().min(300)).collect();
    lengths.extend((1..16).map(|part| bytes.len() * part / 16));
    for length in lengths {
        let early = Sni::of(&bytes[..length]);
        assert!(early == Sni::NeedMore || early == answer, "{early:?} of {length} bytes, then {answer:?}");
    }
    assert!(answer != Sni::NeedMore || bytes.len() < MOST, "more than {MOST} bytes are asked for");
    if let Sni::Tls { server_name: Some(name) } = answer {
        assert!((1..=NAME).contains(&name.len()), "a name of {} bytes", name.len());
        assert!(name.bytes().all(|byte| is_of_a_name(byte) && !byte.is_ascii_uppercase()), "{name:?}");
    }
}

#[cfg(test)]
#[path = "client_hello_tests.rs"]
mod tests;
