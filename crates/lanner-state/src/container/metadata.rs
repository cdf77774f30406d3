//! What runtimes say of containers.

use std::collections::BTreeMap;
use std::fmt;

/// What a runtime says of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Its name.
    pub name: String,
    /// The user that it runs as.
    pub user: String,
    /// Image with tag, as it was asked for.
    pub image: String,
    /// Id of the image.
    pub image_id: String,
    /// Image without tag.
    pub image_repository: String,
    /// Tag of the image.
    pub image_tag: String,
    /// Digest of the image.
    pub image_digest: String,
    /// When it was created, in seconds since the epoch; 0 where it is not known.
    pub created_time_s: i64,
    /// Whether it is privileged.
    pub privileged: bool,
    /// Mounts.
    pub mounts: Vec<Mount>,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Environment.
    pub env: Vec<String>,
    /// Its IPv4 address.
    pub ip: String,
    /// Addresses from its network plugin, as JSON.
    pub cni_json: String,
    /// Whether it shares the host's pid namespace.
    pub host_pid: bool,
    /// Whether it shares the host's network.
    pub host_network: bool,
    /// Whether it shares the host's IPC namespace.
    pub host_ipc: bool,
    /// The command of its health check.
    pub healthcheck: Option<Probe>,
    /// The command of its liveness probe.
    pub liveness_probe: Option<Probe>,
    /// The command of its readiness probe.
    pub readiness_probe: Option<Probe>,
    /// Whether it only holds a pod's namespaces.
    pub is_pod_sandbox: bool,
    /// Id of the pod's sandbox.
    pub pod_sandbox_id: String,
    /// Labels of the pod's sandbox.
    pub pod_sandbox_labels: BTreeMap<String, String>,
}

/// A command that asks whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// The program.
    pub exe: String,
    /// Its arguments.
    pub args: Vec<String>,
}

/// A mount of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// Path on the host.
    pub source: String,
    /// Path in the container.
    pub dest: String,
    /// Options.
    pub mode: String,
    /// Whether it may be written to.
    pub rdwr: bool,
    /// Propagation.
    pub propagation: String,
}

/// As `container.mounts` shows it.
impl fmt::Display for Mount {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self {
            source,
            dest,
            mode,
            rdwr,
            propagation,
        } = self;
        write!(f, "{source}:{dest}:{mode}:{rdwr}:{propagation}")
    }
}
