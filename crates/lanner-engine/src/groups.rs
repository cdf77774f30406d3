//! Counting: how often the same values came, when first and last, and a few of those it was.

use std::collections::HashMap;

use crate::format::push_json_string;

/// What a table of groups may grow to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Groups; what comes for others is counted as left out.
    pub groups: usize,
    /// Bytes of their values; the same.
    pub bytes: usize,
    /// Of each group, so many of the ids that came are kept.
    pub ids: usize,
}

/// Rows, counted by their values.
pub struct Groups {
    groups: HashMap<Box<[u8]>, Group>,
    bytes: usize,
    limits: Limits,
    left_out: u64,
}

struct Group {
    count: u64,
    first_ns: u64,
    last_ns: u64,
    ids: Vec<Box<[u8]>>,
}

impl Groups {
    /// Nothing so far.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            groups: HashMap::new(),
            bytes: 0,
            limits,
            left_out: 0,
        }
    }

    /// Counts a row. `values` is the JSON of an array, `id` what it rests on.
    pub fn add(&mut self, values: &[u8], time_ns: u64, id: &[u8]) {
        if let Some(group) = self.groups.get_mut(values) {
            group.count += 1;
            group.first_ns = group.first_ns.min(time_ns);
            group.last_ns = group.last_ns.max(time_ns);
            if group.ids.len() < self.limits.ids {
                self.bytes += id.len();
                group.ids.push(id.into());
            }
            return;
        }
        let bytes = self.bytes + values.len() + id.len();
        if self.groups.len() >= self.limits.groups || bytes > self.limits.bytes {
            self.left_out += 1;
            return;
        }
        self.bytes = bytes;
        let ids = if self.limits.ids == 0 {
            vec![]
        } else {
            vec![id.into()]
        };
        let group = Group {
            count: 1,
            first_ns: time_ns,
            last_ns: time_ns,
            ids,
        };
        self.groups.insert(values.into(), group);
    }

    /// Rows that belong to no group because there were too many groups.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Appends the groups, those that came first first, as a JSON array of
    /// `{"values": […], "count": …, "first_ns": …, "last_ns": …, "ids": […]}`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_unstable_by_key(|(values, group)| (group.first_ns, *values));
        out.push(b'[');
        for (index, (values, group)) in groups.into_iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"values\":");
            out.extend_from_slice(values);
            let numbers = format!(
                ",\"count\":{},\"first_ns\":{},\"last_ns\":{},\"ids\":[",
                group.count, group.first_ns, group.last_ns
            );
            out.extend_from_slice(numbers.as_bytes());
            for (index, id) in group.ids.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_json_string(id, out);
            }
            out.extend_from_slice(b"]}");
        }
        out.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Limits = Limits {
        groups: 100,
        bytes: 10_000,
        ids: 2,
    };

    fn json(groups: &Groups) -> String {
        let mut out = Vec::new();
        groups.write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn counts_by_values() {
        let mut groups = Groups::new(WIDE);
        for (values, time_ns, id) in [
            (r#"["b"]"#, 5, "1"),
            (r#"["a"]"#, 7, "2"),
            (r#"["b"]"#, 3, "3"),
            (r#"["b"]"#, 4, "\"4"),
        ] {
            groups.add(values.as_bytes(), time_ns, id.as_bytes());
        }
        let expected = concat!(
            r#"[{"values":["b"],"count":3,"first_ns":3,"last_ns":5,"ids":["1","3"]},"#,
            r#"{"values":["a"],"count":1,"first_ns":7,"last_ns":7,"ids":["2"]}]"#
        );
        assert_eq!(json(&groups), expected);
        assert_eq!(groups.left_out(), 0);
    }

    #[test]
    fn is_bounded_and_says_what_it_left_out() {
        let few = Limits { groups: 2, ..WIDE };
        let short = Limits { bytes: 9, ..WIDE };
        for (limits, kept) in [(few, 2), (short, 1)] {
            let mut groups = Groups::new(limits);
            for number in 0..10 {
                groups.add(format!("[{number}]").as_bytes(), 0, b"id");
            }
            groups.add(b"[0]", 0, b"id");
            assert_eq!(json(&groups).matches("values").count(), kept);
            assert_eq!(groups.left_out(), 10 - kept as u64);
        }
    }

    #[test]
    fn keeps_no_ids_when_none_are_wanted() {
        let mut groups = Groups::new(Limits { ids: 0, ..WIDE });
        groups.add(b"[]", 0, b"id");
        groups.add(b"[]", 0, b"id");
        assert!(json(&groups).contains(r#""count":2"#));
        assert!(json(&groups).contains(r#""ids":[]"#));
    }
}
