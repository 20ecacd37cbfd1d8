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
    /// 1 if the last byte was the first of [`PAIR`].
    halved: u64,
}

/// Two bytes that stand together in `errorCode`, and in little else of an event.
const PAIR: [u8; 2] = *b"rC";

/// The braces of a block that stand outside of strings, a bit for each byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Braces {
    pub(super) opening: u64,
    pub(super) closing: u64,
    /// Not 0 if the two bytes of `PAIR` end in the block.
    pub(super) pairs: u64,
}

/// Compares the bytes of a block, with what the processor has.
pub(super) trait Compare: Copy {
    /// For each of these bytes, which of the block's bytes are it.
    fn masks<const N: usize>(self, block: &[u8; BLOCK], bytes: [u8; N]) -> [u64; N];
}

/// Sixteen bytes at once: what every processor of its kind has.
#[derive(Clone, Copy)]
pub(super) struct Sixteen;

impl Compare for Sixteen {
    #[inline(always)]
    fn masks<const N: usize>(self, block: &[u8; BLOCK], bytes: [u8; N]) -> [u64; N] {
        let parts: [u8x16; 4] = bytemuck::cast(*block);
        bytes.map(|byte| {
            let wanted = u8x16::splat(byte);
            parts.iter().rev().fold(0_u64, |mask, part| {
                // A mask of sixteen lanes is never negative.
                mask << 16 | u64::from(part.cmp_eq(wanted).move_mask().cast_unsigned())
            })
        })
    }
}

/// Thirty-two bytes at once, with AVX2.
#[cfg(target_arch = "x86_64")]
impl Compare for pulp::x86::V3 {
    #[inline(always)]
    fn masks<const N: usize>(self, block: &[u8; BLOCK], bytes: [u8; N]) -> [u64; N] {
        let parts: [core::arch::x86_64::__m256i; 2] = bytemuck::cast(*block);
        let [low, high] = parts;
        let mut masks = [0; N];
        for (mask, byte) in masks.iter_mut().zip(bytes) {
            let wanted = self.avx._mm256_set1_epi8(byte.cast_signed());
            let low = self.avx2._mm256_movemask_epi8(self.avx2._mm256_cmpeq_epi8(low, wanted));
            let high = self.avx2._mm256_movemask_epi8(self.avx2._mm256_cmpeq_epi8(high, wanted));
            *mask = u64::from(low.cast_unsigned()) | u64::from(high.cast_unsigned()) << 32;
        }
        masks
    }
}

impl Strings {
    /// Whether the next byte stands inside a string.
    pub(super) fn is_inside(self) -> bool {
        self.inside != 0
    }

    /// The braces of the next block.
    #[inline(always)]
    pub(super) fn next<C: Compare>(&mut self, compare: C, block: &[u8; BLOCK]) -> Braces {
        let [backslashes, quotes, opening, closing, one, two] =
            compare.masks(block, [b'\\', b'"', b'{', b'}', PAIR[0], PAIR[1]]);
        let pairs = (one << 1 | self.halved) & two;
        self.halved = one >> 63;
        let quotes = quotes & !self.escapes(backslashes);
        if opening | closing == 0 {
            // Each quote begins or ends a string, and nobody asks where.
            let odd = u64::from(quotes.count_ones() & 1);
            self.inside ^= odd.wrapping_neg();
            return Braces { opening, closing, pairs };
        }
        let inside = between(quotes) ^ self.inside;
        // The last byte's state goes on.
        self.inside = (inside.cast_signed() >> 63).cast_unsigned();
        Braces { opening: opening & !inside, closing: closing & !inside, pairs }
    }

