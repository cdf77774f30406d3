//! What a policy looks at of a request.

use std::borrow::Cow;

use lanner_kube::AuditEvent;
use lanner_kube::event::Key;
use lanner_kube::json::Node;

use crate::strip::plain;

/// A request, as it was when the API server asked its policy (`authorizer.Attributes`). Texts that
/// are not there are empty.
#[derive(Clone, Debug, Default)]
pub struct Attributes<'e> {
    /// Who asks; `None` when it was not found out (401).
    pub user: Option<User<'e>>,
    /// What is done.
    pub verb: Cow<'e, [u8]>,
    /// What it is done to.
    pub target: Target<'e>,
}

/// Who asks. (A policy never sees whom they impersonate.)
#[derive(Clone, Debug, Default)]
pub struct User<'e> {
    /// Name.
    pub name: Cow<'e, [u8]>,
    /// An array of names.
    groups: Option<Node<'e>>,
}

impl<'e> User<'e> {
    /// Names of groups.
    pub fn groups(&self) -> impl Iterator<Item = Cow<'e, [u8]>> {
        let groups = self.groups.iter().flat_map(Node::elements);
        groups.filter_map(|group| group.string())
    }
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<'e> {
    /// A resource of the API.
    Resource(Resource<'e>),
    /// Anything else, by its path.
    Path(Cow<'e, [u8]>),
}

impl Default for Target<'_> {
    fn default() -> Self {
        Self::Path(Cow::default())
    }
}

/// A resource, as the URL names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource<'e> {
    /// API group; empty for the core.
    pub group: Cow<'e, [u8]>,
    /// `pods`.
    pub resource: Cow<'e, [u8]>,
    /// `log`.
    pub subresource: Cow<'e, [u8]>,
    /// Empty for all, and for what is in none.
    pub namespace: Cow<'e, [u8]>,
    /// Of one object.
    pub name: Cow<'e, [u8]>,
}

impl<'e> Resource<'e> {
    /// What an `objectRef` says. Of two equal members the first counts.
    fn of(object: Node<'e>) -> Self {
        let mut found = Self::default();
        for (key, value) in object.members() {
            let place = match &*plain(key) {
                b"apiGroup" => &mut found.group,
                b"resource" => &mut found.resource,
                b"subresource" => &mut found.subresource,
                b"namespace" => &mut found.namespace,
                b"name" => &mut found.name,
                _ => continue,
            };
            if place.is_empty() {
                *place = text(Some(value));
            }
        }
        found
    }
}

fn text<'e>(node: Option<Node<'e>>) -> Cow<'e, [u8]> {
    node.and_then(|node| node.string()).unwrap_or_default()
}

impl<'e> Attributes<'e> {
    /// Those of an event.
    ///
    /// An event of a resource has an `objectRef`. The API server fills in the name there from the
    /// body of a create, after the policy was asked; that name is left out.
    #[must_use]
    pub fn of(event: &AuditEvent<'e>) -> Self {
        let verb = text(event.get(Key::Verb));
        let uri = || text(event.get(Key::RequestUri));
        let target = match event.get(Key::ObjectRef) {
            Some(object) => {
                let mut found = Resource::of(object);
                if *verb == *b"create" && is_collection(&uri(), &found.resource) {
                    found.name = Cow::default();
                }
                Target::Resource(found)
            }
            None => Target::Path(path(uri())),
        };
        Self {
            user: user(event),
            verb,
            target,
        }
    }
}

fn user<'e>(event: &AuditEvent<'e>) -> Option<User<'e>> {
    let user = event.get(Key::User)?;
    let name = text(user.get(b"username"));
    if name.is_empty() {
        return None;
    }
    Some(User {
        name,
        groups: user.get(b"groups"),
    })
}

/// Whether a URL ends in the resource, and not in the name of an object.
fn is_collection(uri: &[u8], resource: &[u8]) -> bool {
    let path = uri.split(|byte| *byte == b'?').next().unwrap_or_default();
    let slashes = path.iter().rev().take_while(|byte| **byte == b'/').count();
    let path = &path[..path.len() - slashes];
    path.rsplit(|byte| *byte == b'/').next() == Some(resource)
}

/// The path of a URL, decoded.
fn path(uri: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let end = memchr::memchr(b'?', &uri).unwrap_or(uri.len());
    if memchr::memchr(b'%', &uri[..end]).is_none() {
        return match uri {
            Cow::Borrowed(uri) => Cow::Borrowed(&uri[..end]),
            Cow::Owned(mut uri) => {
                uri.truncate(end);
                Cow::Owned(uri)
            }
        };
    }
    let digit = |at: usize| {
        let byte = uri[..end].get(at)?;
        Some((*byte as char).to_digit(16)? as u8)
    };
    let mut decoded = Vec::with_capacity(end);
    let mut at = 0;
    while at < end {
        // The API server has refused what cannot be decoded.
        match (uri[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use lanner_kube::event;
    use lanner_kube::json::Index;

    use super::*;

    fn resource(record: &str) -> Resource<'static> {
        let record = format!(
            r#"{{"kind":"Event","stageTimestamp":"2026-11-24T00:00:00Z",{}}}"#,
            record
        );
        let mut index = Index::new();
        let event = event::parse(record.as_bytes(), &mut index).unwrap();
        let own = |text: &Cow<'_, [u8]>| Cow::Owned(text.to_vec());
        match Attributes::of(&event).target {
            Target::Resource(found) => Resource {
                group: own(&found.group),
                resource: own(&found.resource),
                subresource: own(&found.subresource),
                namespace: own(&found.namespace),
                name: own(&found.name),
            },
            Target::Path(path) => panic!("{path:?}"),
        }
    }

    #[test]
    fn names_from_bodies_are_left_out() {
        for (verb, uri, name) in [
            ("create", "/api/v1/namespaces/d/pods?x=/y", ""),
            ("create", "/api/v1/namespaces/d/pods/", ""),
            ("create", "/api/v1/namespaces/d/pods/p/binding", "p"),
            ("create", "/api/v1/namespaces/d/pods/p", "p"),
            (
                "list",
                "/api/v1/namespaces/d/pods?fieldSelector=metadata.name%3Dp",
                "p",
            ),
        ] {
            let record = format!(
                r#""verb":"{verb}","requestURI":"{uri}","objectRef":{{"resource":"pods","name":"p"}}"#
            );
            assert_eq!(
                String::from_utf8_lossy(&resource(&record).name),
                name,
                "{uri}"
            );
        }
    }

    #[test]
    fn paths() {
        for (uri, decoded) in [
            ("/healthz?verbose", "/healthz"),
            ("/a%2Fb%", "/a/b%"),
            ("/a%zz?%41", "/a%zz"),
            ("", ""),
        ] {
            for uri in [
                Cow::Borrowed(uri.as_bytes()),
                Cow::Owned(uri.as_bytes().to_vec()),
            ] {
                assert_eq!(path(uri), decoded.as_bytes());
            }
        }
    }
}
