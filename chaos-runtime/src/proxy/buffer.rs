//! The buffers that bytes pass through, shared by all connections of a thread.

use std::cell::RefCell;

/// Bytes read at once. One buffer serves all connections of a thread, for a link keeps only what it can't
/// write at once: an idle connection costs no buffer, and the buffer stays in the processor's cache.
pub(super) const SCRATCH: usize = 256 * 1024;
/// A chunk that fills a buffer to this part keeps it; a smaller one is copied to memory of its size.
const WORTH_KEEPING: usize = SCRATCH / 4;
/// Buffers that wait for their next use; 32 MiB.
const SPARE: usize = 128;

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

#[derive(Default)]
struct Buffers {
    spare: Vec<Box<[u8]>>,
}

/// A buffer to read into, lent by the thread.
pub(super) struct Scratch(Box<[u8]>);

/// Bytes that stay for a while.
#[derive(Debug)]
pub(super) struct Kept {
    memory: Box<[u8]>,
    len: usize,
}

impl Scratch {
    pub(super) fn take() -> Self {
        let spare = BUFFERS.with_borrow_mut(|buffers| buffers.spare.pop());
        Self(spare.unwrap_or_else(|| vec![0; SCRATCH].into_boxed_slice()))
    }

    pub(super) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Keeps some of the bytes: where they are many, by keeping the buffer.
    pub(super) fn keep(mut self, range: std::ops::Range<usize>) -> Kept {
        if range.start == 0 && range.end >= WORTH_KEEPING {
            return Kept { memory: std::mem::take(&mut self.0), len: range.end };
        }
        Kept::from(&self.0[range])
    }
}

impl Kept {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[..self.len]
    }

    /// What they cost.
    pub(super) fn size(&self) -> usize {
        self.memory.len()
    }
}

impl From<&[u8]> for Kept {
    fn from(bytes: &[u8]) -> Self {
        Self { memory: bytes.into(), len: bytes.len() }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.0));
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.memory));
    }
}

fn give_back(memory: Box<[u8]>) {
    if memory.len() == SCRATCH {
        // When the thread ends its spares may be gone before its last connection.
        let _ = BUFFERS.try_with(|buffers| {
            let spare = &mut buffers.borrow_mut().spare;
            if spare.len() < SPARE {
                spare.push(memory);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spares() -> usize {
        BUFFERS.with_borrow(|buffers| buffers.spare.len())
    }

    #[test]
    fn many_bytes_keep_their_buffer_and_it_is_used_again() {
        let mut scratch = Scratch::take();
        scratch.bytes()[WORTH_KEEPING - 1] = 7;
        let at = scratch.bytes().as_ptr();
        let kept = scratch.keep(0..WORTH_KEEPING);
        assert_eq!((kept.bytes().as_ptr(), kept.bytes().len(), kept.bytes().last()), (at, WORTH_KEEPING, Some(&7)));
        assert_eq!((kept.size(), spares()), (SCRATCH, 0));
        drop(kept);
        assert_eq!(spares(), 1);
        assert_eq!(Scratch::take().bytes().as_ptr(), at);
    }

    #[test]
    fn few_bytes_cost_no_more_than_they_are() {
        let mut scratch = Scratch::take();
        scratch.bytes()[..5].copy_from_slice(b"hello");
        let kept = scratch.keep(1..4);
        assert_eq!((kept.bytes(), kept.size(), spares()), (&b"ell"[..], 3, 1));
        drop(kept);
        assert_eq!(spares(), 1, "memory of another size is no buffer");
    }

    #[test]
    fn spares_are_bounded() {
        let all: Vec<_> = (0..SPARE + 9).map(|_| Scratch::take()).collect();
        drop(all);
        assert_eq!(spares(), SPARE);
    }
}