    /// Which bytes have an odd number of backslashes before them.
    /// The carry of a subtraction runs through each run of backslashes, as in simdjson's paper,
    /// <https://arxiv.org/abs/1902.08318>.
    #[inline(always)]
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

/// How far one may go without stopping.
pub(super) struct Calm {
    /// So many bytes were passed, whole blocks.
    pub(super) passed: usize,
    /// The braces of the last block of them, of which one may matter.
    pub(super) braces: Option<Braces>,
    /// Whether `errorCode` may stand in what was passed, or end there.
    pub(super) may_have_code: bool,
}

/// Passes over blocks up to the first that has a brace which may begin or end a piece; `floor` is the
/// depth below which one ends, where one is being followed.
#[inline(always)]
pub(super) fn pass<C: Compare>(
    compare: C,
    bytes: &[u8],
    strings: &mut Strings,
    depth: &mut usize,
    floor: Option<usize>,
) -> Calm {
    let mut own = *strings;
    let mut now = *depth;
    let floor = floor.unwrap_or(usize::MAX / 2);
    let mut passed = 0;
    let mut braces = None;
    let mut pairs = 0;
    let mut rest = bytes;
    while let Some((block, tail)) = rest.split_first_chunk::<BLOCK>() {
        rest = tail;
        let found = own.next(compare, block);
        passed += BLOCK;
        pairs |= found.pairs;
        if found.opening | found.closing == 0 {
            continue;
        }
        let closing = found.closing.count_ones() as usize;
        if now < floor + closing {
            braces = Some(found);
            break;
        }
        // Whatever their order, none of them ends the piece.
        now = now + found.opening.count_ones() as usize - closing;
    }
    *strings = own;
    *depth = now;
    Calm { passed, braces, may_have_code: pairs != 0 }
}

/// A call of [`pass`], compiled for AVX2.
#[cfg(target_arch = "x86_64")]
struct Passing<'p> {
    avx2: pulp::x86::V3,
    bytes: &'p [u8],
    strings: &'p mut Strings,
    depth: &'p mut usize,
    floor: Option<usize>,
}

#[cfg(target_arch = "x86_64")]
impl pulp::NullaryFnOnce for Passing<'_> {
    type Output = Calm;

    #[inline(always)]
    fn call(self) -> Calm {
        pass(self.avx2, self.bytes, self.strings, self.depth, self.floor)
    }
}

/// What the processor has.
#[derive(Clone, Copy)]
pub(super) struct Comparing {
    #[cfg(target_arch = "x86_64")]
    avx2: Option<pulp::x86::V3>,
}

impl Default for Comparing {
    fn default() -> Self {
        Self {
            #[cfg(target_arch = "x86_64")]
            avx2: pulp::x86::V3::try_new(),
        }
    }
}

impl Comparing {
    /// Passes over blocks; see [`pass`].
    pub(super) fn pass(
        self,
        bytes: &[u8],
        strings: &mut Strings,
        depth: &mut usize,
        floor: Option<usize>,
    ) -> Calm {
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = self.avx2 {
            return avx2.vectorize(Passing { avx2, bytes, strings, depth, floor });
        }
        pass(Sixteen, bytes, strings, depth, floor)
    }
}

/// The bits from each odd quote up to the next one.
#[inline(always)]
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
                prop_oneof![Just(b'\\'), Just(b'"'), Just(b'{'), Just(b'}'), Just(b'r'), Just(b'C'), any::<u8>()],
                0..5 * BLOCK,
            )
        ) {
            let whole = bytes.len() / BLOCK * BLOCK;
            let bytes = &bytes[..whole];
            let mut strings = Strings::default();
            let (mut opening, mut closing) = (Vec::new(), Vec::new());
            let mut pairs = 0;
            for (number, block) in bytes.chunks_exact(BLOCK).enumerate() {
                let braces = strings.next(Sixteen, block.try_into().unwrap());
                let places = |mask: u64| (0..BLOCK).filter(move |bit| mask >> bit & 1 == 1);
                opening.extend(places(braces.opening).map(|bit| number * BLOCK + bit));
                closing.extend(places(braces.closing).map(|bit| number * BLOCK + bit));
                pairs += braces.pairs.count_ones() as usize;
            }
            let (opens, closes, inside) = slowly(bytes);
            prop_assert_eq!(opening, opens);
            prop_assert_eq!(closing, closes);
            prop_assert_eq!(strings.is_inside(), inside);
            prop_assert_eq!(pairs, bytes.windows(2).filter(|two| *two == PAIR).count());
        }
    }
}
