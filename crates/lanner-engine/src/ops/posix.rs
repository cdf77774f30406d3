//! Reads the dialect of RE2 with its option `posix_syntax`: egrep's, without
//! Perl's classes, flags, lazy operators and word boundaries.
//!
//! Facts: RE2's `parse.cc`. Differences to Perl's dialect that matter: `^` and
//! `$` are those of lines, repetition operators stack, a hyphen stands only at
//! an end of a class, and an unknown escape is an error. Errors have RE2's
//! wording, which Falco prints.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Dot, Hir, Look, Repetition};

/// Groups and counted repetitions nest at most this deep.
const MAX_DEPTH: u32 = 250;
/// RE2's limit of `{n}`, also of nested ones multiplied.
const MAX_REPEAT: u32 = 1000;

/// A part of a sequence, with what limits and stacked operators need.
struct Piece {
    hir: Hir,
    /// Greatest product of counted repetitions inside.
    repeats: u32,
    /// Nesting inside.
    depth: u32,
    /// `*`, `+` or `?` and what it repeats, when the piece is just that.
    operator: Option<(char, Hir)>,
}

/// A group that is being read.
#[derive(Default)]
struct Group {
    alternatives: Vec<Hir>,
    sequence: Vec<Piece>,
    repeats: u32,
    depth: u32,
}

impl Group {
    fn end_alternative(&mut self) {
        let pieces = std::mem::take(&mut self.sequence);
        for piece in &pieces {
            self.repeats = self.repeats.max(piece.repeats);
            self.depth = self.depth.max(piece.depth);
        }
        let sequence = pieces.into_iter().map(|piece| piece.hir).collect();
        self.alternatives.push(Hir::concat(sequence));
    }

    fn end(mut self) -> Piece {
        self.end_alternative();
        Piece {
            hir: Hir::alternation(self.alternatives),
            repeats: self.repeats,
            depth: self.depth + 1,
            operator: None,
        }
    }
}

/// The pattern's meaning, or RE2's complaint.
pub(super) fn parse(pattern: &str) -> Result<Hir, String> {
    let mut outer: Vec<Group> = Vec::new();
    let mut group = Group::default();
    let mut rest = pattern;
    while let Some(next) = rest.chars().next() {
        let after = &rest[next.len_utf8()..];
        let atom = match next {
            '(' => {
                if outer.len() as u32 >= MAX_DEPTH {
                    return Err("expression nests too deeply".into());
                }
                outer.push(std::mem::take(&mut group));
                rest = after;
                continue;
            }
            ')' => {
                let enclosing = outer
                    .pop()
                    .ok_or_else(|| format!("unexpected ): {pattern}"))?;
                let piece = std::mem::replace(&mut group, enclosing).end();
                if piece.depth > MAX_DEPTH {
                    return Err("expression nests too deeply".into());
                }
                group.sequence.push(piece);
                rest = after;
                continue;
            }
            '|' => {
                group.end_alternative();
                rest = after;
                continue;
            }
            '*' | '+' | '?' => {
                repeat(&mut group.sequence, next)?;
                rest = after;
                continue;
            }
            '{' => {
                if let Some((low, high, after)) = counts(after) {
                    let text = &rest[..rest.len() - after.len()];
                    repeat_counted(&mut group.sequence, low, high, text)?;
                    rest = after;
                    continue;
                }
                rest = after;
                literal('{')
            }
            '[' => {
                let (class, after) = class(rest)?;
                rest = after;
                class
            }
            '\\' => {
                let (escaped, after) = escape(rest)?;
                rest = after;
                literal(escaped)
            }
            _ => {
                rest = after;
                match next {
                    '.' => Hir::dot(Dot::AnyCharExceptLF),
                    '^' => Hir::look(Look::StartLF),
                    '$' => Hir::look(Look::EndLF),
                    _ => literal(next),
                }
            }
        };
        group.sequence.push(Piece {
            hir: atom,
            repeats: 1,
            depth: 0,
            operator: None,
        });
    }
    if !outer.is_empty() {
        return Err(format!("missing ): {pattern}"));
    }
    Ok(group.end().hir)
}

fn literal(character: char) -> Hir {
    Hir::literal(character.encode_utf8(&mut [0; 4]).as_bytes())
}

/// Applies `*`, `+` or `?`; stacked ones collapse.
fn repeat(sequence: &mut Vec<Piece>, operator: char) -> Result<(), String> {
    let piece = sequence
        .pop()
        .ok_or_else(|| format!("no argument for repetition operator: {operator}"))?;
    let (operator, sub, depth) = match piece.operator {
        Some((before, sub)) if before == operator => (operator, sub, piece.depth),
        Some((_, sub)) => ('*', sub, piece.depth),
        None => (operator, piece.hir, piece.depth + 1),
    };
    let (min, max) = match operator {
        '*' => (0, None),
        '+' => (1, None),
        _ => (0, Some(1)),
    };
    sequence.push(Piece {
        hir: Hir::repetition(Repetition {
            min,
            max,
            greedy: true,
            sub: Box::new(sub.clone()),
        }),
        repeats: piece.repeats,
        depth,
        operator: Some((operator, sub)),
    });
    Ok(())
}

