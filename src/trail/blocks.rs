//! Sixty-four bytes of JSON at a time: which of them are braces outside of strings.

use wide::u8x16;

/// How many bytes are looked at together.
pub(super) const BLOCK: usize = 64;

const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;

/// Whether the next byte stands inside a string, and whether a backslash stands before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Strings {
    /// All ones inside a string, else zero.
    inside: u64,
    /// 1 if the next byte is escaped.
    escaped: u64,
}

/// The braces of a block that stand outside of strings, a bit for each byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Braces {
    pub(super) opening: u64,
    pub(super) closing: u64,
}

impl Strings {
    /// Whether the next byte stands inside a string.
    pub(super) fn is_inside(self) -> bool {
        self.inside != 0
    }

    /// The braces of the next block.
    #[inline]
    pub(super) fn next(&mut self, block: &[u8; BLOCK]) -> Braces {
        let parts: [u8x16; 4] = bytemuck::cast(*block);
        let mask = |byte: u8| {
            let wanted = u8x16::splat(byte);
            parts.iter().rev().fold(0_u64, |mask, part| {
                // A mask of sixteen lanes is never negative.
                mask << 16 | u64::from(part.cmp_eq(wanted).move_mask().cast_unsigned())
            })
        };
        let escaped = self.escapes(mask(b'\\'));
        let quotes = mask(b'"') & !escaped;
        let inside = between(quotes) ^ self.inside;
        // The last byte's state goes on.
        self.inside = (inside.cast_signed() >> 63).cast_unsigned();
        Braces { opening: mask(b'{') & !inside, closing: mask(b'}') & !inside }
    }

    /// Which bytes have an odd number of backslashes before them.
    /// The carry of a subtraction runs through each run of backslashes, as in simdjson's paper,
    /// <https://arxiv.org/abs/1902.08318>.
    #[inline]
    fn escapes(&mut self, backslashes: u64) -> u64 {
        if backslashes == 0 {
            return std::mem::take(&mut self.escaped);
        }
        let before = self.escaped;
        let escaping = backslashes & !before;
        let codes = ((escaping << 1 | ODD).wrapping_sub(escaping)) ^ ODD;
        self.escaped = (codes & backslashes) >> 63;
        codes ^ (backslashes | before)
    }
}

/// The bits from each odd quote up to the next one.
#[inline]
fn between(mut quotes: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        quotes ^= quotes << shift;
    }
    quotes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, a byte at a time.
    fn slowly(text: &[u8]) -> (Vec<usize>, Vec<usize>, bool) {
        let (mut inside, mut escaped) = (false, false);
        let (mut opening, mut closing) = (Vec::new(), Vec::new());
        for (at, byte) in text.iter().enumerate() {
            let is_escaped = std::mem::take(&mut escaped);
            match byte {
                b'\\' if !is_escaped => escaped = true,
                b'"' if !is_escaped => inside = !inside,
                b'{' if !inside => opening.push(at),
                b'}' if !inside => closing.push(at),
                _ => {}
            }
        }
        (opening, closing, inside)
    }

    proptest! {
        #[test]
        fn blocks_agree_with_one_byte_at_a_time(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\\'), Just(b'"'), Just(b'{'), Just(b'}'), Just(b'a'), any::<u8>()],
                0..5 * BLOCK,
            )
        ) {
            let whole = bytes.len() / BLOCK * BLOCK;
            let bytes = &bytes[..whole];
            let mut strings = Strings::default();
            let (mut opening, mut closing) = (Vec::new(), Vec::new());
            for (number, block) in bytes.chunks_exact(BLOCK).enumerate() {
                let braces = strings.next(block.try_into().unwrap());
                let places = |mask: u64| (0..BLOCK).filter(move |bit| mask >> bit & 1 == 1);
                opening.extend(places(braces.opening).map(|bit| number * BLOCK + bit));
                closing.extend(places(braces.closing).map(|bit| number * BLOCK + bit));
            }
            let (opens, closes, inside) = slowly(bytes);
            prop_assert_eq!(opening, opens);
            prop_assert_eq!(closing, closes);
            prop_assert_eq!(strings.is_inside(), inside);
        }
    }
}
