"""Reloads: all or nothing, while events go on."""

from __future__ import annotations

import json
import re
import signal
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lanner import api
from tests.service.running import RULE, Running, event, free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path, int]:
    """Configuration, rules, and the port of the webhook."""
    port = free_port()
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULE.format(name="one", text="first"))
    config = tmp_path / "lanner.yaml"
    config.write_text(
        f"rules_files: [{rules}]\njson_output: true\naudit: {{listen: '127.0.0.1:{port}'}}\n"
    )
    return config, rules, port


def alerts(running: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in running.output]


def rules_of(running: Running) -> list[str]:
    return [one["rule"] for one in alerts(running)]


def test_a_changed_file_and_a_signal(place: tuple[Path, Path, int]) -> None:
    config, rules, port = place
    with Running(config, port) as running:
        running.send("1")
        rules.write_text(RULE.format(name="two", text="second"))
        running.wait(lambda: running.has_said("in force now: 1 rules"))
        running.send("2")
        running.wait(lambda: "two" in rules_of(running))
        running.signal(signal.SIGHUP)
        running.wait(lambda: sum("in force now" in line for line in running.messages) == 2)
        running.send("3")
        assert running.end() == 0
    assert rules_of(running) == ["one", "two", "two"]


def test_what_is_broken_changes_nothing_and_is_an_alert(place: tuple[Path, Path, int]) -> None:
    config, rules, port = place
    with Running(config, port) as running:
        rules.write_text("- rule: x\n  condition: no.such.field = 1\n")
        running.wait(lambda: running.has_said("nothing is changed"))
        running.send("1")
        running.wait(lambda: len(running.output) >= 2)
        config.write_text(config.read_text().replace("json_output: true", "json_output: perhaps"))
        running.wait(lambda: running.has_said("the configuration is invalid"))
        assert running.end() == 0
    internal, own = alerts(running)[:2]
    if internal["source"] != "internal":
        internal, own = own, internal
    assert own["rule"] == "one"
    assert internal["rule"] == "Falco internal: hot restart failure"
    assert internal["priority"] == "Critical"
    assert f"{rules}:1" in internal["output"]


def test_a_config_map_is_exchanged_by_its_link(place: tuple[Path, Path, int]) -> None:
    config, rules, port = place
    folder = rules.parent / "mounted"
    for name, text in (
        ("v1", RULE.format(name="one", text="1")),
        ("v2", RULE.format(name="two", text="2")),
    ):
        (folder / name).mkdir(parents=True)
        (folder / name / "rules.yaml").write_text(text)
    (folder / "..data").symlink_to("v1")
    (folder / "rules.yaml").symlink_to("..data/rules.yaml")
    config.write_text(config.read_text().replace(str(rules), str(folder)))
    with Running(config, port) as running:
        running.send("1")
        (folder / "..tmp").symlink_to("v2")
        (folder / "..tmp").replace(folder / "..data")
        running.wait(lambda: running.has_said("in force now"))
        running.send("2")
        assert running.end() == 0
    assert rules_of(running) == ["one", "two"]


def test_channels_change_and_others_go_on(place: tuple[Path, Path, int], tmp_path: Path) -> None:
    config, _, port = place
    path = tmp_path / "alerts"
    with Running(config, port) as running:
        running.send("1")
        running.wait(lambda: len(running.output) == 1)
        text = config.read_text()
        config.write_text(f"{text}file_output: {{enabled: true, filename: {path}}}\n")
        running.wait(lambda: running.has_said("in force now"))
        running.send("2")
        running.wait(lambda: path.exists() and path.read_text().count("\n") == 1)
        assert running.end() == 0
    assert len(running.output) == 2


def test_new_rules_are_redacted_from_their_first_alert_on(place: tuple[Path, Path, int]) -> None:
    config, rules, port = place
    before = config.read_text()
    # it takes its time to end: the reload is not over before
    slow = "program_output: {enabled: true, program: exec sleep 60, keep_alive: true"
    config.write_text(f"{before}{slow}, timeout_ms: 2000}}\n")
    with Running(config, port, "-o", "watch_config_files=false") as running:
        running.send("1")
        rules.write_text(RULE.format(name="two", text="second"))
        config.write_text(f"{before}redact: [{{match: {{rule: two}}, fields: [ka.auditid]}}]\n")
        running.signal(signal.SIGHUP)
        sent = 0

        def has_second() -> bool:
            nonlocal sent
            sent += 1
            running.send(f"secret{sent}")
            return "two" in rules_of(running)

        running.wait(has_second)
        running.wait(lambda: running.has_said("in force now"))
        assert running.end() == 0
    found = [one["output"] for one in alerts(running) if one["rule"] == "two"]
    assert found
    assert not [one for one in found if "secret" in one]


