//! Transformers: `tolower(...)`, `join(...)` and so on.
//!
//! Facts: libsinsp 0.25.4, `sinsp_filter_transformers/` and
//! `sinsp_filtercheck_multivalue_transformer.cpp`. An argument that is absent
//! makes the result absent. Letters are those of ASCII. One difference is
//! meant: libsinsp hands on text as C strings, so that what follows a NUL byte
//! is compared by some operators and not by others; here a value is whole.

mod base64;
mod getopt;

use bumpalo::Bump;
use lanner_event::{Value, Values};

use crate::error::PlanError;
use crate::value::push_text;

/// A transformer makes at most so many bytes of text; more makes it absent.
/// Nested `concat(x, x)` would double without end.
const MAX_TEXT: usize = 16 << 20;
/// A transformer makes at most so many values.
const MAX_VALUES: usize = 1 << 20;

/// A transformer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    ToLower,
    ToUpper,
    Base64,
    Basename,
    /// The number of values of a list, or the bytes of a single value.
    Len {
        of_list: bool,
    },
    Join,
    Concat,
    /// With the option that `[c]` selects.
    Getopt(Option<u8>),
    /// `val(field)`: only marks a field on the right-hand side.
    Val,
}

/// Where the values of an operand lie in the event's table of values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub start: u32,
    pub len: u32,
}

impl Span {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

impl Function {
    /// The transformer of this name, for so many arguments.
    pub(crate) fn new(
        name: &str,
        arity: usize,
        argument: Option<&str>,
        of_list: bool,
    ) -> Result<Self, PlanError> {
        let (function, arity_fits) = match name {
            "tolower" => (Self::ToLower, arity == 1),
            "toupper" => (Self::ToUpper, arity == 1),
            "b64" => (Self::Base64, arity == 1),
            "basename" => (Self::Basename, arity == 1),
            "len" => (Self::Len { of_list }, arity == 1),
            "val" => (Self::Val, arity == 1),
            "join" => (Self::Join, arity == 2),
            "concat" => (Self::Concat, arity >= 2),
            "getopt" => (Self::Getopt(selector(argument)?), arity == 2),
            _ => return Err(PlanError::new(format!("no transformer {name:?}"))),
        };
        if !arity_fits {
            return Err(PlanError::new(format!(
                "{name}() does not take {arity} arguments"
            )));
        }
        if argument.is_some() && name != "getopt" {
            return Err(PlanError::new(format!("{name}() takes no [argument]")));
        }
        Ok(function)
    }

    /// Appends the result to `values`, or returns false: absent. `arguments`
    /// are present and lie in `values` already.
    pub(crate) fn apply<'e>(
        self,
        arguments: &[Span],
        arena: &'e Bump,
        values: &mut Values<'e>,
    ) -> bool {
        let Some(&first) = arguments.first() else {
            return false;
        };
        match self {
            Self::ToLower => map(first, values, |text| Some(lower(text, arena))),
            Self::ToUpper => map(first, values, |text| Some(upper(text, arena))),
            Self::Base64 => map(first, values, |text| base64::decode(text, arena)),
            Self::Basename => map(first, values, |text| Some(basename(text))),
            Self::Val => {
                for index in first.range() {
                    values.push(values[index]);
                }
                true
            }
            Self::Len { of_list } => {
                let length = if of_list {
                    Some(u64::from(first.len))
                } else {
                    length_of(values.get(first.start as usize))
                };
                length.is_some_and(|length| {
                    values.push(Value::U64(length));
                    true
                })
            }
            Self::Join => {
                let separator = text_of(values[first.range()].first(), arena);
                let result = arguments
                    .get(1)
                    .zip(separator)
                    .and_then(|(&list, between)| glue(&values[list.range()], between, arena));
                push(result, values)
            }
            Self::Concat => {
                let mut parts = Values::with_capacity_in(arguments.len(), arena);
                for argument in arguments {
                    // Falco takes the first value only; a string has but one.
                    match values[argument.range()].first() {
                        Some(&value) => parts.push(value),
                        None => return false,
                    }
                }
                push(glue(&parts, b"", arena), values)
            }
            Self::Getopt(selected) => {
                let Some(&options) = arguments.get(1) else {
                    return false;
                };
                let Some(options) = text_of(values[options.range()].first(), arena) else {
                    return false;
                };
                getopt::run(first, options, selected, arena, values)
            }
        }
    }
}

