"""Messages of the gRPC interfaces: the few parts that are needed, by the numbers that they have
there (kubernetes/cri-api runtime.v1; containerd's services of version 1).

They are described here as tables, from which the protobuf library makes classes when they are first
needed.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TYPES = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
    "int32": descriptor_pb2.FieldDescriptorProto.TYPE_INT32,
    "bytes": descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
}
_MAP = "map"
"""Of texts to texts."""

MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    # runtime.v1: names with a * are repeated
    "Version": {"version": (1, "string")},
    "VersionAnswer": {"runtime_name": (2, "string"), "runtime_version": (3, "string")},
    "ContainerFilter": {"id": (1, "string")},
    "ListContainers": {"filter": (1, "ContainerFilter")},
    "ListedContainer": {"id": (1, "string")},
    "ListContainersAnswer": {"containers*": (1, "ListedContainer")},
    "ContainerStatusRequest": {"container_id": (1, "string"), "verbose": (2, "bool")},
    "ContainerName": {"name": (1, "string")},
    "ImageSpec": {"image": (1, "string")},
    "Mount": {
        "container_path": (1, "string"),
        "host_path": (2, "string"),
        "readonly": (3, "bool"),
        "propagation": (5, "int32"),
    },
    "ContainerStatus": {
        "id": (1, "string"),
        "metadata": (2, "ContainerName"),
        "created_at": (4, "int64"),
        "image": (8, "ImageSpec"),
        "image_ref": (9, "string"),
        "labels": (12, _MAP),
        "mounts*": (14, "Mount"),
    },
    "ContainerStatusAnswer": {"status": (1, "ContainerStatus"), "info": (2, _MAP)},
    "PodSandboxStatusRequest": {"pod_sandbox_id": (1, "string"), "verbose": (2, "bool")},
    "PodName": {"name": (1, "string"), "uid": (2, "string"), "namespace": (3, "string")},
    "PodNetwork": {"ip": (1, "string")},
    "NamespaceOption": {"network": (1, "int32"), "pid": (2, "int32"), "ipc": (3, "int32")},
    "PodNamespaces": {"options": (2, "NamespaceOption")},
    "PodLinux": {"namespaces": (1, "PodNamespaces")},
    "PodSandboxStatus": {
        "id": (1, "string"),
        "metadata": (2, "PodName"),
        "created_at": (4, "int64"),
        "network": (5, "PodNetwork"),
        "linux": (6, "PodLinux"),
        "labels": (7, _MAP),
    },
    "PodSandboxStatusAnswer": {"status": (1, "PodSandboxStatus"), "info": (2, _MAP)},
    # containerd
    "Any": {"type_url": (1, "string"), "value": (2, "bytes")},
    "Timestamp": {"seconds": (1, "int64")},
    "Nothing": {},
    "NamespaceEntry": {"name": (1, "string")},
    "NamespacesAnswer": {"namespaces*": (1, "NamespaceEntry")},
    "GetContainer": {"id": (1, "string")},
    "StoredContainer": {
        "id": (1, "string"),
        "labels": (2, _MAP),
        "image": (3, "string"),
        "spec": (5, "Any"),
        "created_at": (8, "Timestamp"),
    },
    "GetContainerAnswer": {"container": (1, "StoredContainer")},
    "GetImage": {"name": (1, "string")},
    "Descriptor": {"digest": (2, "string")},
    "StoredImage": {"target": (3, "Descriptor")},
    "GetImageAnswer": {"image": (1, "StoredImage")},
    "VersionOfContainerd": {"version": (1, "string")},
}


@cache
def _classes() -> dict[str, Any]:
    package = "lanner.containers"
    file = descriptor_pb2.FileDescriptorProto(
        name="lanner/containers.proto", package=package, syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for label, (number, kind) in fields.items():
            field = message.field.add(name=label.removesuffix("*"), number=number)
            field.label = (
                descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED
                if label.endswith("*") or kind == _MAP
                else descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
            )
            if kind in _TYPES:
                field.type = _TYPES[kind]
                continue
            field.type = descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = f".{package}.{kind}"
            if kind == _MAP:
                # the name that map entries must have
                entry = "".join(part.title() for part in field.name.split("_")) + "Entry"
                field.type_name = f".{package}.{name}.{entry}"
                nested = message.nested_type.add(name=entry)
                nested.options.map_entry = True
                for place, part in ((1, "key"), (2, "value")):
                    nested.field.add(
                        name=part,
                        number=place,
                        label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
                        type=descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
                    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in MESSAGES
    }


def message(name: str) -> Any:
    """The class of a message."""
    return _classes()[name]
