//! Container ids in paths of control groups (container plugin 0.7.1, `matchers/`).
//!
//! Each engine has layouts: how its paths look around the id. Engines are asked
//! in the order of [`ENGINES`]; the first that knows a path decides.

use super::Kind;

/// The length of an id in the path, in characters.
const FULL_ID: usize = 64;
/// How much of it is shown.
const SHORT_ID: usize = 12;

/// A container that a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Match<'p> {
    /// The id, as it is shown.
    pub(crate) id: &'p [u8],
    /// The id, as the engine knows it.
    pub(crate) full_id: &'p [u8],
    /// The engine, where the path alone tells all that will be known.
    pub(crate) kind: Option<Kind>,
}

impl<'p> Match<'p> {
    /// A container of which the path tells all.
    fn whole(id: &'p [u8], kind: Kind) -> Self {
        Self {
            id,
            full_id: id,
            kind: Some(kind),
        }
    }
}

type Engine = fn(&[u8]) -> Option<Match<'_>>;

const ENGINES: [Engine; 7] = [podman, docker, cri, containerd, lxc, libvirt_lxc, bpm];

/// The container that a path of a control group names; `None` for the host.
pub(crate) fn find(path: &[u8]) -> Option<Match<'_>> {
    ENGINES.iter().find_map(|engine| engine(path))
}

/// What stands before and behind an id, up to the end of the path.
type Layout = (&'static str, &'static str);

const PODMAN: [Layout; 6] = [
    ("/libpod-", ".scope"),
    ("/libpod-", ".scope/container"),
    ("/libpod-", ""),
    ("/libpod-payload-", ".scope"),
    ("/libpod-payload-", ".scope/container"),
    ("/libpod-payload-", ""),
];

const DOCKER: [Layout; 2] = [("/", ""), ("/docker-", ".scope")];

const CRI: [Layout; 6] = [
    ("/", ""),
    ("/crio-", ""),
    ("/cri-containerd-", ".scope"),
    ("/crio-", ".scope"),
    (":cri-containerd:", ""),
    ("/docker-", ".scope"),
];

fn podman(path: &[u8]) -> Option<Match<'_>> {
    runc(path, &PODMAN)
}

fn docker(path: &[u8]) -> Option<Match<'_>> {
    runc(path, &DOCKER)
}

fn cri(path: &[u8]) -> Option<Match<'_>> {
    runc(path, &CRI)
}

fn runc<'p>(path: &'p [u8], layouts: &[Layout]) -> Option<Match<'p>> {
    let id = layouts.iter().find_map(|(prefix, suffix)| {
        let id = between(path, prefix.as_bytes(), suffix.as_bytes())?;
        is_full_id(path, id).then_some(id)
    })?;
    Some(Match {
        id: &id[..SHORT_ID],
        full_id: id,
        kind: None,
    })
}

/// What stands between the last `prefix` and the last `suffix`.
fn between<'p>(path: &'p [u8], prefix: &[u8], suffix: &[u8]) -> Option<&'p [u8]> {
    let start = rfind(path, prefix)? + prefix.len();
    let end = match suffix {
        b"" => path.len(),
        _ => rfind(path, suffix)?,
    };
    path.get(start..end)
}

/// Whether an id has its full length and only hexadecimal digits. The plugin
/// compares the place of the first other character with 64 from the start of
/// the path, not of the id: further behind, any character will do, and a
/// character behind the id counts, too.
fn is_full_id(path: &[u8], id: &[u8]) -> bool {
    let start = id.as_ptr() as usize - path.as_ptr() as usize;
    let other = path[start..]
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit());
    id.len() == FULL_ID && other.is_none_or(|other| start + other >= FULL_ID)
}

/// Containers of `ctr`: `/namespace/id`, with a namespace that is not known.
fn containerd(path: &[u8]) -> Option<Match<'_>> {
    let namespace = namespace(path)?;
    let start = rfind(path, namespace)? + namespace.len();
    let id = &path[start..];
    let is_unit = [&b".service"[..], b".slice", b".scope"]
        .iter()
        .any(|suffix| path.ends_with(suffix));
    let is_hex_id = id.len() == FULL_ID && is_full_id(path, id);
    if !is_hex_id && (id.is_empty() || id.len() > FULL_ID || is_unit) {
        return None;
    }
    Some(Match {
        id: &id[..id.len().min(SHORT_ID)],
        full_id: id,
        kind: None,
    })
}

/// The first part of a path between two slashes that can be a namespace of
/// containerd: words of letters and digits, joined by single `.`, `_` or `-`;
/// with the slashes.
fn namespace(path: &[u8]) -> Option<&[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    let starts = slashes.clone().map(|(at, _)| at);
    let ends = slashes.map(|(at, _)| at).skip(1);
    let mut parts = starts.zip(ends);
    parts.find_map(|(start, end)| {
        let mut words = path[start + 1..end].split(|byte| matches!(byte, b'.' | b'_' | b'-'));
        let is_name =
            words.all(|word| !word.is_empty() && word.iter().all(u8::is_ascii_alphanumeric));
        is_name.then_some(&path[start..=end])
    })
}

