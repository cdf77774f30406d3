"""What is asked of the API server, how often, and what each request leaves in the log.

Weights are requests in ten thousand. They follow published counts of real clusters: reads by
controllers are about a third of all events, leases another fifth; people are below 2 %.
The audit policy behind it: everything at Metadata, bodies for pods, workloads, RBAC, services
and config map writes; RequestReceived only for changes.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.audit_model import reads, writes
from bench.audit_model.cluster import Cluster
from bench.audit_model.encode import Request

RECEIVED, STARTED, COMPLETE = "RequestReceived", "ResponseStarted", "ResponseComplete"
READ = (COMPLETE,)
CHANGE = (RECEIVED, COMPLETE)
STREAM = (STARTED, COMPLETE)
SESSION = (RECEIVED, STARTED, COMPLETE)
REFUSED = (STARTED,)

Maker = Callable[[random.Random, Cluster], Request]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request: its share, its stages, its duration, and how to make one."""

    make: Maker
    weight: float
    stages: tuple[str, ...]
    seconds: float
    variants: int


@dataclass(frozen=True, slots=True)
class Variant:
    """The rendered events of one request: (stage, template) in order."""

    events: tuple[tuple[str, str], ...]
    seconds: float


KINDS = (
    Kind(reads.list_objects, 3240, READ, 0.012, 300),
    Kind(reads.get_lease, 800, READ, 0.003, 60),
    Kind(writes.update_lease, 1150, READ, 0.005, 100),
    Kind(reads.watch_objects, 560, STREAM, 420.0, 160),
    Kind(reads.get_object, 900, READ, 0.004, 200),
    Kind(reads.get_config_map, 700, READ, 0.004, 60),
    Kind(reads.get_secret, 140, READ, 0.004, 60),
    Kind(reads.list_secrets, 70, READ, 0.010, 30),
    Kind(reads.health, 420, READ, 0.001, 20),
    Kind(reads.discovery, 110, READ, 0.006, 30),
    Kind(writes.patch_pod_status, 330, CHANGE, 0.009, 120),
    Kind(writes.patch_node_status, 25, CHANGE, 0.012, 40),
    Kind(writes.review, 330, READ, 0.003, 60),
    Kind(writes.request_token, 150, CHANGE, 0.006, 60),
    Kind(writes.emit_event, 330, READ, 0.007, 90),
    Kind(writes.update_endpoint_slice, 130, CHANGE, 0.008, 60),
    Kind(writes.update_status, 150, CHANGE, 0.009, 80),
    Kind(writes.create_pod, 60, CHANGE, 0.018, 160),
    Kind(writes.bind_pod, 60, CHANGE, 0.009, 60),
    Kind(writes.delete_pod, 60, CHANGE, 0.011, 60),
    Kind(writes.patch_deployment, 28, CHANGE, 0.016, 60),
    Kind(writes.change_config_map, 9, CHANGE, 0.015, 80),
    Kind(writes.change_rbac, 4, CHANGE, 0.010, 40),
    Kind(writes.change_service, 5, CHANGE, 0.010, 40),
    Kind(writes.change_ingress, 3, CHANGE, 0.010, 20),
    Kind(writes.change_namespace, 2, CHANGE, 0.010, 20),
    Kind(reads.human_list, 80, READ, 0.020, 60),
    Kind(reads.pod_log, 30, STREAM, 8.0, 60),
    Kind(writes.pod_session, 8, SESSION, 90.0, 80),
    Kind(reads.forbidden, 80, READ, 0.002, 60),
    Kind(reads.missing, 60, READ, 0.003, 60),
    Kind(writes.conflict, 40, CHANGE, 0.006, 40),
    Kind(reads.throttled, 8, READ, 0.001, 20),
    Kind(reads.unauthenticated, 60, REFUSED, 0.001, 30),
    Kind(reads.anonymous_probe, 25, READ, 0.001, 30),
)


def render(
    rng: random.Random, cluster: Cluster
) -> tuple[tuple[tuple[Variant, ...], ...], list[float]]:
    """All variants of all kinds, and the weights of the kinds."""
    kinds = []
    for kind in KINDS:
        variants = []
        for _ in range(kind.variants):
            request = kind.make(rng, cluster)
            events = tuple((stage, request.event(stage)) for stage in kind.stages)
            variants.append(Variant(events, kind.seconds))
        kinds.append(tuple(variants))
    return tuple(kinds), [kind.weight for kind in KINDS]
