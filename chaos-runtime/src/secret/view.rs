//! A text as it reads when its escapes are undone, with the way back to the text itself.

/// Decoded bytes and, for each, where it stands in the text.
#[derive(Debug)]
pub(super) struct View {
    pub(super) bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

impl View {
    /// The place of a span of decoded bytes in the text.
    pub(super) fn place(&self, start: usize, end: usize) -> (usize, usize) {
        (self.places[start].0, self.places[end - 1].1)
    }

    /// With `%41` as `A`. `None` if there is nothing to decode.
    pub(super) fn of_percents(text: &[u8]) -> Option<Self> {
        decoded(text, b'%', |rest| {
            let byte = hex(rest.get(1..3)?)?;
            Some((3, u8::try_from(byte).ok()?.into()))
        })
    }

    /// With the escapes of JSON, Rust and C undone: `\"`, `\/`, `\n`, `\x41`, `\u0041`, `\u{41}`.
    pub(super) fn of_backslashes(text: &[u8]) -> Option<Self> {
        decoded(text, b'\\', |rest| {
            Some(match rest.get(1)? {
                b'n' => (2, '\n'.into()),
                b'r' => (2, '\r'.into()),
                b't' => (2, '\t'.into()),
                b'0' => (2, '\0'.into()),
                b'b' => (2, '\u{8}'.into()),
                b'f' => (2, '\u{c}'.into()),
                b'x' => (4, u8::try_from(hex(rest.get(2..4)?)?).ok()?.into()),
                b'u' if rest.get(2) == Some(&b'{') => {
                    let digits = rest.get(3..)?.iter().take(7).position(|byte| *byte == b'}')?;
                    (digits + 4, char::from_u32(hex(&rest[3..3 + digits])?)?.into())
                }
                b'u' => unit(rest)?,
                quoted @ (b'"' | b'\'' | b'\\' | b'/') => (2, (*quoted).into()),
                _ => return None,
            })
        })
    }

    /// This view of a view as a view of the first one's text.
    pub(super) fn through(mut self, first: &Self) -> Self {
        for place in &mut self.places {
            *place = first.place(place.0, place.1);
        }
        self
    }
}

/// What an escape stands for.
enum Decoded {
    Byte(u8),
    Char(char),
}

impl From<u8> for Decoded {
    fn from(byte: u8) -> Self {
        Self::Byte(byte)
    }
}

impl From<char> for Decoded {
    fn from(c: char) -> Self {
        Self::Char(c)
    }
}

/// `\u0041`, or two of them for a character beyond the first 65,536.
fn unit(rest: &[u8]) -> Option<(usize, Decoded)> {
    let first = hex(rest.get(2..6)?)?;
    if let Some(c) = char::from_u32(first) {
        return Some((6, c.into()));
    }
    let second = rest.get(6..8).filter(|mark| *mark == b"\\u").and_then(|_| hex(rest.get(8..12)?))?;
    let c = char::from_u32(0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF))?;
    Some((12, c.into()))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let all_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all_hex)?, 16).ok()
}

fn decoded(text: &[u8], mark: u8, escape: impl Fn(&[u8]) -> Option<(usize, Decoded)>) -> Option<View> {
    if !text.contains(&mark) {
        return None;
    }
    let mut view = View { bytes: Vec::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
    let mut at = 0;
    let mut any = false;
    while at < text.len() {
        let found = if text[at] == mark { escape(&text[at..]) } else { None };
        any |= found.is_some();
        let (length, decoded) = found.unwrap_or((1, Decoded::Byte(text[at])));
        let place = (at, at + length);
        let mut buffer = [0; 4];
        let bytes = match decoded {
            Decoded::Byte(byte) => {
                buffer[0] = byte;
                &buffer[..1]
            }
            Decoded::Char(c) => c.encode_utf8(&mut buffer).as_bytes(),
        };
        view.bytes.extend_from_slice(bytes);
        view.places.extend(std::iter::repeat_n(place, bytes.len()));
        at += length;
    }
    any.then_some(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(view: Option<View>) -> String {
        String::from_utf8(view.unwrap().bytes).unwrap()
    }

    #[test]
    fn escapes_are_undone_and_found_again() {
        let view = View::of_percents("a%2Fb%c3%a9".as_bytes()).unwrap();
        assert_eq!((view.place(1, 2), view.place(2, 3), view.place(3, 5)), ((1, 4), (4, 5), (5, 11)));
        assert_eq!(text(Some(view)), "a/bé");
        assert!(View::of_percents(b"99 % of %zz").is_none());
        assert_eq!(text(View::of_backslashes(br#"\"a\/\\\x41\u00e9\u{1F600}\ud83d\ude00\q"#)), "\"a/\\Aé😀😀\\q");
        assert!(View::of_backslashes(b"plain").is_none());
    }
}
