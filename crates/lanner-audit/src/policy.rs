//! Policies, evaluated as kube-apiserver does (`EvaluatePolicyRule`, `pkg/audit/policy/checker.go`).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;

use crate::attributes::{Attributes, Resource, Target, User};

/// How much of a request is recorded.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    None,
    /// Everything but bodies.
    Metadata,
    /// The body of the request, too.
    Request,
    /// The body of the response, too.
    RequestResponse,
}

impl Level {
    /// All, from the least.
    pub const ALL: [Self; 4] = [
        Self::None,
        Self::Metadata,
        Self::Request,
        Self::RequestResponse,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        }
    }
}

/// When in the life of a request an event is written.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Stage {
    RequestReceived,
    ResponseStarted,
    ResponseComplete,
    Panic,
}

impl Stage {
    /// The stage of a name.
    #[must_use]
    pub fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"RequestReceived" => Self::RequestReceived,
            b"ResponseStarted" => Self::ResponseStarted,
            b"ResponseComplete" => Self::ResponseComplete,
            b"Panic" => Self::Panic,
            _ => return None,
        })
    }
}

/// A policy that is no such thing.
#[derive(Debug)]
pub struct PolicyError(serde_json::Error);

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a policy: {}", self.0)
    }
}

impl std::error::Error for PolicyError {}

/// A policy: of its rules the first that matches decides.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    rules: Vec<Rule>,
    omit_stages: Vec<Stage>,
    omit_managed_fields: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Rule {
    level: Level,
    users: Vec<String>,
    user_groups: Vec<String>,
    verbs: Vec<String>,
    resources: Vec<GroupResources>,
    namespaces: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
    /// With the policy's.
    omit_stages: Vec<Stage>,
    omit_managed_fields: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GroupResources {
    group: String,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'p> {
    /// The rule that decided, by its place; none matched where there is none.
    pub rule: Option<usize>,
    /// How much is recorded.
    pub level: Level,
    /// When nothing is.
    pub omit_stages: &'p [Stage],
    /// Whether `managedFields` are left out of bodies.
    pub omit_managed_fields: bool,
}

impl Decision<'_> {
    /// Where there is no policy: whatever comes is kept.
    pub const EVERYTHING: Decision<'static> = Decision {
        rule: None,
        level: Level::RequestResponse,
        omit_stages: &[],
        omit_managed_fields: false,
    };
}

impl Policy {
    /// A policy from JSON (`lanner.audit.policy.encode`).
    ///
    /// # Errors
    /// When it is no policy.
    pub fn new(json: &[u8]) -> Result<Self, PolicyError> {
        serde_json::from_slice(json).map_err(PolicyError)
    }

    /// How many rules it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What it says of a request.
    #[must_use]
    pub fn decide(&self, request: &Attributes<'_>) -> Decision<'_> {
        let found = self.rules.iter().position(|rule| rule.matches(request));
        match found {
            Some(place) => {
                let rule = &self.rules[place];
                Decision {
                    rule: found,
                    level: rule.level,
                    omit_stages: &rule.omit_stages,
                    omit_managed_fields: rule.omit_managed_fields,
                }
            }
            None => Decision {
                rule: None,
                level: Level::None,
                omit_stages: &self.omit_stages,
                omit_managed_fields: self.omit_managed_fields,
            },
        }
    }
}

fn has(list: &[String], text: &[u8]) -> bool {
    list.iter().any(|one| one.as_bytes() == text)
}

/// Whether a list says nothing, or names the text.
fn allows(list: &[String], text: &[u8]) -> bool {
    list.is_empty() || has(list, text)
}

impl Rule {
    fn matches(&self, request: &Attributes<'_>) -> bool {
        allows(&self.verbs, &request.verb)
            && self.matches_user(request.user.as_ref())
            && match &request.target {
                _ if self.is_about_resources() => self.matches_resource(&request.target),
                Target::Path(path) => self.matches_path(path),
                Target::Resource(_) => self.non_resource_urls.is_empty(),
            }
    }