fn lxc(path: &[u8]) -> Option<Match<'_>> {
    let layouts = [&b"/lxc/"[..], b"/lxc.payload/", b"/lxc.payload."];
    let rest = layouts.iter().find_map(|layout| after(path, layout))?;
    let end = rest.iter().position(|byte| *byte == b'/');
    Some(Match::whole(&rest[..end.unwrap_or(rest.len())], Kind::Lxc))
}

fn libvirt_lxc(path: &[u8]) -> Option<Match<'_>> {
    let id = libvirt_old(path)
        .or_else(|| libvirt_systemd(path))
        .or_else(|| after(path, b"/libvirt/lxc/"))?;
    Some(Match::whole(id, Kind::LibvirtLxc))
}

/// `/name.libvirt-lxc`.
fn libvirt_old(path: &[u8]) -> Option<&[u8]> {
    const SUFFIX: &[u8] = b".libvirt-lxc";
    let end = find_in(path, SUFFIX).filter(|at| at + SUFFIX.len() == path.len())?;
    let slash = rfind(path, b"/")?;
    path.get(slash + 1..end)
}

/// `/machine-lxc\x2dname.scope`, or that and `/libvirt`.
fn libvirt_systemd(path: &[u8]) -> Option<&[u8]> {
    const PREFIX: &[u8] = b"-lxc\\x2";
    let start = find_in(path, PREFIX)?;
    let inner = &b".scope/libvirt"[..];
    let suffix = match find_in(path, inner) {
        Some(_) => inner,
        None => b".scope",
    };
    let end = find_in(path, suffix).filter(|at| at + suffix.len() == path.len())?;
    // One more for the digit of the escape.
    path.get(start + PREFIX.len() + 1..end)
}

fn bpm(path: &[u8]) -> Option<Match<'_>> {
    let rest = after(path, b"bpm-")?;
    let id = &rest[..find_in(rest, b".scope").unwrap_or(rest.len())];
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (!id.is_empty() && id.iter().all(is_allowed)).then_some(Match::whole(id, Kind::Bpm))
}

fn find_in(path: &[u8], part: &[u8]) -> Option<usize> {
    path.windows(part.len()).position(|window| window == part)
}

fn rfind(path: &[u8], part: &[u8]) -> Option<usize> {
    path.windows(part.len()).rposition(|window| window == part)
}

/// What stands behind the first `part`.
fn after<'p>(path: &'p [u8], part: &[u8]) -> Option<&'p [u8]> {
    find_in(path, part).map(|at| &path[at + part.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case = (&'static str, Option<(&'static str, Option<Kind>)>);

    const HEX: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
    const SHORT: &str = "3ad7b26ded6d";

    #[test]
    fn paths_of_engines() {
        let none = None;
        let cases: &[Case] = &[
            ("/docker/HEX", Some((SHORT, None))),
            ("/system.slice/docker-HEX.scope", Some((SHORT, None))),
            ("/kubepods/besteffort/pod1-2/HEX", Some((SHORT, None))),
            (
                "/kubepods.slice/kubepods-pod1_2.slice/cri-containerd-HEX.scope",
                Some((SHORT, None)),
            ),
            (
                "/kubepods.slice/kubepods-pod1_2.slice/crio-HEX.scope",
                Some((SHORT, None)),
            ),
            ("/machine.slice/libpod-HEX.scope", Some((SHORT, None))),
            (
                "/machine.slice/libpod-HEX.scope/container",
                Some((SHORT, None)),
            ),
            (
                "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:HEX",
                Some((SHORT, None)),
            ),
            ("/default/box", Some(("box", None))),
            (
                "/my-space/a_long_container_name",
                Some(("a_long_conta", None)),
            ),
            ("/lxc.payload.web", Some(("web", Some(Kind::Lxc)))),
            (
                "/lxc.payload.web/init.scope",
                Some(("web", Some(Kind::Lxc))),
            ),
            ("/machine/web.libvirt-lxc", Some(("web.libvirt-", None))),
            ("web.libvirt-lxc", none),
            ("/web.libvirt-lxc", Some(("web", Some(Kind::LibvirtLxc)))),
            (
                "/machine.slice/machine-lxc\\x2d2293906\\x2dbox.scope/libvirt",
                Some(("machine-lxc\\", None)),
            ),
            (
                "/machine.slice/machine-lxc\\x2d2293906\\x2dbox.scope",
                Some(("2293906\\x2dbox", Some(Kind::LibvirtLxc))),
            ),
            ("/bpm-job.scope", Some(("job", Some(Kind::Bpm)))),
            ("/bpm-.scope", none),
            ("/", none),
            ("", none),
            ("/init.scope", none),
            ("/user.slice/user-1000.slice/session-1.scope", none),
            ("/system.slice/ssh.service", none),
            ("/docker/HEXa", none),
            (
                "/docker/gad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e",
                Some(("gad7b26ded6d", None)),
            ),
        ];
        for (path, expected) in cases {
            let path = path.replace("HEX", HEX);
            let found = find(path.as_bytes());
            let found = found.map(|m| (std::str::from_utf8(m.id).unwrap(), m.kind));
            assert_eq!(found, *expected, "{path}");
        }
    }
}
