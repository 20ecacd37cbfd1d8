//! Sixty-four bytes of JSON at a time: which of them are braces outside of strings.
//!
//! The bytes are compared with what the processor has: [`passing`] is made once for each kind of processor.

use multiversion::multiversion;
use multiversion::target::match_target;

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

/// Parts of `errorCode` that little else of an event has. Wherever the word begins, one of them begins at a
/// multiple of its own length.
const PAIR: [u8; 2] = *b"rC";
const FOURS: [[u8; 4]; 2] = [*b"orCo", *b"rror"];

/// What a block holds, a bit for each byte.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    quotes: u64,
    backslashes: u64,
    opening: u64,
    closing: u64,
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

    /// The braces of the next block; `between` gives the bits from each odd quote up to the next one.
    #[inline(always)]
    fn next(&mut self, found: Found, between: impl Fn(u64) -> u64) -> Braces {
        let quotes = found.quotes & !self.escapes(found.backslashes);
        let inside = between(quotes) ^ self.inside;
        // The last byte's state goes on.
        self.inside = (inside.cast_signed() >> 63).cast_unsigned();
        Braces { opening: found.opening & !inside, closing: found.closing & !inside }
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
    /// The braces of the last block of them, of which one begins or ends a piece.
    pub(super) braces: Option<Braces>,
    /// Whether `errorCode` may stand in what was passed, or end there.
    pub(super) may_have_code: bool,
    /// Whether a part of it stands in the last block.
    pub(super) code_in_last: bool,
}

/// Passes over blocks up to the first that has a brace which begins or ends a piece; `floor` is the
/// depth below which one ends, where one is being followed.
#[multiversion(targets("x86_64+avx2+bmi1+pclmulqdq+popcnt"))]
pub(super) fn pass(
    bytes: &[u8],
    strings: &mut Strings,
    depth: &mut usize,
    floor: Option<usize>,
) -> Calm {
    match_target! {
        "x86_64+avx2+bmi1+pclmulqdq+popcnt" => avx2::pass(bytes, strings, depth, floor),
        _ => every::pass(bytes, strings, depth, floor),
    }
}

/// The same, with what finds the bytes of a block, and notes parts of `errorCode`; how many bytes were passed,
/// and the braces of the last block of them.
#[inline(always)]
fn passing(
    bytes: &[u8],
    strings: &mut Strings,
    depth: &mut usize,
    floor: Option<usize>,
    mut find: impl FnMut(&[u8; BLOCK]) -> Found,
    between: impl Fn(u64) -> u64,
) -> (usize, Option<Braces>) {
    let mut own = *strings;
    let floor = floor.unwrap_or(usize::MAX / 2);
    // How many braces may close before one ends a piece.
    let mut slack = depth.wrapping_sub(floor).cast_signed();
    let mut blocks = bytes.as_chunks::<BLOCK>().0.iter();
    let mut last = None;
    for block in blocks.by_ref() {
        let braces = own.next(find(block), &between);
        let closed = braces.closing.count_ones().cast_signed() as isize;
        // Whatever their order, so few of them end nothing; else the order counts.
        if slack < closed && braces.ends(floor.wrapping_add_signed(slack), floor) {
            last = Some(braces);
            break;
        }
        slack += braces.opening.count_ones().cast_signed() as isize - closed;
    }
    *strings = own;
    *depth = floor.wrapping_add_signed(slack);
    let left = blocks.as_slice().len() * BLOCK + bytes.len() % BLOCK;
    (bytes.len() - left, last)
}

impl Calm {
    /// What was passed, with a look at whether a block has a part of `errorCode`.
    #[inline(always)]
    fn of(
        bytes: &[u8],
        (passed, braces): (usize, Option<Braces>),
        may_have_code: bool,
        has_part: impl Fn(&[u8; BLOCK]) -> bool,
    ) -> Self {
        let last = bytes.get(..passed).and_then(|bytes| bytes.last_chunk());
        let code_in_last = may_have_code && braces.is_some() && last.is_some_and(has_part);
        Self { passed, braces, may_have_code, code_in_last }
    }
}

