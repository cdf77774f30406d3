"""Manifests in the shape in which kubeadm writes them."""

from __future__ import annotations

PLAIN = """apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint: 10.0.0.1:6443
  labels:
    component: kube-apiserver
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=10.0.0.1
    - --client-ca-file=/etc/kubernetes/pki/ca.crt
    - --secure-port=6443
    image: registry.k8s.io/kube-apiserver:v1.31.0
    name: kube-apiserver
    resources:
      requests:
        cpu: 250m
    volumeMounts:
    - mountPath: /etc/ssl/certs
      name: ca-certs
      readOnly: true
    - mountPath: /etc/kubernetes/pki
      name: k8s-certs
      readOnly: true
  hostNetwork: true
  priorityClassName: system-node-critical
  volumes:
  - hostPath:
      path: /etc/ssl/certs
      type: DirectoryOrCreate
    name: ca-certs
  - hostPath:
      path: /etc/kubernetes/pki
      type: DirectoryOrCreate
    name: k8s-certs
status: {}
"""

BY_HAND = """# our API server
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
    containers:
        # helpers come first
        -   name: helper
            image: busybox
        -   name: kube-apiserver   # the real one
            image: "registry.k8s.io/kube-apiserver:v1.31.0"
            command: ["kube-apiserver"]
            args:
                -   --secure-port
                -   "6443"
                # keep this
                -   '--client-ca-file=/etc/kubernetes/pki/ca.crt'   # and this
            volumeMounts:
                -   {mountPath: /etc/kubernetes/pki, name: certs, readOnly: true}
    volumes:
        -   {name: certs, hostPath: {path: /etc/kubernetes/pki, type: Directory}}
    # the end
"""

BARE = """kind: Pod
apiVersion: v1
spec:
  volumes:
  hostNetwork: true
  containers:
  - name: kube-apiserver
    image: x
    command:
    - kube-apiserver
    - --secure-port=6443
"""

STYLES = {"plain": PLAIN, "by hand": BY_HAND, "bare": BARE.replace("  volumes:\n", "")}
"""By name."""
