"""Kubernetes audit logs."""

from lanner.audit.inputs import STDIN, InputProblem, Inputs, find_inputs

__all__ = ["STDIN", "InputProblem", "Inputs", "find_inputs"]
