//! The reader against `serde_json`.

use super::{Index, Kind, Node};
use proptest::prelude::*;
use serde_json::Value as Json;

fn same(node: Node<'_>, json: &Json) {
    match json {
        Json::Object(map) => {
            assert_eq!(node.kind(), Kind::Object);
            assert_eq!(node.members().count(), map.len());
            for (key, value) in map {
                same(node.get(key.as_bytes()).expect("a member"), value);
            }
        }
        Json::Array(list) => {
            assert_eq!(node.kind(), Kind::Array);
            assert_eq!(node.elements().count(), list.len());
            node.elements()
                .zip(list)
                .for_each(|(node, json)| same(node, json));
        }
        Json::String(text) => assert_eq!(node.string().as_deref(), Some(text.as_bytes())),
        _ => assert_eq!(serde_json::from_slice::<Json>(node.raw()).unwrap(), *json),
    }
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[a-c\"\\\\\n\u{e9}\u{1f600}{}\\[\\]:, ]{0,90}".prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Json::from),
            prop::collection::hash_map("[a-c\"\\\\:]{0,9}", inner, 0..8)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        let mut index = Index::new();
        same(index.read(&text).unwrap(), &value);
    }

    /// Any one-byte damage: both readers say yes, or both say no.
    #[test]
    fn refuses_what_serde_json_refuses(value in json(), at in any::<prop::sample::Index>(), byte in prop::sample::select(&b"{}[]:,\"\\ x0-e.\xff"[..]), cut in any::<bool>()) {
        let mut text = serde_json::to_vec(&value).unwrap();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        let theirs = serde_json::from_slice::<Json>(&text);
        let mut index = Index::new();
        let ours = index.read(&text).map(|_| ());
        // Numbers that overflow and halves of surrogates are syntax all the same.
        if !theirs.as_ref().is_err_and(|e| e.to_string().contains("number out of range") || e.to_string().contains("surrogate")) {
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?} {:?} {}", ours, theirs, String::from_utf8_lossy(&text));
        }
    }
}

#[test]
fn first_of_two_equal_keys_wins() {
    let mut index = Index::new();
    let node = index.read(br#"{"a":1,"a":2,"b\u002f":3}"#).unwrap();
    assert_eq!(node.get(b"a").unwrap().raw(), b"1");
    assert_eq!(node.get(b"b/").unwrap().raw(), b"3");
    assert!(node.get(b"c").is_none());
    assert!(node.get(b"a").unwrap().get(b"x").is_none());
}

#[test]
fn depth_is_bounded() {
    let mut index = Index::new();
    let deep = |n: usize| ["[".repeat(n), "]".repeat(n)].concat();
    assert!(index.read(deep(300).as_bytes()).is_ok());
    let error = index.read(deep(301).as_bytes()).unwrap_err();
    assert_eq!((error.at, error.message), (300, "nested too deep"));
    assert!(index.read("[".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn errors_say_where() {
    let mut index = Index::new();
    for (text, at, incomplete) in [
        (&b""[..], 0, true),
        (b"{\"a\":", 5, true),
        (b"{\"a\":\"xyz", 9, true),
        (b"{\"a\" 1}", 5, false),
        (b"{\"a\":1} x", 8, false),
        (b"{\"a\":\"\\q\"}", 6, false),
        (b"{\"a\":\"\xff\"}", 6, false),
        (b"[1,,2]", 3, false),
        (b"{\"a\":tru}", 5, false),
        (b"[1 2]", 1, false),
        (b"{]", 1, false),
    ] {
        let error = index.read(text).unwrap_err();
        assert_eq!(
            (error.at, error.incomplete),
            (at, incomplete),
            "{error} in {text:?}"
        );
    }
}
