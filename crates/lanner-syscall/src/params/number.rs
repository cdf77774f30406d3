//! Numbers as text.

use std::fmt;

use bumpalo::Bump;
use lanner_event::schema::Format;

/// An unsigned number of up to eight bytes, little endian. `None` when there
/// are fewer bytes.
pub(crate) fn unsigned(bytes: &[u8], size: u8) -> Option<u64> {
    let bytes = bytes.get(..usize::from(size))?;
    let mut whole = [0; 8];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u64::from_le_bytes(whole))
}

/// A signed number of up to eight bytes, little endian.
pub(crate) fn signed(bytes: &[u8], size: u8) -> Option<i64> {
    let bits = unsigned(bytes, size)?;
    let unused = 64_u32.saturating_sub(u32::from(size) * 8);
    Some((bits << unused) as i64 >> unused)
}

/// A number as C's `printf` shows it: in decimal, four and eight bytes always
/// as signed; negative ones of one and two bytes widened to four otherwise.
pub(crate) fn write(value: i64, size: u8, format: Format, arena: &Bump) -> &[u8] {
    let bits = if size == 8 {
        value as u64
    } else {
        u64::from(value as u32)
    };
    match format {
        Format::Decimal if size == 4 => print(arena, format_args!("{}", value as i32)),
        Format::Decimal => decimal(value, arena),
        Format::Padded => print(arena, format_args!("{value:09}")),
        Format::Hexadecimal => print(arena, format_args!("{bits:X}")),
        Format::Octal if bits == 0 => b"0",
        Format::Octal => print(arena, format_args!("0{bits:o}")),
    }
}

/// What is printed, in the arena.
pub(crate) fn print<'a>(arena: &'a Bump, text: fmt::Arguments<'_>) -> &'a [u8] {
    let mut out = bumpalo::collections::String::new_in(arena);
    // Writing to memory does not fail.
    let _ = fmt::Write::write_fmt(&mut out, text);
    out.into_bump_str().as_bytes()
}

/// Decimal digits.
pub(crate) fn decimal(value: i64, arena: &Bump) -> &[u8] {
    print(arena, format_args!("{value}"))
}

/// Nanoseconds in seconds with six significant digits, as C's `%g` shows them:
/// `1.5s`, `1e-09s`.
pub(crate) fn seconds(ns: u64, arena: &Bump) -> &[u8] {
    let seconds = ns as f64 / 1e9;
    let scientific = format!("{seconds:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = (5 - exponent) as usize;
        let fixed = format!("{seconds:.decimals$}");
        print(arena, format_args!("{}s", without_zeros(&fixed)))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        let exponent = exponent.unsigned_abs();
        let digits = without_zeros(digits);
        print(arena, format_args!("{digits}e{sign}{exponent:02}s"))
    }
}

fn without_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        assert_eq!(unsigned(&[1, 2], 2), Some(0x201));
        assert_eq!(unsigned(&[1], 2), None);
        assert_eq!(signed(&[0xff], 1), Some(-1));
        assert_eq!(signed(&[0xfe, 0xff, 0xff, 0xff], 4), Some(-2));
        assert_eq!(signed(&[0xff; 8], 8), Some(-1));
    }

    #[test]
    fn numbers_are_shown_as_c_shows_them() {
        let arena = Bump::new();
        let cases = [
            (5, 4, Format::Decimal, "5"),
            (0xffff_ffff, 4, Format::Decimal, "-1"),
            (0xffff, 2, Format::Decimal, "65535"),
            (-1, 8, Format::Decimal, "-1"),
            (-1, 1, Format::Hexadecimal, "FFFFFFFF"),
            (-1, 8, Format::Hexadecimal, "FFFFFFFFFFFFFFFF"),
            (0xfd00, 4, Format::Hexadecimal, "FD00"),
            (0o644, 4, Format::Octal, "0644"),
            (0, 4, Format::Octal, "0"),
            (42, 4, Format::Padded, "000000042"),
        ];
        for (value, size, format, expected) in cases {
            assert_eq!(write(value, size, format, &arena), expected.as_bytes());
        }
    }

    #[test]
    fn durations_are_shown_as_c_shows_them() {
        let arena = Bump::new();
        let cases = [
            (0, "0s"),
            (1, "1e-09s"),
            (100_000, "0.0001s"),
            (1_500_000_000, "1.5s"),
            (10_000_000_000, "10s"),
            (123_456_789_000_000, "123457s"),
            (1_234_567_890_000_000, "1.23457e+06s"),
        ];
        for (ns, expected) in cases {
            assert_eq!(seconds(ns, &arena), expected.as_bytes());
        }
    }
}
