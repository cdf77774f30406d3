//! Values outside events: constants of the plan, and values as text.

use std::io::Write as _;
use std::net::IpAddr;

use lanner_event::Value;
use lanner_event::schema::Format;

use crate::error::PlanError;
use crate::plan::Scalar;

/// A value that owns its text: a constant, or what a test event holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Owned {
    Str(Box<[u8]>),
    Bytes(Box<[u8]>),
    U64(u64),
    I64(i64),
    F64(f64),
    Bool(bool),
    Ip(IpAddr),
    Net(Network),
}

impl Owned {
    /// The constant that a scalar of the plan spells.
    pub(crate) fn from_scalar(scalar: &Scalar) -> Result<Self, PlanError> {
        let mut found = None;
        let mut put = |value: Self| match found.replace(value) {
            None => Ok(()),
            Some(_) => Err(PlanError::new("a constant has more than one value")),
        };
        if let Some(text) = &scalar.s {
            put(Self::Str(text.as_bytes().into()))?;
        }
        if let Some(hex) = &scalar.x {
            put(Self::Bytes(unhex(hex)?))?;
        }
        if let Some(number) = scalar.u {
            put(Self::U64(number))?;
        }
        if let Some(number) = scalar.i {
            put(Self::I64(number))?;
        }
        if let Some(number) = scalar.f {
            put(Self::F64(number))?;
        }
        if let Some(truth) = scalar.b {
            put(Self::Bool(truth))?;
        }
        if let Some(text) = &scalar.ip {
            let address = text
                .parse()
                .map_err(|_| PlanError::new(format!("not an IP address: {text:?}")))?;
            put(Self::Ip(address))?;
        }
        if let Some(text) = &scalar.net {
            put(Self::Net(Network::parse(text)?))?;
        }
        found.ok_or_else(|| PlanError::new("a constant has no value"))
    }
}

/// An IP network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

impl Network {
    /// `10.0.0.0/8`, `fd00::/8`; without a slash, the one address.
    pub(crate) fn parse(text: &str) -> Result<Self, PlanError> {
        let wrong = || PlanError::new(format!("not a network: {text:?}"));
        let (address, prefix) = text
            .split_once('/')
            .map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let host = Self::host(address);
        let prefix = match prefix {
            None => host.prefix,
            Some(digits) => digits.parse().map_err(|_| wrong())?,
        };
        if prefix > host.prefix {
            return Err(wrong());
        }
        Ok(Self { address, prefix })
    }

    /// The network of one address.
    pub(crate) fn host(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Self { address, prefix }
    }

    /// Whether the address lies in the network; never across families.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - self.prefix).unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

/// Bytes from hexadecimal digits.
pub(crate) fn unhex(text: &str) -> Result<Box<[u8]>, PlanError> {
    let wrong = || PlanError::new(format!("not hexadecimal: {text:?}"));
    if !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    let digit = |byte: u8| (byte as char).to_digit(16).ok_or_else(wrong);
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| Ok((digit(pair[0])? * 16 + digit(pair[1])?) as u8))
        .collect()
}

/// Appends a number in another format than decimal, as `printf` does; false for what is no number.
pub(crate) fn push_formatted(value: &Value<'_>, format: Format, out: &mut Vec<u8>) -> bool {
    let (number, bits) = match *value {
        Value::U64(number) => (i128::from(number), number),
        // All signed fields that are not in decimal have four bytes.
        Value::I64(number) => (i128::from(number), u64::from(number as u32)),
        _ => return false,
    };
    // Writing to a vector cannot fail.
    let _ = match format {
        Format::Decimal => return false,
        Format::Padded => write!(out, "{number:09}"),
        Format::Hexadecimal => write!(out, "{bits:X}"),
        Format::Octal => write!(out, "{bits:o}"),
    };
    true
}

/// Appends a value as Falco prints it (libsinsp's `rawval_to_string`): numbers
/// in decimal, doubles with one digit, bytes that do not print as dots.
pub(crate) fn push_text(value: &Value<'_>, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = match value {
        Value::Str(text) => out.write_all(text),
        Value::Bytes(bytes) => {
            out.extend(bytes.iter().map(|&byte| match byte {
                b' '..=b'~' => byte,
                _ => b'.',
            }));
            Ok(())
        }
        Value::U64(number) => write!(out, "{number}"),
        Value::I64(number) => write!(out, "{number}"),
        Value::F64(number) => write!(out, "{number:.1}"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Ip(address) => write!(out, "{address}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_addresses_of_their_family() {
        let network = Network::parse("10.1.0.0/16").unwrap();
        assert!(network.contains("10.1.255.3".parse().unwrap()));
        assert!(!network.contains("10.2.0.0".parse().unwrap()));
        assert!(!network.contains("::ffff:10.1.0.1".parse().unwrap()));
        let everything = Network::parse("0.0.0.0/0").unwrap();
        assert!(everything.contains("255.1.2.3".parse().unwrap()));
        let six = Network::parse("fd00::/8").unwrap();
        assert!(six.contains("fdff::1".parse().unwrap()));
        assert!(!six.contains("fe00::1".parse().unwrap()));
        assert!(Network::parse("10.0.0.0/33").is_err());
        assert!(Network::parse("10.0.0.0/").is_err());
        assert!(Network::parse("example/8").is_err());
    }

    #[test]
    fn a_constant_has_exactly_one_value() {
        assert!(Owned::from_scalar(&Scalar::default()).is_err());
        let two = Scalar {
            u: Some(1),
            b: Some(true),
            ..Scalar::default()
        };
        assert!(Owned::from_scalar(&two).is_err());
        let hex = Scalar {
            x: Some("00fFa".into()),
            ..Scalar::default()
        };
        assert!(Owned::from_scalar(&hex).is_err());
    }

    #[test]
    fn numbers_have_formats() {
        for (value, format, expected) in [
            (Value::U64(0xfd_00), Format::Hexadecimal, "FD00"),
            (Value::I64(-1), Format::Hexadecimal, "FFFFFFFF"),
            (Value::U64(0o644), Format::Octal, "644"),
            (Value::U64(42), Format::Padded, "000000042"),
            (Value::U64(u64::MAX), Format::Padded, "18446744073709551615"),
            (Value::U64(42), Format::Decimal, ""),
            (Value::Str(b"a"), Format::Hexadecimal, ""),
        ] {
            let mut out = Vec::new();
            assert_eq!(
                push_formatted(&value, format, &mut out),
                !expected.is_empty()
            );
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn values_print_as_falco_prints_them() {
        let text = |value| {
            let mut out = Vec::new();
            push_text(&value, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(text(Value::F64(2.25)), "2.2");
        assert_eq!(text(Value::I64(-1)), "-1");
        assert_eq!(text(Value::Bytes(b"a\x00\xffb\n")), "a..b.");
        assert_eq!(text(Value::Ip("::1".parse().unwrap())), "::1");
    }
}
