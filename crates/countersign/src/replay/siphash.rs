//! SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): short under a secret key, where SHA-256 would be
//! most of an insertion's cost.

/// A key, taken apart.
#[derive(Clone, Copy)]
pub(super) struct SipKey(u64, u64);

impl SipKey {
    pub(super) fn new(key: [u8; 16]) -> Self {
        let [low, high] = halves(u128::from_le_bytes(key));
        Self(low, high)
    }

    /// The tag of `head` and `tail` together, as two little-endian words. `head`'s length is fixed, so no two pairs are
    /// the same message.
    pub(super) fn tag(self, head: &[u8; 32], tail: &[u8]) -> [u64; 2] {
        let mut state = State::new(self);
        let (words, _) = head.as_chunks();
        for word in words {
            state.absorb(u64::from_le_bytes(*word));
        }
        let (words, rest) = tail.as_chunks();
        for word in words {
            state.absorb(u64::from_le_bytes(*word));
        }
        state.finish(head.len() + tail.len(), rest)
    }
}

struct State([u64; 4]);

impl State {
    const fn new(SipKey(k0, k1): SipKey) -> Self {
        Self([
            k0 ^ 0x736f_6d65_7073_6575,
            k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee,
            k0 ^ 0x6c79_6765_6e65_7261,
            k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.rounds(2);
        self.0[0] ^= word;
    }

    /// `rest`: the message's last bytes, fewer than eight. `length`: the whole message's.
    fn finish(mut self, length: usize, rest: &[u8]) -> [u64; 2] {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        last[7] = length as u8;
        self.absorb(u64::from_le_bytes(last));
        self.0[2] ^= 0xee;
        self.rounds(4);
        let low = self.folded();
        self.0[1] ^= 0xdd;
        self.rounds(4);
        [low, self.folded()]
    }

    const fn folded(&self) -> u64 {
        let [a, b, c, d] = self.0;
        a ^ b ^ c ^ d
    }

    fn rounds(&mut self, count: usize) {
        let [mut a, mut b, mut c, mut d] = self.0;
        for _ in 0..count {
            a = a.wrapping_add(b);
            c = c.wrapping_add(d);
            b = b.rotate_left(13) ^ a;
            d = d.rotate_left(16) ^ c;
            a = a.rotate_left(32).wrapping_add(d);
            c = c.wrapping_add(b);
            b = b.rotate_left(17) ^ c;
            d = d.rotate_left(21) ^ a;
            c = c.rotate_left(32);
        }
        self.0 = [a, b, c, d];
    }
}

const fn halves(both: u128) -> [u64; 2] {
    [both as u64, (both >> 64) as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The authors' vectors: key 00 01 .. 0f, message 00 01 ..
    fn bytes(length: u8) -> std::vec::Vec<u8> {
        (0..length).collect()
    }

    fn key() -> SipKey {
        SipKey::new(core::array::from_fn(|i| i as u8))
    }

    fn hex(words: [u64; 2]) -> std::string::String {
        let bytes = words.into_iter().flat_map(u64::to_le_bytes);
        bytes.map(|byte| std::format!("{byte:02x}")).collect()
    }

    #[test]
    fn the_authors_vectors_without_a_whole_word() {
        assert_eq!(
            hex(State::new(key()).finish(0, &[])),
            "a3817f04ba25a8e66df67214c7550293"
        );
        assert_eq!(
            hex(State::new(key()).finish(1, &[0])),
            "da87c1d86b99af44347659119b22fc45"
        );
    }

    #[test]
    fn every_byte_of_both_parts_and_of_the_key_counts() {
        let head: [u8; 32] = core::array::from_fn(|i| i as u8);
        let tail = bytes(31);
        let tag = key().tag(&head, &tail);
        for at in 0..32 {
            let mut other = head;
            other[at] ^= 1;
            assert_ne!(key().tag(&other, &tail), tag);
        }
        for at in 0..31 {
            let mut other = tail.clone();
            other[at] ^= 1;
            assert_ne!(key().tag(&head, &other), tag);
            assert_ne!(key().tag(&head, &tail[..at]), tag);
        }
        for at in 0..16 {
            let mut other: [u8; 16] = core::array::from_fn(|i| i as u8);
            other[at] ^= 1;
            assert_ne!(SipKey::new(other).tag(&head, &tail), tag);
        }
    }
}
