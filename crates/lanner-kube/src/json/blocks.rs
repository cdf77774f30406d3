//! 64 bytes of JSON → bit masks; the positions of everything that is
//! structure, written to a list.

/// One bit for each of 64 bytes.
#[derive(Clone, Copy, Default)]
struct Masks {
    quote: u64,
    backslash: u64,
    /// `{ } [ ] : ,`, also inside strings.
    operator: u64,
    non_ascii: u64,
}

/// What the pass saw besides the positions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The text ended inside a string.
    pub open_string: bool,
    /// A backslash stood outside of every string.
    pub stray_backslash: bool,
    /// There is at least one escape.
    pub escapes: bool,
    /// There is at least one byte above 0x7f.
    pub non_ascii: bool,
}

/// State that crosses from one block to the next.
#[derive(Default)]
struct Carry {
    /// All ones while inside a string.
    in_string: u64,
    /// 1 when the next byte is escaped.
    escaped: u64,
    seen: Seen,
}

const EVEN: u64 = 0x5555_5555_5555_5555;

/// Bytes behind an odd run of backslashes.
#[inline(always)]
fn escaped_bytes(backslash: u64, carry: &mut u64) -> u64 {
    if backslash == 0 {
        return std::mem::take(carry);
    }
    let backslash = backslash & !*carry;
    let follows = (backslash << 1) | *carry;
    let odd_starts = backslash & !EVEN & !follows;
    let (even_runs, overflow) = odd_starts.overflowing_add(backslash);
    *carry = u64::from(overflow);
    (EVEN ^ (even_runs << 1)) & follows
}

/// Each bit becomes the parity of itself and all lower bits: ones from an
/// opening quote up to before the closing one.
#[inline(always)]
fn prefix_parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}

impl Carry {
    /// The positions of one block that matter: operators outside of strings
    /// and opening quotes.
    #[inline(always)]
    fn structure(&mut self, masks: Masks) -> u64 {
        let escaped = escaped_bytes(masks.backslash, &mut self.escaped);
        let quotes = masks.quote & !escaped;
        let in_string = prefix_parity(quotes) ^ self.in_string;
        self.in_string = ((in_string as i64) >> 63) as u64;
        if masks.backslash != 0 {
            self.seen.escapes = true;
            self.seen.stray_backslash |= masks.backslash & !in_string != 0;
        }
        self.seen.non_ascii |= masks.non_ascii != 0;
        (masks.operator & !in_string) | (quotes & in_string)
    }
}

/// Writes the position of every set bit; `out` has 64 spare slots from `at`.
#[inline(always)]
fn write_positions(mut bits: u64, base: u32, out: &mut [u32; 64]) -> usize {
    let count = bits.count_ones() as usize;
    // Eight at a time without a branch per bit: surplus writes land in slots
    // that the next block overwrites.
    let mut at = 0;
    while at < count {
        for slot in &mut out[at..at + 8] {
            *slot = base.wrapping_add(bits.trailing_zeros());
            bits &= bits.wrapping_sub(1);
        }
        at += 8;
    }
    count
}

/// One full pass with `masks_of` as the classifier. Inlined into one function
/// for each instruction set.
#[inline(always)]
fn pass(text: &[u8], out: &mut Vec<u32>, masks_of: impl Fn(&[u8; 64]) -> Masks) -> (usize, Seen) {
    let mut carry = Carry::default();
    let mut written = 0;
    let (blocks, rest) = text.as_chunks::<64>();
    let mut padded = [b' '; 64];
    padded[..rest.len()].copy_from_slice(rest);
    for (number, block) in blocks.iter().chain(std::iter::once(&padded)).enumerate() {
        let bits = carry.structure(masks_of(block));
        if out.len() < written + 64 {
            // Grows to the densest text once and stays that long.
            out.resize((out.len() * 2).max(written + 1024), 0);
        }
        let slots = out[written..]
            .first_chunk_mut::<64>()
            .expect("resized above");
        written += write_positions(bits, (number * 64) as u32, slots);
    }
    carry.seen.open_string = carry.in_string != 0;
    (written, carry.seen)
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Masks, Seen, pass};
    use std::arch::x86_64::*;

    #[inline(always)]
    fn sse2_masks(block: &[u8; 64]) -> Masks {
        let mut masks = Masks::default();
        let (lanes, _) = block.as_chunks::<16>();
        for (lane, bytes) in lanes.iter().enumerate() {
            // SAFETY: SSE2 is part of the x86-64 baseline, and `bytes` is 16
            // readable bytes; the load has no alignment requirement.
            let (quote, backslash, operator, high) = unsafe {
                let v = _mm_loadu_si128(bytes.as_ptr().cast());
                // 0x20 joins `[` with `{` and `]` with `}`, and maps no other
                // byte but 0x5b/0x5d onto them.
                let joined = _mm_or_si128(v, _mm_set1_epi8(0x20));
                let is = |v, byte: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(byte as i8));
                let operator = _mm_or_si128(
                    _mm_or_si128(is(joined, b'{'), is(joined, b'}')),
                    _mm_or_si128(is(v, b':'), is(v, b',')),
                );
                (
                    _mm_movemask_epi8(is(v, b'"')),
                    _mm_movemask_epi8(is(v, b'\\')),
                    _mm_movemask_epi8(operator),
                    _mm_movemask_epi8(v),
                )
            };
            let at = |mask: i32| u64::from(mask as u32) << (16 * lane);
            masks.quote |= at(quote);
            masks.backslash |= at(backslash);
            masks.operator |= at(operator);
            masks.non_ascii |= at(high);
        }
        masks
    }

    #[target_feature(enable = "avx2")]
    #[inline]
    fn avx2_masks(block: &[u8; 64]) -> Masks {
        let mut masks = Masks::default();
        let (lanes, _) = block.as_chunks::<32>();
        for (lane, bytes) in lanes.iter().enumerate() {
            // SAFETY: `bytes` is 32 readable bytes; the load has no alignment
            // requirement. AVX2 is enabled for this function.
            let v = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            let joined = _mm256_or_si256(v, _mm256_set1_epi8(0x20));
            let is = |v, byte: u8| _mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte as i8));
            let operator = _mm256_or_si256(
                _mm256_or_si256(is(joined, b'{'), is(joined, b'}')),
                _mm256_or_si256(is(v, b':'), is(v, b',')),
            );
            let at = |v| u64::from(_mm256_movemask_epi8(v) as u32) << (32 * lane);
            masks.quote |= at(is(v, b'"'));
            masks.backslash |= at(is(v, b'\\'));
            masks.operator |= at(operator);
            masks.non_ascii |= at(v);
        }
        masks
    }

    pub fn pass_sse2(text: &[u8], out: &mut Vec<u32>) -> (usize, Seen) {
        pass(text, out, sse2_masks)
    }

    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    pub fn pass_avx2(text: &[u8], out: &mut Vec<u32>) -> (usize, Seen) {
        pass(text, out, |block| avx2_masks(block))
    }

    pub fn has_avx2() -> bool {
        is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
    }
}