/// Concatenates lists; numbers become text, as in libsinsp's `list_check`.
pub(crate) fn concatenate<'e>(items: &[Span], arena: &'e Bump, values: &mut Values<'e>) -> bool {
    let total: usize = items.iter().map(|item| item.len as usize).sum();
    if total > MAX_VALUES {
        return false;
    }
    for item in items {
        for index in item.range() {
            let value = values[index];
            values.push(match value {
                Value::Str(_) => value,
                _ => Value::Str(as_text(&value, arena)),
            });
        }
    }
    true
}

fn selector(argument: Option<&str>) -> Result<Option<u8>, PlanError> {
    match argument.map(str::as_bytes) {
        None => Ok(None),
        Some(&[option]) => Ok(Some(option)),
        Some(_) => Err(PlanError::new("getopt()[...] takes a single option")),
    }
}

/// Applies `change` to every text of `span`; anything else, or a failure of one
/// value, makes the whole result absent.
fn map<'e>(
    span: Span,
    values: &mut Values<'e>,
    change: impl Fn(&'e [u8]) -> Option<&'e [u8]>,
) -> bool {
    let start = values.len();
    for index in span.range() {
        let changed = match values[index] {
            Value::Str(text) => change(without_nul(text)).map(Value::Str),
            Value::Bytes(bytes) => change(without_nul(bytes)).map(Value::Bytes),
            _ => None,
        };
        match changed {
            Some(value) => values.push(value),
            None => {
                values.truncate(start);
                return false;
            }
        }
    }
    true
}

/// Text of the kernel may carry its terminator.
fn without_nul(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != 0);
    &text[..end.map_or(0, |last| last + 1)]
}

fn lower<'e>(text: &'e [u8], arena: &'e Bump) -> &'e [u8] {
    if !text.iter().any(u8::is_ascii_uppercase) {
        return text;
    }
    let copy = arena.alloc_slice_copy(text);
    copy.make_ascii_lowercase();
    copy
}

fn upper<'e>(text: &'e [u8], arena: &'e Bump) -> &'e [u8] {
    if !text.iter().any(u8::is_ascii_lowercase) {
        return text;
    }
    let copy = arena.alloc_slice_copy(text);
    copy.make_ascii_uppercase();
    copy
}

/// What follows the last slash; nothing when the path ends with one.
fn basename(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
}

fn length_of(value: Option<&Value<'_>>) -> Option<u64> {
    match value? {
        Value::Str(text) => Some(memchr::memchr(0, text).unwrap_or(text.len()) as u64),
        Value::Bytes(bytes) => Some(bytes.len() as u64),
        _ => None,
    }
}

fn text_of<'e>(value: Option<&Value<'e>>, arena: &'e Bump) -> Option<&'e [u8]> {
    value.map(|value| as_text(value, arena))
}

fn as_text<'e>(value: &Value<'e>, arena: &'e Bump) -> &'e [u8] {
    match value {
        Value::Str(text) => text,
        _ => {
            let mut text = Vec::new();
            push_text(value, &mut text);
            arena.alloc_slice_copy(&text)
        }
    }
}

fn glue<'e>(parts: &[Value<'e>], between: &[u8], arena: &'e Bump) -> Option<&'e [u8]> {
    let mut text = bumpalo::collections::Vec::new_in(arena);
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.extend_from_slice_copy(between);
        }
        text.extend_from_slice_copy(as_text(part, arena));
        if text.len() > MAX_TEXT {
            return None;
        }
    }
    Some(text.into_bump_slice())
}

