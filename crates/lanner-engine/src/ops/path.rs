//! `pmatch`: is a path one of the given paths, or below one of them?
//!
//! Facts: libsinsp 0.25.4, `prefix_search.h`. Paths are compared by component;
//! empty components do not count, so leading, trailing and double slashes make
//! no difference, and `/` (or the empty path) is above everything. A component
//! of a given path with `?`, `*` or `[` is a glob. libsinsp mistakes the
//! position once a first glob fails below; here every glob gets its chance.

use rustc_hash::FxHashMap;

use super::glob::Glob;

/// A set of paths and all that is below them.
pub(crate) struct PathSet {
    nodes: Vec<Node>,
}

#[derive(Default)]
struct Node {
    /// A given path ends here: everything from here on is in.
    ends: bool,
    names: FxHashMap<Box<[u8]>, u32>,
    globs: Vec<(Box<[u8]>, Glob, u32)>,
}

impl PathSet {
    pub(crate) fn new(paths: &[&[u8]]) -> Self {
        let mut set = Self {
            nodes: vec![Node::default()],
        };
        for path in paths {
            set.add(path);
        }
        set
    }

    fn add(&mut self, path: &[u8]) {
        let mut at = 0;
        for component in components(path) {
            let next = self.nodes.len() as u32;
            let node = &mut self.nodes[at];
            let child = if component.iter().any(|byte| b"?*[".contains(byte)) {
                let known = node.globs.iter().find(|(text, ..)| **text == *component);
                known.map(|&(.., child)| child).unwrap_or_else(|| {
                    let glob = Glob::new(component, false);
                    node.globs.push((component.into(), glob, next));
                    next
                })
            } else {
                *node.names.entry(component.into()).or_insert(next)
            };
            if child == next {
                self.nodes.push(Node::default());
            }
            at = child as usize;
        }
        self.nodes[at].ends = true;
    }

    pub(crate) fn contains(&self, path: &[u8]) -> bool {
        // Places that globs lead to, with what is left of the path there.
        // Nothing is allocated on the way of plain names.
        let mut pending: Vec<(u32, Components<'_>)> = Vec::new();
        let (mut place, mut rest) = (0_u32, components(path));
        loop {
            let node = &self.nodes[place as usize];
            if node.ends {
                return true;
            }
            let mut next = None;
            if let Some(component) = rest.next() {
                for (_, glob, child) in &node.globs {
                    if glob.matches(component) {
                        pending.push((*child, rest));
                    }
                }
                next = node.names.get(component).copied();
            }
            match next {
                Some(child) => place = child,
                None => match pending.pop() {
                    Some(other) => (place, rest) = other,
                    None => return false,
                },
            }
        }
    }
}

/// The components of a path that are not empty.
#[derive(Clone, Copy)]
struct Components<'p> {
    rest: &'p [u8],
}

fn components(path: &[u8]) -> Components<'_> {
    Components { rest: path }
}

impl<'p> Iterator for Components<'p> {
    type Item = &'p [u8];

    fn next(&mut self) -> Option<&'p [u8]> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'/', self.rest).unwrap_or(self.rest.len());
            let component = &self.rest[..end];
            self.rest = &self.rest[(end + 1).min(self.rest.len())..];
            if !component.is_empty() {
                return Some(component);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn contains(paths: &[&str], path: &str) -> bool {
        let paths: Vec<&[u8]> = paths.iter().map(|path| path.as_bytes()).collect();
        PathSet::new(&paths).contains(path.as_bytes())
    }

    #[test]
    fn a_path_is_below_its_prefixes() {
        let paths = ["/var/run", "/etc", "/lib", "/usr/lib"];
        assert!(contains(&paths, "/var/run/docker"));
        assert!(contains(&paths, "/var/run"));
        assert!(contains(&paths, "/etc/"));
        assert!(contains(&paths, "//usr//lib/x"));
        assert!(!contains(&paths, "/boot"));
        assert!(!contains(&paths, "/var"));
        assert!(!contains(&paths, "/var/lib/messages"));
        assert!(!contains(&paths, "/etcetera"));
        assert!(!contains(&paths, ""));
    }

    #[test]
    fn the_root_is_above_everything() {
        for root in ["/", "", "//"] {
            assert!(contains(&[root], "/etc/shadow"));
            assert!(contains(&[root], "relative"));
            assert!(contains(&[root], ""));
        }
        assert!(!contains(&[], "/"));
    }

    #[test]
    fn components_may_be_globs() {
        let paths = ["/home/*/.ssh", "/home/a*/keys", "/opt/[xy]/"];
        assert!(contains(&paths, "/home/ann/.ssh/id"));
        assert!(contains(&paths, "/home/ann/keys"));
        assert!(!contains(&paths, "/home/bob/keys"));
        assert!(!contains(&paths, "/home/bob/x/.ssh"));
        assert!(contains(&paths, "/opt/y/z"));
    }

    proptest! {
        #[test]
        fn equals_the_naive_search(
            paths in prop::collection::vec("[ab*/]{0,6}", 0..6),
            path in "[ab/]{0,8}",
        ) {
            let below = |prefix: &str| {
                let prefix: Vec<_> = components(prefix.as_bytes()).collect();
                let path: Vec<_> = components(path.as_bytes()).collect();
                prefix.len() <= path.len()
                    && prefix.iter().zip(&path).all(|(pattern, component)| {
                        Glob::new(pattern, false).matches(component)
                    })
            };
            let borrowed: Vec<&str> = paths.iter().map(String::as_str).collect();
            prop_assert_eq!(
                contains(&borrowed, &path),
                paths.iter().any(|prefix| below(prefix))
            );
        }
    }
}