    fn matches_user(&self, user: Option<&User<'_>>) -> bool {
        let is_named = |user: &User<'_>| allows(&self.users, &user.name);
        let in_group = |group: Cow<'_, [u8]>| has(&self.user_groups, &group);
        match user {
            Some(user) => {
                is_named(user) && (self.user_groups.is_empty() || user.groups().any(in_group))
            }
            None => self.users.is_empty() && self.user_groups.is_empty(),
        }
    }

    fn is_about_resources(&self) -> bool {
        !self.namespaces.is_empty() || !self.resources.is_empty()
    }

    fn matches_resource(&self, target: &Target<'_>) -> bool {
        let Target::Resource(request) = target else {
            return false;
        };
        allows(&self.namespaces, &request.namespace)
            && (self.resources.is_empty() || self.resources.iter().any(|one| one.matches(request)))
    }

    fn matches_path(&self, path: &[u8]) -> bool {
        let matches = |url: &String| {
            let url = url.as_bytes();
            url == b"*"
                || url == path
                || url
                    .strip_suffix(b"*")
                    .is_some_and(|start| path.starts_with(start))
        };
        self.non_resource_urls.is_empty() || self.non_resource_urls.iter().any(matches)
    }
}

impl GroupResources {
    fn matches(&self, request: &Resource<'_>) -> bool {
        // "*" as a group: since 1.36
        (self.group == "*" || self.group.as_bytes() == &*request.group)
            && (self.resources.is_empty()
                || (allows(&self.resource_names, &request.name)
                    && self
                        .resources
                        .iter()
                        .any(|pattern| is_resource(pattern.as_bytes(), request))))
    }
}

/// Whether a pattern (`pods`, `pods/log`, `pods/*`, `*/log`, `*`) means a resource. `pods/*` means
/// `pods`, too.
fn is_resource(pattern: &[u8], request: &Resource<'_>) -> bool {
    let (resource, subresource) = (&*request.resource, &*request.subresource);
    let is_itself = match subresource {
        b"" => pattern == resource,
        _ => pattern
            .strip_prefix(resource)
            .and_then(|rest| rest.strip_prefix(b"/"))
            .is_some_and(|rest| rest == subresource),
    };
    is_itself
        || pattern == b"*"
        || (!subresource.is_empty() && pattern.strip_prefix(b"*/") == Some(subresource))
        || pattern.strip_suffix(b"/*") == Some(resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource<'t>(text: &'t str) -> Resource<'t> {
        let (resource, subresource) = text.split_once('/').unwrap_or((text, ""));
        Resource {
            resource: resource.as_bytes().into(),
            subresource: subresource.as_bytes().into(),
            ..Resource::default()
        }
    }

    #[test]
    fn patterns_of_resources() {
        for (pattern, means, not) in [
            ("pods", &["pods"][..], &["pods/log", "pod", "podss"][..]),
            ("pods/log", &["pods/log"], &["pods", "pods/exec"]),
            ("pods/*", &["pods", "pods/log"], &["nodes", "nodes/log"]),
            ("*/log", &["pods/log"], &["pods", "log", "pods/exec"]),
            ("*", &["pods", "pods/log"], &[]),
            ("*/*", &[], &["pods", "pods/log"]),
            ("", &[], &["pods", "pods/log"]),
            ("pods/", &[], &["pods", "pods/log"]),
        ] {
            for text in means {
                assert!(
                    is_resource(pattern.as_bytes(), &resource(text)),
                    "{pattern} {text}"
                );
            }
            for text in not {
                assert!(
                    !is_resource(pattern.as_bytes(), &resource(text)),
                    "{pattern} {text}"
                );
            }
        }
    }

    #[test]
    fn levels_have_an_order_and_names() {
        assert!(Level::ALL.is_sorted());
        assert_eq!(Level::ALL.map(Level::name)[3], "RequestResponse");
        assert_eq!(Stage::of(b"Panic"), Some(Stage::Panic));
        assert_eq!(Stage::of(b"panic"), None);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for json in [
            "",
            "{}",
            "[]",
            r#"{"rules":[],"omitStages":["x"],"omitManagedFields":false}"#,
        ] {
            let error = Policy::new(json.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("not a policy: "), "{error}");
        }
    }
}
