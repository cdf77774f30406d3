//! Variables of an environment.

/// The value of a variable without the blanks around it; empty when there is
/// none.
pub(super) fn variable<'e>(env: &'e [Box<[u8]>], name: &[u8]) -> &'e [u8] {
    let value = env.iter().find_map(|item| {
        let value = item.strip_prefix(name)?.strip_prefix(b"=")?;
        Some(value).filter(|value| !value.is_empty())
    });
    let value = value.unwrap_or_default();
    let is_text = |byte: &u8| *byte != b' ';
    let Some(first) = value.iter().position(is_text) else {
        return b"";
    };
    let end = value.iter().rposition(is_text).map_or(0, |last| last + 1);
    value.get(first..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_variables() {
        let env = ["PATH=/bin", "A=", "A=  x y ", "B=   ", "AB=1"];
        let env = env.map(|item| item.as_bytes().into());
        for (name, value) in [
            ("PATH", "/bin"),
            ("A", "x y"),
            ("B", ""),
            ("AB", "1"),
            ("C", ""),
            ("PAT", ""),
        ] {
            assert_eq!(variable(&env, name.as_bytes()), value.as_bytes(), "{name}");
        }
    }
}
