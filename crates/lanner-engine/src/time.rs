//! Times as Falco prints them.

use std::io::Write as _;

const NANOSECONDS: u64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// How the time at the beginning of an output looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeStyle {
    /// `2026-11-23T07:44:11.376269520+0000` instead of `07:44:11.376269520`,
    /// always in UTC (Falco's `time_format_iso_8601`).
    pub iso: bool,
    /// Seconds east of Greenwich of the time of day that is not `iso`. Falco
    /// prints the local time of day.
    pub utc_offset_seconds: i32,
}

impl TimeStyle {
    /// The output field that holds the time.
    pub(crate) fn key(self) -> &'static str {
        if self.iso {
            "evt.time.iso8601"
        } else {
            "evt.time"
        }
    }

    /// Appends the time.
    pub(crate) fn push(self, time_ns: u64, out: &mut Vec<u8>) {
        if self.iso {
            push_date_time(time_ns, out);
            out.extend_from_slice(b"+0000");
            return;
        }
        let seconds = (time_ns / NANOSECONDS) as i64 + i64::from(self.utc_offset_seconds);
        push_time_of_day(seconds.rem_euclid(SECONDS_PER_DAY), time_ns, out);
    }
}

/// Appends `2026-11-23T07:44:11.376269520Z`.
pub(crate) fn push_utc(time_ns: u64, out: &mut Vec<u8>) {
    push_date_time(time_ns, out);
    out.push(b'Z');
}

fn push_date_time(time_ns: u64, out: &mut Vec<u8>) {
    let seconds = (time_ns / NANOSECONDS) as i64;
    let (year, month, day) = date(seconds.div_euclid(SECONDS_PER_DAY));
    // Writing to a vector cannot fail.
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T");
    push_time_of_day(seconds.rem_euclid(SECONDS_PER_DAY), time_ns, out);
}

fn push_time_of_day(second: i64, time_ns: u64, out: &mut Vec<u8>) {
    let _ = write!(
        out,
        "{:02}:{:02}:{:02}.{:09}",
        second / 3600,
        second / 60 % 60,
        second % 60,
        time_ns % NANOSECONDS
    );
}

/// Year, month and day of a day since 1970-01-01, by Howard Hinnant's
/// `civil_from_days`: years begin in March, so that leap days come last.
fn date(day: i64) -> (i64, i64, i64) {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(style: TimeStyle, time_ns: u64) -> String {
        let mut out = Vec::new();
        style.push(time_ns, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_look_like_falcos() {
        // From `mix-small.upstream44-all.falco.jsonl`.
        let time = 1_795_419_851_376_269_520;
        let iso = TimeStyle {
            iso: true,
            utc_offset_seconds: 3600,
        };
        assert_eq!(text(iso, time), "2026-11-23T07:44:11.376269520+0000");
        assert_eq!(text(TimeStyle::default(), time), "07:44:11.376269520");
        let west = TimeStyle {
            iso: false,
            utc_offset_seconds: -8 * 3600,
        };
        assert_eq!(text(west, time), "23:44:11.376269520");
        let mut out = Vec::new();
        push_utc(951_782_400_000_000_001, &mut out);
        assert_eq!(out, b"2000-02-29T00:00:00.000000001Z");
    }

    #[test]
    fn the_ends_of_time_print() {
        let style = TimeStyle {
            iso: true,
            utc_offset_seconds: 0,
        };
        assert_eq!(text(style, 0), "1970-01-01T00:00:00.000000000+0000");
        assert_eq!(text(style, u64::MAX), "2554-07-21T23:34:33.709551615+0000");
        let east = TimeStyle {
            iso: false,
            utc_offset_seconds: i32::MIN,
        };
        assert_eq!(text(east, 0).len(), 18);
    }
}
