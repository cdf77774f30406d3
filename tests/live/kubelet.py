"""The pod of the DaemonSet, as a kubelet makes it of packaging/kubernetes: the same user,
capabilities, seccomp profile, namespaces, mounts and limits, by the container runtime interface.

In place of the image there is Python with Lanner from here, mounted read-only, and below the node's
`/run` and `/var/lib/lanner` are folders of the test.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.cli.run import LANNER, ROOT
from tests.live.pod import Message, Pod

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BASE = ROOT / "packaging/kubernetes/base"
NODE = "node-1"
# what the kubelet asks for where `procMount` is not said
_MASKED = [
    *("/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"),
    *("/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware"),
]
_READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
_SECCOMP = {"RuntimeDefault": 0, "Unconfined": 1}
# instead of the image: Debian's libraries, this Python, what is installed for it, and Lanner
_INSTEAD = {*("/usr", "/lib", "/lib64"), sys.prefix, sys.base_prefix, str(ROOT / "src")}
_UNITS = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
# include/uapi/linux/capability.h
_SYS_RESOURCE = 24
_stamps = itertools.count()


def daemonset() -> dict[str, Any]:
    """What is to be run on each node."""
    found: dict[str, Any] = yaml.safe_load((BASE / "daemonset.yaml").read_text())
    spec: dict[str, Any] = found["spec"]["template"]["spec"]
    return spec


def capabilities() -> list[str]:
    """Those that it asks for, if root has them here.

    SYS_RESOURCE is for kernels before 5.11, and some virtual machines are without.
    """
    (container,) = daemonset()["containers"]
    asked: list[str] = container["securityContext"]["capabilities"]["add"]
    bounds = re.search(r"^CapBnd:\s*(\w+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert bounds
    has_resource = int(bounds[1], 16) >> _SYS_RESOURCE & 1
    return [name for name in asked if has_resource or name != "SYS_RESOURCE"]


class Node:
    """Folders of a node, and the files of the ConfigMap."""

    def __init__(self, directory: Path, containerd: Path) -> None:
        """Has the socket of a containerd below `run`."""
        self.directory = directory
        self.state = directory / "state"
        self._config = directory / "config"
        self._paths = {"/run": directory / "run", "/var/lib/lanner": self.state}
        for path in (*self._paths.values(), self._config, directory / "empty"):
            path.mkdir()
        (directory / "run/containerd").mkdir()
        os.link(containerd, directory / "run/containerd/containerd.sock")

    def project(self, data: Mapping[str, str]) -> None:
        """Brings the files of a ConfigMap, as a kubelet does: by the exchange of one link."""
        items = next(one for one in daemonset()["volumes"] if "configMap" in one)
        folder = self._config / f"..{next(_stamps)}"
        for item in items["configMap"]["items"]:
            path = folder / item["path"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(data[item["key"]])
            link = self._config / item["path"].partition("/")[0]
            if not link.is_symlink():
                link.symlink_to(f"..data/{link.name}")
        new = self._config / "..data_tmp"
        new.symlink_to(folder.name)
        new.rename(self._config / "..data")

    def mounts(self) -> Iterable[Message]:
        """Those of the DaemonSet, from the folders."""
        spec = daemonset()
        volumes = {one["name"]: one for one in spec["volumes"]}
        for mount in spec["containers"][0]["volumeMounts"]:
            volume = volumes[mount["name"]]
            if "configMap" in volume:
                source = self._config
            elif "emptyDir" in volume:
                source = self.directory / "empty"
            else:
                path = volume["hostPath"]["path"]
                source = self._paths.get(path, Path(path))
            yield {1: mount["mountPath"], 2: str(source), 3: int(mount.get("readOnly", False))}
        for path in sorted(_INSTEAD):
            yield {1: path, 2: path, 3: 1}


class WatchingPod(Pod):
    """The pod of the DaemonSet on a node."""

    def __init__(self, socket: Path, node: Node) -> None:
        self._spec = daemonset()
        super().__init__(socket, "lanner-x", "lanner", {}, host_pid=self._spec["hostPID"])
        self._node = node
        (container,) = self._spec["containers"]
        self.port: int = container["ports"][0]["containerPort"]
        self.health: str = container["livenessProbe"]["httpGet"]["path"]

    def watch(self, privileges: list[str]) -> str:
        """Starts its container with some of the capabilities; its id."""
        (container,) = self._spec["containers"]
        context = container["securityContext"]
        limit = re.fullmatch(r"(\d+)(\wi)", container["resources"]["limits"]["memory"])
        assert limit
        variables = {
            **dict.fromkeys((one["name"] for one in container["env"]), NODE),
            "PYTHONPATH": str(ROOT / "src"),
            "PATH": "/usr/bin",
        }
        return self.start_container(
            {
                1: {1: container["name"]},
                3: [str(LANNER)],
                4: container["args"],
                6: [{1: name, 2: value} for name, value in variables.items()],
                7: [*self._node.mounts()],
                15: {
                    1: {4: int(limit[1]) * _UNITS[limit[2]]},
                    2: {
                        1: {1: privileges, 2: context["capabilities"]["drop"]},
                        2: int(context["privileged"]),
                        3: self.namespaces,
                        5: {1: context["runAsUser"]},
                        7: int(context["readOnlyRootFilesystem"]),
                        11: int(not context["allowPrivilegeEscalation"]),
                        13: _MASKED,
                        14: _READ_ONLY,
                        15: {1: _SECCOMP[context["seccompProfile"]["type"]]},
                    },
                },
            }
        )

    def stop(self, container_id: str) -> int | None:
        """Ends it as for a new version; its exit code."""
        self.stop_container(container_id, self._spec["terminationGracePeriodSeconds"])
        return self.exit_code(container_id)