fn repeat_counted(
    sequence: &mut Vec<Piece>,
    low: u32,
    high: Option<u32>,
    text: &str,
) -> Result<(), String> {
    let piece = sequence
        .pop()
        .ok_or_else(|| format!("no argument for repetition operator: {text}"))?;
    let size = || format!("invalid repetition size: {text}");
    let most = high.unwrap_or(low).max(low);
    if high.is_some_and(|high| high < low) || most > MAX_REPEAT {
        return Err(size());
    }
    let repeats = piece.repeats.saturating_mul(most.max(1));
    if repeats > MAX_REPEAT {
        return Err(size());
    }
    if piece.depth >= MAX_DEPTH {
        return Err("expression nests too deeply".into());
    }
    sequence.push(Piece {
        hir: Hir::repetition(Repetition {
            min: low,
            max: high,
            greedy: true,
            sub: Box::new(piece.hir),
        }),
        repeats,
        depth: piece.depth + 1,
        operator: None,
    });
    Ok(())
}

/// Reads `n}`, `n,}` or `n,m}`; anything else leaves the brace a character.
fn counts(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (low, rest) = integer(text)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((low, Some(low), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((low, None, rest));
    }
    let (high, rest) = integer(rest)?;
    Some((low, Some(high), rest.strip_prefix('}')?))
}

fn integer(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let digits = &text[..end];
    if digits.len() > 1 && digits.starts_with('0') || digits.len() > 8 {
        return None;
    }
    Some((digits.parse().ok()?, &text[end..]))
}

/// Reads a class that begins with `[`.
fn class(whole: &str) -> Result<(Hir, &str), String> {
    let missing = || format!("missing ]: {whole}");
    let mut rest = &whole[1..];
    let negated = rest.starts_with('^');
    if negated {
        rest = &rest[1..];
    }
    let mut members = ClassUnicode::empty();
    let mut first = true;
    while first || !rest.starts_with(']') {
        if rest.is_empty() {
            return Err(missing());
        }
        if !first && rest.starts_with('-') && !rest.starts_with("-]") {
            let shown: String = rest.chars().take(2).collect();
            if shown == "-" {
                // What RE2 says when it looks for a character past the end.
                return Err("invalid UTF-8".into());
            }
            return Err(format!("invalid character class range: {shown}"));
        }
        first = false;
        if let Some(end) = rest.strip_prefix("[:").and_then(|inside| inside.find(":]")) {
            let (name, after) = rest.split_at(end + 4);
            add_named(name, &mut members)?;
            rest = after;
            continue;
        }
        let begin = rest;
        let (low, after) = class_character(rest, &missing)?;
        rest = after;
        let mut high = low;
        if rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
            let (end, after) = class_character(&rest[1..], &missing)?;
            rest = after;
            high = end;
        }
        if high < low {
            let shown = &begin[..begin.len() - rest.len()];
            return Err(format!("invalid character class range: {shown}"));
        }
        members.push(ClassUnicodeRange::new(low, high));
    }
    if negated {
        members.negate();
    }
    Ok((Hir::class(Class::Unicode(members)), &rest[1..]))
}

fn class_character<'p>(
    text: &'p str,
    missing: &dyn Fn() -> String,
) -> Result<(char, &'p str), String> {
    match text.chars().next() {
        None => Err(missing()),
        Some('\\') => escape(text),
        Some(character) => Ok((character, &text[character.len_utf8()..])),
    }
}

/// Adds `[:name:]` or `[:^name:]`.
fn add_named(name: &str, members: &mut ClassUnicode) -> Result<(), String> {
    let inner = &name[2..name.len() - 2];
    let (negated, inner) = inner
        .strip_prefix('^')
        .map_or((false, inner), |inner| (true, inner));
    let ranges: &[(char, char)] = match inner {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\x7f')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return Err(format!("invalid character class range: {name}")),
    };
    let mut named = ClassUnicode::new(
        ranges
            .iter()
            .map(|&(low, high)| ClassUnicodeRange::new(low, high)),
    );
    if negated {
        named.negate();
    }
    members.union(&named);
    Ok(())
}

/// Reads an escape that begins with a backslash.
fn escape(text: &str) -> Result<(char, &str), String> {
    let mut characters = text.chars();
    characters.next();
    let Some(escaped) = characters.next() else {
        return Err("trailing \\".into());
    };
    let rest = characters.as_str();
    let wrong = |rest: &str| {
        let shown = &text[..text.len() - rest.len()];
        Err(format!("invalid escape sequence: {shown}"))
    };
    let simple = match escaped {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'a' => '\x07',
        'f' => '\x0c',
        'v' => '\x0b',
        '1'..='7' if !rest.starts_with(|digit| ('0'..='7').contains(&digit)) => {
            // A back-reference, which RE2 does not have.
            return wrong(rest);
        }
        '0'..='7' => {
            let digits = rest
                .chars()
                .take(2)
                .take_while(|digit| ('0'..='7').contains(digit))
                .count();
            let code = u32::from_str_radix(&text[1..2 + digits], 8).unwrap_or(0);
            return match char::from_u32(code) {
                Some(character) => Ok((character, &rest[digits..])),
                None => wrong(rest),
            };
        }
        'x' => return hexadecimal(rest).map_or_else(|| wrong(rest), Ok),
        '_' => '_',
        _ if escaped.is_ascii() && !escaped.is_ascii_alphanumeric() => escaped,
        _ => return wrong(rest),
    };
    Ok((simple, rest))
}

/// Two digits, or any number of them in braces.
fn hexadecimal(text: &str) -> Option<(char, &str)> {
    let (digits, rest) = match text.strip_prefix('{') {
        Some(inside) => inside.split_once('}')?,
        None => (text.get(..2)?, text.get(2..)?),
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !all_digits {
        return None;
    }
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(code)?, rest))
}
