"""Codes of diagnostics about kube-apiserver's manifest."""

from __future__ import annotations

from lanner.diagnostics.codes import Code

MANIFEST = "AUDIT_MANIFEST"
OFF = "AUDIT_MANIFEST_OFF"
FLAG = "AUDIT_MANIFEST_FLAG"
MOUNT = "AUDIT_MANIFEST_MOUNT"
VOLUME = "AUDIT_MANIFEST_VOLUME"
HOST = "AUDIT_MANIFEST_HOST"
POLICY = "AUDIT_MANIFEST_POLICY"
FOLDER = "AUDIT_MANIFEST_FOLDER"
CONFLICT = "AUDIT_MANIFEST_CONFLICT"

ERRORS = (
    Code(MANIFEST, "Manifest", "The file is no manifest of a pod with a container kube-apiserver."),
    Code(OFF, "Off", "Nothing is audited: the policy, or a place for events, is missing."),
    Code(FLAG, "Flag", "A flag is misspelt, is given twice, or has a value that is refused."),
    Code(
        MOUNT,
        "Mount",
        "The container does not see a file or directory that a flag names, or may not write to it.",
    ),
    Code(VOLUME, "Volume", "A volume is missing, or kubelet does not accept what is at its path."),
    Code(HOST, "Host", "A file of the node is missing, is a directory, or cannot be read."),
    Code(POLICY, "Policy", "kube-apiserver does not start with the policy."),
    Code(
        FOLDER,
        "Folder",
        "kubelet takes a file for a pod that is none, or starts a second kube-apiserver.",
    ),
    Code(CONFLICT, "Conflict", "The manifest says something else already."),
)
