//! Times as text: clocks, dates, and RFC 3339 ↔ nanoseconds since the Unix epoch.
//!
//! The parser accepts what Go's `time.Parse(time.RFC3339Nano, …)` accepts, which is what
//! the k8saudit plugin requires of `stageTimestamp`.

const NANOS: u64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years start in March so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// The date (year, month, day) that lies `days` after 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Two digits, below `limit`.
fn two(text: &[u8], at: usize, limit: i64) -> Option<i64> {
    let [a, b] = *text.get(at..)?.first_chunk::<2>()?;
    let value = i64::from(a.wrapping_sub(b'0')) * 10 + i64::from(b.wrapping_sub(b'0'));
    (a.is_ascii_digit() && b.is_ascii_digit() && value < limit).then_some(value)
}

/// Nanoseconds since the epoch of an RFC 3339 time such as
/// `2024-05-01T12:00:00.123456Z` or `…+02:00`.
///
/// `None` when the text is not such a time, or lies before 1970 or behind
/// 2554, which nanoseconds in 64 bits cannot say.
#[must_use]
pub fn parse_rfc3339(text: &[u8]) -> Option<u64> {
    let dividers = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if text.len() < 20 || dividers.iter().any(|&(at, byte)| text[at] != byte) {
        return None;
    }
    let year = two(text, 0, 100)? * 100 + two(text, 2, 100)?;
    let (month, day) = (two(text, 5, 13)?, two(text, 8, 32)?);
    if month == 0 || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let clock = two(text, 11, 24)? * 3600 + two(text, 14, 60)? * 60 + two(text, 17, 60)?;
    let mut rest = &text[19..];
    let mut nanos = 0;
    if let [b'.' | b',', fraction @ ..] = rest {
        let count = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        let digits = fraction[..count].iter().map(|b| u64::from(b - b'0'));
        nanos = digits
            .chain(std::iter::repeat(0))
            .take(9)
            .fold(0, |sum, digit| sum * 10 + digit);
        rest = &fraction[count..];
    }
    let offset = match rest {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
            let seconds = two(rest, 1, 25)? * 3600 + two(rest, 4, 61)? * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * DAY + clock - offset;
    u64::try_from(seconds)
        .ok()?
        .checked_mul(NANOS)?
        .checked_add(nanos)
}

/// Appends `2024-05-01T12:00:00`, in UTC shifted by `offset` seconds; `date`
/// and the clock are joined by `joint`.
pub fn write_clock(ns: u64, offset: i32, joint: Option<char>, out: &mut String) {
    use std::fmt::Write as _;
    let seconds = (ns / NANOS) as i64 + i64::from(offset);
    let (days, clock) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    if let Some(joint) = joint {
        let (year, month, day) = civil_from_days(days);
        let _ = write!(out, "{year:04}-{month:02}-{day:02}{joint}");
    }
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}",
        clock / 3600,
        clock / 60 % 60,
        clock % 60
    );
}

/// `.` and nine digits.
pub fn write_nanos(ns: u64, out: &mut String) {
    use std::fmt::Write as _;
    let _ = write!(out, ".{:09}", ns % NANOS);
}

/// The form of Kubernetes' `MicroTime`: UTC, always six digits.
#[must_use]
pub fn format_micro_time(ns: u64) -> String {
    let mut out = String::with_capacity(27);
    write_clock(ns, 0, Some('T'), &mut out);
    write_nanos(ns, &mut out);
    out.truncate(out.len() - 3);
    out.push('Z');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_what_go_parses() {
        for (text, ns) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2018-10-25T14:09:12Z", 1_540_476_552_000_000_000),
            ("2018-10-25T14:09:12.1Z", 1_540_476_552_100_000_000),
            ("2018-10-25T14:09:12.123456789Z", 1_540_476_552_123_456_789),
            ("2018-10-25T14:09:12,1234567891Z", 1_540_476_552_123_456_789),
            ("2018-10-25T16:09:12+02:00", 1_540_476_552_000_000_000),
            ("2018-10-25T13:39:12-00:30", 1_540_476_552_000_000_000),
            ("2024-02-29T23:59:59.999999Z", 1_709_251_199_999_999_000),
        ] {
            assert_eq!(parse_rfc3339(text.as_bytes()), Some(ns), "{text}");
        }
        for text in [
            "",
            "now",
            "2018-10-25",
            "2018-10-25 14:09:12Z",
            "2018-10-25T14:09:12",
            "2018-02-30T14:09:12Z",
            "2018-13-25T14:09:12Z",
            "2018-10-25T24:09:12Z",
            "2018-10-25T14:09:60Z",
            "2018-10-25T14:09:12.Z",
            "2018-10-25T14:09:12Zx",
            "2018-10-25T14:09:12+0200",
            "1969-12-31T23:59:59Z",
            "9999-01-01T00:00:00Z",
            "2018-10-25t14:09:12z",
            "2018-1a-25T14:09:12Z",
            "2018-10-25T14:09:12.12\u{e9}",
        ] {
            assert_eq!(parse_rfc3339(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn micro_times_come_back(ns in 0..18_000_000_000_000_000_000_u64) {
            prop_assert_eq!(parse_rfc3339(format_micro_time(ns).as_bytes()), Some(ns / 1000 * 1000));
        }
    }
}
