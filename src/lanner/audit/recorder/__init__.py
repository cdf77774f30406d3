"""Recording audit events: received from kube-apiserver, or read from its log."""