fn push<'e>(result: Option<&'e [u8]>, values: &mut Values<'e>) -> bool {
    result.is_some_and(|text| {
        values.push(Value::Str(text));
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(function: Function, arguments: &[&[Value<'static>]]) -> Option<Vec<String>> {
        let arena = Bump::new();
        let mut values = Values::new_in(&arena);
        let mut spans = Vec::new();
        for argument in arguments {
            spans.push(Span {
                start: values.len() as u32,
                len: argument.len() as u32,
            });
            values.extend(argument.iter().copied());
        }
        let start = values.len();
        function.apply(&spans, &arena, &mut values).then(|| {
            values[start..]
                .iter()
                .map(|value| {
                    let mut text = Vec::new();
                    push_text(value, &mut text);
                    String::from_utf8_lossy(&text).into_owned()
                })
                .collect()
        })
    }

    fn strings(texts: &[&'static str]) -> Vec<Value<'static>> {
        texts
            .iter()
            .map(|text| Value::Str(text.as_bytes()))
            .collect()
    }

    #[test]
    fn letters_are_those_of_ascii() {
        let list = strings(&["AbÄ", "x\0\0"]);
        assert_eq!(apply(Function::ToLower, &[&list]).unwrap(), ["abÄ", "x"]);
        assert_eq!(apply(Function::ToUpper, &[&list]).unwrap(), ["ABÄ", "X"]);
    }

    #[test]
    fn basename_takes_what_follows_the_last_slash() {
        let list = strings(&["/usr/bin/bash", "bash", "/usr/", "/"]);
        assert_eq!(
            apply(Function::Basename, &[&list]).unwrap(),
            ["bash", "bash", "", ""]
        );
    }

    #[test]
    fn len_counts_bytes_or_values() {
        let len = Function::Len { of_list: false };
        assert_eq!(apply(len, &[&strings(&["aä"])]).unwrap(), ["3"]);
        assert_eq!(apply(len, &[&[Value::Bytes(b"a\0b")]]).unwrap(), ["3"]);
        assert_eq!(apply(len, &[&[Value::U64(7)]]), None);
        let of_list = Function::Len { of_list: true };
        assert_eq!(apply(of_list, &[&strings(&["a", "b"])]).unwrap(), ["2"]);
        assert_eq!(apply(of_list, &[&[]]).unwrap(), ["0"]);
    }

    #[test]
    fn join_and_concat_glue_text() {
        let list = strings(&["a", "b", "c"]);
        let comma = strings(&[", "]);
        assert_eq!(
            apply(Function::Join, &[&comma, &list]).unwrap(),
            ["a, b, c"]
        );
        assert_eq!(apply(Function::Join, &[&comma, &[]]).unwrap(), [""]);
        let one = strings(&["x"]);
        assert_eq!(
            apply(Function::Concat, &[&one, &comma, &one]).unwrap(),
            ["x, x"]
        );
        assert_eq!(apply(Function::Concat, &[&one, &[]]), None);
    }

    #[test]
    fn one_value_that_is_no_base64_makes_all_absent() {
        assert_eq!(
            apply(Function::Base64, &[&strings(&["aGk=", "aGk"])]).unwrap(),
            ["hi", "hi"]
        );
        assert_eq!(
            apply(Function::Base64, &[&strings(&["aGk=", "a-k="])]),
            None
        );
        assert_eq!(apply(Function::Base64, &[&[Value::Bool(true)]]), None);
    }

    #[test]
    fn arguments_are_checked() {
        assert!(Function::new("tolower", 2, None, false).is_err());
        assert!(Function::new("concat", 1, None, false).is_err());
        assert!(Function::new("nosuch", 1, None, false).is_err());
        assert!(Function::new("tolower", 1, Some("x"), false).is_err());
        assert!(Function::new("getopt", 2, Some("xy"), true).is_err());
        assert_eq!(
            Function::new("getopt", 2, Some("t"), true).unwrap(),
            Function::Getopt(Some(b't'))
        );
    }
}
