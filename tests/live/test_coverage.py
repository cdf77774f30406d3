"""Every default rule for system calls is performed, or it is said why not."""

from __future__ import annotations

from tests.live import test_containers, test_files, test_network, test_processes
from tests.live.watcher import syscall_rules

NOT_PERFORMED = {
    "Launch Privileged Container": "only a runtime with an API (docker, containerd) says that a "
    "container is privileged; runc alone has none",
    "Launch Sensitive Mount Container": "only a runtime with an API says what is mounted",
    "Network Connection outside Local Subnet": "needs a pod's namespace, from a runtime of "
    "Kubernetes, and a list that is empty by default",
}


def test_every_rule_is_performed_or_excused() -> None:
    modules = (test_containers, test_files, test_network, test_processes)
    performed = {
        rule for module in modules for behaviour in module.BEHAVIOURS for rule in behaviour.rules
    }
    assert performed.isdisjoint(NOT_PERFORMED)
    assert performed | NOT_PERFORMED.keys() == {name for name, _ in syscall_rules()}


def test_rules_that_are_off_are_expected_of_the_second_watcher_only() -> None:
    modules = (test_containers, test_files, test_network, test_processes)
    expected = {
        rule: rule in behaviour.fires
        for module in modules
        for behaviour in module.BEHAVIOURS
        for rule in behaviour.rules
    }
    enabled = dict(syscall_rules())
    assert all(enabled[rule] == is_usual for rule, is_usual in expected.items())