/// The classifier for every other machine; compiles to vector compares where
/// the target has them.
#[cfg_attr(target_arch = "x86_64", allow(dead_code))]
#[inline(always)]
fn portable_masks(block: &[u8; 64]) -> Masks {
    /// Gathers the lowest bit of eight bytes into eight bits.
    fn gather(flags: &[u8; 64]) -> u64 {
        let (words, _) = flags.as_chunks::<8>();
        let bits =
            |word: &[u8; 8]| u64::from_le_bytes(*word).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        (0..8).fold(0, |mask, at| mask | (bits(&words[at]) << (8 * at)))
    }
    let operator =
        |b: u8| u8::from(matches!(b | 0x20, b'{' | b'}')) | u8::from(b == b':' || b == b',');
    Masks {
        quote: gather(&block.map(|b| u8::from(b == b'"'))),
        backslash: gather(&block.map(|b| u8::from(b == b'\\'))),
        operator: gather(&block.map(operator)),
        non_ascii: gather(&block.map(|b| b >> 7)),
    }
}

/// Writes the positions of all structure in `text` (less than 4 GiB) to the
/// front of `out`, which grows as needed, and returns how many there are.
pub fn find_structure(text: &[u8], out: &mut Vec<u32>) -> (usize, Seen) {
    #[cfg(target_arch = "x86_64")]
    {
        if x86::has_avx2() {
            // SAFETY: the features that the function is compiled for were
            // found on this machine just now (the answer is cached by std).
            return unsafe { x86::pass_avx2(text, out) };
        }
        x86::pass_sse2(text, out)
    }
    #[cfg(not(target_arch = "x86_64"))]
    pass(text, out, portable_masks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Finder = dyn Fn(&[u8], &mut Vec<u32>) -> (usize, Seen);

    /// The same by reading one byte after the other.
    fn naive(text: &[u8]) -> (Vec<u32>, Seen) {
        let (mut out, mut seen) = (Vec::new(), Seen::default());
        let (mut in_string, mut escaped) = (false, false);
        for (at, &byte) in text.iter().enumerate() {
            seen.non_ascii |= byte >= 0x80;
            seen.escapes |= byte == b'\\';
            seen.stray_backslash |= byte == b'\\' && !in_string;
            let was_escaped = escaped;
            escaped = byte == b'\\' && !was_escaped;
            if byte == b'"' && !was_escaped {
                if !in_string {
                    out.push(at as u32);
                }
                in_string = !in_string;
            } else if !in_string && b"{}[]:,".contains(&byte) {
                out.push(at as u32);
            }
        }
        seen.open_string = in_string;
        (out, seen)
    }

    proptest! {
        #[test]
        fn every_classifier_agrees_with_reading_bytes(
            text in prop::collection::vec(prop::sample::select(&b"\"\"\"\\\\{}[]:, az\x1b\x5b\x5d\x00\x02\x1a\x0c\xff\xfb\xc3\n"[..]), 0..400)
        ) {
            let expected = naive(&text);
            let run = |f: &Finder| {
                let mut out = vec![7; 3];
                let (count, seen) = f(&text, &mut out);
                (out[..count].to_vec(), seen)
            };
            prop_assert_eq!(&run(&find_structure), &expected);
            prop_assert_eq!(&run(&|text, out| pass(text, out, portable_masks)), &expected);
            #[cfg(target_arch = "x86_64")]
            prop_assert_eq!(&run(&x86::pass_sse2), &expected);
        }
    }
}
