"""The audit flags of kube-apiserver (kubernetes/apiserver `pkg/server/options/audit.go`, 1.37)."""

from __future__ import annotations

import re

POLICY_FILE = "audit-policy-file"
WEBHOOK_FILE = "audit-webhook-config-file"
BACKENDS = ("audit-log-path", WEBHOOK_FILE)
"""Where events go."""

_BATCH = (
    "buffer-size",
    "max-size",
    "max-wait",
    "throttle-enable",
    "throttle-qps",
    "throttle-burst",
)
_TRUNCATE = ("enabled", "max-batch-size", "max-event-size")
FLAGS = frozenset(
    (
        POLICY_FILE,
        WEBHOOK_FILE,
        "audit-webhook-initial-backoff",
        "audit-webhook-batch-initial-backoff",
        *(f"audit-log-{name}" for name in ("path", "maxage", "maxbackup", "maxsize", "compress")),
        "audit-log-format",
        *(f"audit-{kind}-{name}" for kind in ("log", "webhook") for name in ("mode", "version")),
        *(f"audit-{kind}-batch-{name}" for kind in ("log", "webhook") for name in _BATCH),
        *(f"audit-{kind}-truncate-{name}" for kind in ("log", "webhook") for name in _TRUNCATE),
    )
)
"""All of them."""

_COUNT = (re.compile(r"\+?\d+"), "a number that is not negative")
_SWITCH = (
    re.compile(r"|1|0|t|f|T|F|true|false|True|False|TRUE|FALSE"),
    "true or false",
)
_MODE = (re.compile("batch|blocking|blocking-strict"), "batch, blocking or blocking-strict")
FORMS: dict[str, tuple[re.Pattern[str], str]] = {
    **{f"audit-log-{name}": _COUNT for name in ("maxage", "maxbackup", "maxsize")},
    "audit-log-compress": _SWITCH,
    "audit-log-format": (re.compile("legacy|json"), "legacy or json"),
    "audit-log-mode": _MODE,
    "audit-webhook-mode": _MODE,
}
"""What values must look like, and how to say so."""