impl Braces {
    /// Whether one of them ends what is `floor` deep; `now` is how deep the block begins.
    #[inline]
    fn ends(self, now: usize, floor: usize) -> bool {
        if now < floor {
            return self.opening | self.closing != 0;
        }
        let (mut closing, mut closed) = (self.closing, 0);
        while closing != 0 {
            let before = (closing & closing.wrapping_neg()) - 1;
            let deep = now + (self.opening & before).count_ones() as usize - closed;
            if deep <= floor {
                return true;
            }
            closed += 1;
            closing &= closing - 1;
        }
        false
    }
}

/// What every processor can do, eight or, as the compiler sees fit, more bytes at once.
mod every {
    use super::{BLOCK, Calm, FOURS, Found, PAIR, Strings, passing};

    const ONES: u64 = 0x0101_0101_0101_0101;
    const SEVENS: u64 = 0x7F7F_7F7F_7F7F_7F7F;

    pub(super) fn pass(
        bytes: &[u8],
        strings: &mut Strings,
        depth: &mut usize,
        floor: Option<usize>,
    ) -> Calm {
        let mut parts = 0;
        let find = |block: &[u8; BLOCK]| {
            parts |= self::parts(block);
            find(block)
        };
        let passed = passing(bytes, strings, depth, floor, find, between);
        Calm::of(bytes, passed, parts != 0, |block| self::parts(block) != 0)
    }

    /// Not 0 if the block has a part of `errorCode`.
    fn parts(block: &[u8; BLOCK]) -> u32 {
        let is_pair =
            |two: &[u8; 2]| u32::from(u16::from_le_bytes(*two) == u16::from_le_bytes(PAIR));
        let is_four = |four: &[u8; 4]| {
            let four = u32::from_le_bytes(*four);
            FOURS.into_iter().fold(0, |all, one| all | u32::from(four == u32::from_le_bytes(one)))
        };
        let pairs = block.as_chunks().0.iter().fold(0, |all, two| all | is_pair(two));
        block.as_chunks().0.iter().fold(pairs, |all, four| all | is_four(four))
    }

    #[inline]
    pub(super) fn find(block: &[u8; BLOCK]) -> Found {
        let (mut odd, mut stops) = ([0_u8; 16], [0_u8; 16]);
        for part in block.as_chunks::<16>().0 {
            for ((odd, stop), byte) in odd.iter_mut().zip(&mut stops).zip(part) {
                *odd ^= u8::from(*byte == b'"');
                // Braces are the first letters behind `z`, and above 0x7F is what is no letter.
                *stop |= u8::from(byte.cast_signed() > b'z'.cast_signed());
                *stop |= u8::from(*byte == b'\\');
            }
        }
        if stops.iter().fold(0, |all, one| all | one) == 0 {
            // Nobody asks where the quotes are, but whether they are odd in number; the first may be escaped.
            let odd = odd.iter().fold(0, |all, one| all ^ one);
            let first = u8::from(block[0] == b'"');
            return Found { quotes: u64::from(first | (odd ^ first) << 1), ..Found::default() };
        }
        Found {
            quotes: mask(block, b'"'),
            backslashes: mask(block, b'\\'),
            opening: mask(block, b'{'),
            closing: mask(block, b'}'),
        }
    }

