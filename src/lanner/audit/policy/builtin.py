"""The resources that Kubernetes itself serves, by API group (kubernetes.io API reference, 1.36)."""

from __future__ import annotations

RESOURCES: dict[str, tuple[str, ...]] = {
    group: tuple(names.split())
    for group, names in {
        "": "bindings componentstatuses configmaps endpoints events limitranges namespaces nodes"
        " persistentvolumeclaims persistentvolumes pods podtemplates replicationcontrollers"
        " resourcequotas secrets serviceaccounts services",
        "admissionregistration.k8s.io": "mutatingadmissionpolicies mutatingadmissionpolicybindings"
        " mutatingwebhookconfigurations validatingadmissionpolicies"
        " validatingadmissionpolicybindings validatingwebhookconfigurations",
        "apiextensions.k8s.io": "customresourcedefinitions",
        "apiregistration.k8s.io": "apiservices",
        "apps": "controllerrevisions daemonsets deployments replicasets statefulsets",
        "authentication.k8s.io": "selfsubjectreviews tokenreviews",
        "authorization.k8s.io": "localsubjectaccessreviews selfsubjectaccessreviews"
        " selfsubjectrulesreviews subjectaccessreviews",
        "autoscaling": "horizontalpodautoscalers",
        "batch": "cronjobs jobs",
        "certificates.k8s.io": "certificatesigningrequests clustertrustbundles"
        " podcertificaterequests",
        "coordination.k8s.io": "leasecandidates leases",
        "discovery.k8s.io": "endpointslices",
        "events.k8s.io": "events",
        "flowcontrol.apiserver.k8s.io": "flowschemas prioritylevelconfigurations",
        "internal.apiserver.k8s.io": "storageversions",
        "networking.k8s.io": "ingressclasses ingresses ipaddresses networkpolicies servicecidrs",
        "node.k8s.io": "runtimeclasses",
        "policy": "poddisruptionbudgets",
        "rbac.authorization.k8s.io": "clusterrolebindings clusterroles rolebindings roles",
        "resource.k8s.io": "deviceclasses devicetaintrules resourceclaims resourceclaimtemplates"
        " resourceslices",
        "scheduling.k8s.io": "priorityclasses",
        "storage.k8s.io": "csidrivers csinodes csistoragecapacities storageclasses"
        " volumeattachments volumeattributesclasses",
        "storagemigration.k8s.io": "storageversionmigrations",
    }.items()
}


NAMES = frozenset(resource for resources in RESOURCES.values() for resource in resources)


def groups_of(resource: str) -> tuple[str, ...]:
    """The groups that serve a resource; the core group is "" and comes first."""
    return tuple(group for group, resources in RESOURCES.items() if resource in resources)
