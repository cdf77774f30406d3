"""A model of the traffic of a busy Kubernetes API server, for synthetic audit logs."""