    /// Which bytes of the block are this one.
    fn mask(block: &[u8; BLOCK], byte: u8) -> u64 {
        let wanted = u64::from(byte) * ONES;
        block.as_chunks::<8>().0.iter().rev().fold(0, |mask, eight| {
            let differing = u64::from_le_bytes(*eight) ^ wanted;
            // The highest bit of each byte that is zero.
            let same = !(((differing & SEVENS) + SEVENS) | differing | SEVENS);
            mask << 8 | (same >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
        })
    }

    /// The bits from each odd quote up to the next one.
    #[inline]
    pub(super) fn between(mut quotes: u64) -> u64 {
        for shift in [1, 2, 4, 8, 16, 32] {
            quotes ^= quotes << shift;
        }
        quotes
    }
}

/// Thirty-two bytes at once.
#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::{
        __m256i, _mm_clmulepi64_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm256_cmpeq_epi8,
        _mm256_cmpeq_epi16, _mm256_cmpeq_epi32, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
        _mm256_testz_si256,
    };

    use super::{BLOCK, Calm, FOURS, Found, PAIR, Strings, passing};

    #[target_feature(enable = "avx2,bmi1,pclmulqdq,popcnt")]
    pub(super) fn pass(
        bytes: &[u8],
        strings: &mut Strings,
        depth: &mut usize,
        floor: Option<usize>,
    ) -> Calm {
        let mut parts = _mm256_setzero_si256();
        let find = |block: &[u8; BLOCK]| {
            parts = _mm256_or_si256(parts, self::parts(block));
            find(block)
        };
        let passed = passing(bytes, strings, depth, floor, find, |quotes| between(quotes));
        Calm::of(bytes, passed, any(parts), |block| any(self::parts(block)))
    }

    /// Whether a bit of it is set.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn any(vector: __m256i) -> bool {
        _mm256_testz_si256(vector, vector) == 0
    }

    /// Not 0 if the block has a part of `errorCode`.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn parts(block: &[u8; BLOCK]) -> __m256i {
        let [low, high]: [__m256i; 2] = bytemuck::cast(*block);
        let wanted = _mm256_set1_epi16(i16::from_le_bytes(PAIR));
        let pairs =
            _mm256_or_si256(_mm256_cmpeq_epi16(low, wanted), _mm256_cmpeq_epi16(high, wanted));
        FOURS.into_iter().fold(pairs, |all, four| {
            let wanted = _mm256_set1_epi32(i32::from_le_bytes(four));
            let low = _mm256_or_si256(all, _mm256_cmpeq_epi32(low, wanted));
            _mm256_or_si256(low, _mm256_cmpeq_epi32(high, wanted))
        })
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn find(block: &[u8; BLOCK]) -> Found {
        let [low, high]: [__m256i; 2] = bytemuck::cast(*block);
        let same = |byte: u8| {
            let wanted = _mm256_set1_epi8(byte.cast_signed());
            (_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted))
        };
        let mask = |(low, high)| {
            let low = _mm256_movemask_epi8(low).cast_unsigned();
            u64::from(low) | u64::from(_mm256_movemask_epi8(high).cast_unsigned()) << 32
        };
        let backslashes = same(b'\\');
        Found {
            quotes: mask(same(b'"')),
            // There are hardly any.
            backslashes: match any(_mm256_or_si256(backslashes.0, backslashes.1)) {
                true => mask(backslashes),
                false => 0,
            },
            opening: mask(same(b'{')),
            closing: mask(same(b'}')),
        }
    }

    /// A product without carries, by a number that is all ones.
    #[inline]
    #[target_feature(enable = "pclmulqdq")]
    pub(super) fn between(quotes: u64) -> u64 {
        let quotes = _mm_set_epi64x(0, quotes.cast_signed());
        let product = _mm_clmulepi64_si128::<0>(quotes, _mm_set_epi64x(0, -1));
        _mm_cvtsi128_si64(product).cast_unsigned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same, a byte at a time: the braces, whether a string goes on, and each end of a piece that begins
    /// two deep.
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

    /// Whole blocks, many of them without a brace.
    fn blocks() -> impl Strategy<Value = Vec<u8>> {
        let wild = prop_oneof![
            Just(b'\\'),
            Just(b'"'),
            Just(b'{'),
            Just(b'}'),
            Just(b'r'),
            Just(b'C'),
            any::<u8>()
        ];
        let calm = prop_oneof![8 => Just(b'a'), 2 => Just(b'r'), 2 => Just(b'"'), 1 => Just(b'z'), 1 => Just(0xC3)];
        let block = prop_oneof![
            proptest::collection::vec(wild, BLOCK),
            (proptest::collection::vec(calm, BLOCK), prop_oneof![Just(b'a'), Just(b'\\')])
                .prop_map(|(mut block, last)| {
                    block[BLOCK - 1] = last;
                    block
                }),
        ];
        proptest::collection::vec(block, 0..6).prop_map(|blocks| blocks.concat())
    }

    fn agree(
        bytes: &[u8],
        find: impl Fn(&[u8; BLOCK]) -> Found,
        between: impl Fn(u64) -> u64,
    ) -> Result<(), TestCaseError> {
        let mut strings = Strings::default();
        let (mut opening, mut closing) = (Vec::new(), Vec::new());
        for (number, block) in bytes.as_chunks::<BLOCK>().0.iter().enumerate() {
            let braces = strings.next(find(block), &between);
            let places = |mask: u64| (0..BLOCK).filter(move |bit| mask >> bit & 1 == 1);
            opening.extend(places(braces.opening).map(|bit| number * BLOCK + bit));
            closing.extend(places(braces.closing).map(|bit| number * BLOCK + bit));
        }
        let (opens, closes, inside) = slowly(bytes);
        prop_assert_eq!(opening, opens);
        prop_assert_eq!(closing, closes);
        prop_assert_eq!(strings.is_inside(), inside);
        Ok(())
    }

    /// What the processor of whoever runs the tests has, besides what every processor has.
    #[multiversion(targets("x86_64+avx2+bmi1+pclmulqdq+popcnt"))]
    fn agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
        match_target! {
            "x86_64+avx2+bmi1+pclmulqdq+popcnt" => {
                agree(bytes, |block| avx2::find(block), |quotes| avx2::between(quotes))
            }
            _ => agree(bytes, every::find, every::between),
        }
    }

    proptest! {
        #[test]
        fn blocks_agree_with_one_byte_at_a_time(bytes in blocks()) {
            agree(&bytes, every::find, every::between)?;
            agrees(&bytes)?;
        }

        #[test]
        fn a_piece_ends_where_it_ends(bytes in blocks(), depth in 2_usize..5) {
            // The first block in which a brace closes what is two deep.
            let (opens, closes, _) = slowly(&bytes);
            let mut deep = depth;
            let ending = (0..bytes.len()).find(|at| {
                deep += usize::from(opens.contains(at));
                let closes = closes.contains(at);
                deep -= usize::from(closes);
                closes && deep < 2
            });
            for pass in [pass, every::pass] {
                let mut now = depth;
                let calm = pass(&bytes, &mut Strings::default(), &mut now, Some(2));
                prop_assert_eq!(calm.braces.is_some(), ending.is_some());
                let passed = ending.map_or(bytes.len(), |at| (at / BLOCK + 1) * BLOCK);
                prop_assert_eq!(calm.passed, passed);
            }
        }
    }

    #[test]
    fn the_word_is_noticed_wherever_it_stands() {
        for at in 0..2 * BLOCK {
            let mut text = vec![b' '; 4 * BLOCK];
            text[at..at + 9].copy_from_slice(b"errorCode");
            text[3 * BLOCK] = b'}';
            for pass in [pass, every::pass] {
                let calm = pass(&text, &mut Strings::default(), &mut 2, Some(2));
                assert!(calm.may_have_code && !calm.code_in_last, "{at}");
                let calm = pass(&text[3 * BLOCK..], &mut Strings::default(), &mut 2, Some(2));
                assert!(!calm.may_have_code, "{at}");
                text[3 * BLOCK + 1..][..9].copy_from_slice(b"errorCode");
                let calm = pass(&text, &mut Strings::default(), &mut 2, Some(2));
                assert!(calm.code_in_last, "{at}");
                text[3 * BLOCK + 1..][..9].fill(b' ');
            }
        }
    }
}