def test_two_hundred_reloads_under_load_skip_nothing_and_mix_nothing() -> None:
    """Two rulesets, of two rules each: every event has the alerts of one ruleset, whole."""
    texts = [
        "".join(RULE.format(name=f"{kind}{number}", text=kind) for number in range(2))
        for kind in ("even", "odd")
    ]
    loaded = [api.load_rules(texts={"rules.yaml": text}) for text in texts]
    engine = api.Engine(loaded[0])
    events = 50_000
    items = [event(str(number)) for number in range(500)]
    data = json.dumps({"kind": "EventList", "items": items}).encode()
    is_over = threading.Event()
    reloads = 0
    matched: dict[str, int] = {}

    def reload() -> None:
        nonlocal reloads
        while not is_over.is_set():
            fresh = api.Engine(loaded[(reloads + 1) % 2])
            for rule, counted in engine.adopt(fresh).rules:
                matched[rule.name] = matched.get(rule.name, 0) + counted.matched
            reloads += 1

    thread = threading.Thread(target=reload)
    thread.start()
    kinds: set[str] = set()
    try:
        for _ in range(events // 500):
            found = [
                (one.output_fields["ka.auditid"], one.message[:3], one.rule[-1])
                for one in engine.batch(data).alerts()
            ]
            assert [(name, number) for name, _, number in found] == [
                (str(name), number) for name in range(500) for number in "01"
            ]
            for first, second in zip(found[::2], found[1::2], strict=True):
                assert first[1] == second[1]
                kinds.add(first[1])
    finally:
        is_over.set()
        thread.join()
    for rule, counted in engine.counts().rules:
        matched[rule.name] = matched.get(rule.name, 0) + counted.matched
    assert reloads >= 200
    assert sum(matched.values()) == 2 * events
    assert kinds == {"eve", "odd"}


def get(port: int, path: str, token: str = "") -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_versions_and_metrics(place: tuple[Path, Path, int], tmp_path: Path) -> None:
    config, _, port = place
    web = free_port()
    token = tmp_path / "token"
    token.write_text("secret")
    options = [
        *("-o", "webserver.enabled=true", "-o", f"webserver.listen_port={web}"),
        *("-o", f"webserver.token_file={token}"),
    ]
    with Running(config, port, *options) as running:
        running.send("1", "2")
        running.wait(lambda: len(running.output) == 2)
        assert get(web, "/healthz") == (200, '{"status": "ok"}')
        assert get(web, "/metrics")[0] == 401
        assert get(web, "/versions", "wrong")[0] == 401
        assert json.loads(get(web, "/versions", "secret")[1])["falco_version"] == "0.44.1"
        assert get(web, "/elsewhere", "secret")[0] == 404
        status, text = get(web, "/metrics", "secret")
        assert running.end() == 0
    assert status == 200
    for line in (
        'falcosecurity_falco_rules_matches_total{priority="4",rule_name="one",source="k8s_audit"} 2',
        'lanner_rule_evaluations_total{rule_name="one",source="k8s_audit"} 2',
        "# TYPE lanner_rule_cost_seconds_total counter",
        "# TYPE lanner_dispatch_seconds_total counter",
        'lanner_channel_delivered_total{channel="stdout"} 2',
        'lanner_events_total{source="k8s_audit"} 2',
        "# TYPE falcosecurity_falco_start_timestamp_nanoseconds gauge",
    ):
        assert line in text.splitlines()


def test_what_was_counted_of_rules_outlives_a_reload(place: tuple[Path, Path, int]) -> None:
    config, rules, port = place
    web = free_port()
    options = ("-o", "webserver.enabled=true", "-o", f"webserver.listen_port={web}")
    with Running(config, port, *options) as running:
        running.send("1", "2")
        running.wait(lambda: len(running.output) == 2)
        rules.write_text(RULE.format(name="two", text="second"))
        running.wait(lambda: running.has_said("in force now"))
        running.send("3")
        running.wait(lambda: len(running.output) == 3)
        rules.write_text(RULE.format(name="one", text="first"))
        running.wait(lambda: sum("in force now" in line for line in running.messages) == 2)
        running.send("4")
        running.wait(lambda: len(running.output) == 4)
        text = get(web, "/metrics")[1]
        assert running.end() == 0
    for name, count in (("one", 3), ("two", 1)):
        labels = f'{{rule_name="{name}",source="k8s_audit"}}'
        assert f"lanner_rule_evaluations_total{labels} {count}" in text.splitlines()
        matches = (
            f'rules_matches_total{{priority="4",rule_name="{name}",source="k8s_audit"}} {count}'
        )
        assert f"falcosecurity_falco_{matches}" in text.splitlines()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """All samples; none is there twice, nor is one of its labels."""
    found: dict[tuple[str, ...], float] = {}
    for line in text.splitlines():
        names = re.findall(r'[{,](\w+)="', line)
        assert len(set(names)) == len(names), line
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            key = (one.name, *(f"{name}={value}" for name, value in sorted(one.labels.items())))
            assert key not in found
            found[key] = one.value
    return found


def test_metrics_are_one_each_and_counters_never_go_back(
    place: tuple[Path, Path, int], tmp_path: Path
) -> None:
    config, rules, port = place
    web, peer, log = free_port(), free_port(), tmp_path / "audit.log"
    log.touch()
    name = 'a "b" \\ c'
    text = RULE.format(name=json.dumps(name), text="x") + "  tags: [pci_10.2, pci_10-2]\n"
    rules.write_text(text)
    again = tmp_path / "again" / rules.name
    again.parent.mkdir()
    again.write_text(text)
    settings = {
        "rules_files": [str(rules), str(again)],
        "json_output": True,
        "audit": {"listen": f"127.0.0.1:{port}", "follow": str(log)},
        "webserver": {"enabled": True, "listen_port": web, "prometheus_metrics_enabled": True},
        "metrics": {"enabled": True},
        "http_output": {"enabled": True, "url": f"http://127.0.0.1:{peer}/"},
        "delivery": {"max_backlog": 2},
    }
    config.write_text(json.dumps(settings))
    with Running(config, port) as running:
        for number in range(6):
            running.send(f"{number}")
        dead = ("lanner_channel_dead_letters_total", "channel=http")
        running.wait(lambda: samples(get(web, "/metrics")[1])[dead] > 0)
        before = samples(get(web, "/metrics")[1])
        settings["delivery"] = {"max_backlog": 3}
        config.write_text(json.dumps(settings))
        running.wait(lambda: running.has_said("in force now"))
        after = samples(get(web, "/metrics")[1])
        assert running.end() == 0
    assert any(f"rule_name={name}" in key for key in before)
    back = {key for key, value in before.items() if value > after.get(key, 0) and is_counter(key)}
    assert not back


def is_counter(key: tuple[str, ...]) -> bool:
    return key[0].endswith("_total") and "host_" not in key[0]


def test_what_a_refused_configuration_names_is_watched_too(place: tuple[Path, Path, int]) -> None:
    config, rules, port = place
    added = rules.with_name("added.yaml")
    added.write_text("- rule: broken\n")
    with Running(config, port) as running:
        config.write_text(config.read_text().replace(f"[{rules}]", f"[{rules}, {added}]"))
        running.wait(lambda: running.has_said("nothing is changed"))
        added.write_text(RULE.format(name="added", text="mended"))
        running.wait(lambda: running.has_said("in force now: 2 rules"))
        assert running.end() == 0


def test_a_signal_while_it_begins_is_kept(place: tuple[Path, Path, int]) -> None:
    config, _, port = place
    running = Running(config, port)
    running.wait(lambda: running.catches(signal.SIGHUP))
    running.signal(signal.SIGHUP)
    with running:
        running.wait(lambda: running.has_said("SIGHUP received"))
        assert running.end() == 0


def test_a_broken_file_whose_name_is_no_text(tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "rules.d"
    folder.mkdir()
    (folder / "a.yaml").write_text(RULE.format(name="one", text="first"))
    config = tmp_path / "lanner.yaml"
    config.write_text(
        f"rules_files: [{folder}]\naudit: {{listen: '127.0.0.1:{port}'}}\n"
        "webserver: {enabled: true, listen_port: 0, prometheus_metrics_enabled: true}\n"
    )
    bad = folder / "b\udcff.yaml"
    with Running(config, port) as running:
        bad.write_text("- rule: x\n")
        running.wait(lambda: any("hot restart failure" in line for line in running.output))
        bad.write_text("- list: x\n  items: [a]\n")
        running.wait(lambda: running.has_said("in force now"))
        assert running.end() == 0
    assert "rules.d/b\ufffd.yaml" in running.output[0]
