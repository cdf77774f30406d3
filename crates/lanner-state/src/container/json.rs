//! Container events: JSON as the container plugin writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{Container, Kind, Metadata, Mount, Probe};

#[derive(Deserialize)]
struct Document {
    container: Body,
}

/// Absent keys have their default, and so has null where the plugin allows it;
/// a value of another type makes the whole event invalid.
#[derive(Deserialize)]
#[serde(default)]
struct Body {
    r#type: i64,
    id: String,
    full_id: String,
    name: String,
    image: String,
    imagedigest: String,
    imageid: String,
    imagerepo: String,
    imagetag: String,
    #[serde(rename = "User")]
    user: String,
    cni_json: String,
    created_time: i64,
    #[serde(deserialize_with = "or_default")]
    env: Vec<String>,
    host_ipc: bool,
    host_network: bool,
    host_pid: bool,
    ip: String,
    is_pod_sandbox: bool,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    pod_sandbox_id: String,
    privileged: bool,
    #[serde(deserialize_with = "or_default")]
    pod_sandbox_labels: BTreeMap<String, String>,
    #[serde(rename = "Mounts", deserialize_with = "or_default")]
    mounts: Vec<MountBody>,
    #[serde(rename = "Healthcheck")]
    healthcheck: Option<ProbeBody>,
    #[serde(rename = "LivenessProbe")]
    liveness_probe: Option<ProbeBody>,
    #[serde(rename = "ReadinessProbe")]
    readiness_probe: Option<ProbeBody>,
}

impl Default for Body {
    fn default() -> Self {
        Self {
            r#type: Kind::Unknown as i64,
            id: String::new(),
            full_id: String::new(),
            name: String::new(),
            image: String::new(),
            imagedigest: String::new(),
            imageid: String::new(),
            imagerepo: String::new(),
            imagetag: String::new(),
            user: String::new(),
            cni_json: String::new(),
            created_time: 0,
            env: Vec::new(),
            host_ipc: false,
            host_network: false,
            host_pid: false,
            ip: String::new(),
            is_pod_sandbox: false,
            labels: BTreeMap::new(),
            pod_sandbox_id: String::new(),
            privileged: false,
            pod_sandbox_labels: BTreeMap::new(),
            mounts: Vec::new(),
            healthcheck: None,
            liveness_probe: None,
            readiness_probe: None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct MountBody {
    #[serde(rename = "Source")]
    source: String,
    #[serde(rename = "Destination")]
    dest: String,
    #[serde(rename = "Mode")]
    mode: String,
    #[serde(rename = "RW")]
    rdwr: bool,
    #[serde(rename = "Propagation")]
    propagation: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ProbeBody {
    exe: String,
    #[serde(deserialize_with = "or_default")]
    args: Vec<String>,
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl From<MountBody> for Mount {
    fn from(body: MountBody) -> Self {
        Self {
            source: body.source,
            dest: body.dest,
            mode: body.mode,
            rdwr: body.rdwr,
            propagation: body.propagation,
        }
    }
}

impl From<ProbeBody> for Probe {
    fn from(body: ProbeBody) -> Self {
        Self {
            exe: body.exe,
            args: body.args,
        }
    }
}

/// The container that a document tells of; what stands behind a NUL is ignored.
pub(crate) fn parse(bytes: &[u8]) -> Option<Container> {
    let text = bytes.split(|byte| *byte == 0).next()?;
    let body = serde_json::from_slice::<Document>(text).ok()?.container;
    Some(Container {
        id: body.id.into(),
        full_id: body.full_id.into(),
        kind: Kind::of(body.r#type),
        generation: 0,
        problem: None,
        metadata: Some(Box::new(Metadata {
            name: body.name,
            user: body.user,
            image: body.image,
            image_id: body.imageid,
            image_repository: body.imagerepo,
            image_tag: body.imagetag,
            image_digest: body.imagedigest,
            created_time_s: body.created_time,
            privileged: body.privileged,
            mounts: body.mounts.into_iter().map(Mount::from).collect(),
            labels: body.labels,
            env: body.env,
            ip: body.ip,
            cni_json: body.cni_json,
            host_pid: body.host_pid,
            host_network: body.host_network,
            host_ipc: body.host_ipc,
            healthcheck: body.healthcheck.map(Probe::from),
            liveness_probe: body.liveness_probe.map(Probe::from),
            readiness_probe: body.readiness_probe.map(Probe::from),
            is_pod_sandbox: body.is_pod_sandbox,
            pod_sandbox_id: body.pod_sandbox_id,
            pod_sandbox_labels: body.pod_sandbox_labels,
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents() {
        let text = br#"{"container":{"id":"0123456789ab","type":7,"name":"box","labels":null,
            "imagerepo":"alpine","imagetag":"3","Mounts":[{"Source":"/a","Destination":"/b","RW":true}],
            "Healthcheck":{"exe":"/bin/true","args":["-x"]},"cpu_shares":2,"unknown":[1]}}"#;
        let container = parse(&[&text[..], b"\0rest"].concat()).unwrap();
        assert_eq!(
            (&*container.id, container.kind),
            ("0123456789ab", Kind::Containerd)
        );
        let metadata = container.metadata.unwrap();
        assert_eq!(metadata.mounts[0].to_string(), "/a:/b::true:");
        assert_eq!(metadata.healthcheck.unwrap().args, ["-x"]);
        assert_eq!(metadata.image_repository, "alpine");
        for bad in [
            &b""[..],
            b"{",
            b"{}",
            b"{\"container\":1}",
            b"{\"container\":{\"id\":7}}",
            b"{\"container\":{\"id\":null}}",
        ] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        let plain = parse(b"{\"container\":{}}").unwrap();
        assert_eq!((&*plain.id, plain.kind.name()), ("", ""));
    }
}
