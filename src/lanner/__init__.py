"""Lanner: runtime threat detection and Kubernetes audit."""
