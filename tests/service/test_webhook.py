"""The audit webhook of the service, as kube-apiserver and strangers meet it."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import json
import signal
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.service.running import RULE, SECONDS, Running, event, free_port

HEADERS = {"content-type": "application/json"}


class Secret:
    """A folder as the kubelet makes it of a Secret: all files are exchanged by one link."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        folder.mkdir()

    def set(self, server: trustme.LeafCert, authority: trustme.CA) -> None:
        self._count += 1
        version = self._folder / f"..{self._count}"
        version.mkdir()
        (version / "ca.crt").write_bytes(authority.cert_pem.bytes())
        (version / "tls.crt").write_bytes(server.cert_chain_pems[0].bytes())
        (version / "tls.key").write_bytes(server.private_key_pem.bytes())
        link = self._folder / "..data_tmp"
        link.symlink_to(version.name)
        link.replace(self._folder / "..data")
        for name in ("ca.crt", "tls.crt", "tls.key"):
            with contextlib.suppress(FileExistsError):
                (self._folder / name).symlink_to(f"..data/{name}")


def configuration(tmp_path: Path, **settings: Any) -> Path:
    (tmp_path / "rules.yaml").write_text(RULE.format(name="seen", text="seen"))
    config = tmp_path / "lanner.yaml"
    common = {
        "rules_files": [str(tmp_path / "rules.yaml")],
        "store": {"path": "none"},
        "stdout_output": {"enabled": True},
    }
    config.write_text(json.dumps({**common, **settings}))
    return config


def client(
    server_ca: trustme.CA, authority: trustme.CA | None, ended: dt.datetime | None = None
) -> ssl.SSLContext:
    context = ssl.create_default_context()
    server_ca.configure_trust(context)
    if authority:
        authority.issue_cert("kube-apiserver", not_after=ended).configure_cert(context)
    return context


def connect(port: int, context: ssl.SSLContext | None, host: str = "127.0.0.1") -> Any:
    if context is None:
        return http.client.HTTPConnection(host, port, timeout=SECONDS)
    return http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)


def send(connection: Any, name: str, **headers: str) -> int:
    body = json.dumps({"kind": "EventList", "items": [event(name)]})
    connection.request("POST", "/k8s-audit?timeout=30s", body, {**HEADERS, **headers})
    answer = connection.getresponse()
    answer.read()
    status: int = answer.status
    return status


def sent(port: int, context: ssl.SSLContext | None, name: str, host: str = "127.0.0.1") -> int:
    with contextlib.closing(connect(port, context, host)) as connection:
        return send(connection, name)


def seen(running: Running) -> list[str]:
    return [line.rpartition("id=")[2].rstrip(")\n") for line in running.output]


def test_who_may_send_and_certificates_of_both_sides_change(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    secret = Secret(tmp_path / "secret")
    secret.set(first.issue_cert("127.0.0.1"), first)
    port = free_port()
    audit = {
        "listen": f"127.0.0.1:{port}",
        "tls_cert_file": str(tmp_path / "secret/tls.crt"),
        "tls_private_key_file": str(tmp_path / "secret/tls.key"),
        "client_ca_file": str(tmp_path / "secret/ca.crt"),
    }
    ended = dt.datetime(2020, 1, 2, tzinfo=dt.UTC)
    before, after = client(first, first), client(second, second)
    with Running(configuration(tmp_path, audit=audit), port) as running:
        strangers = (
            client(first, None),
            client(first, trustme.CA()),
            client(first, first, ended),
        )
        for stranger in strangers:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                sent(port, stranger, "stranger")
        with contextlib.closing(connect(port, before)) as kept:
            assert send(kept, "a") == 200
            secret.set(second.issue_cert("127.0.0.1"), second)
            running.wait(lambda: running.has_said("in force now"))
            assert sent(port, after, "b") == 200
            assert send(kept, "c") == 200, "what is connected stays so"
        # who trusts the new server, and has the certificate from before
        late = client(second, first)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            sent(port, late, "late")
        assert running.end() == 0
    assert seen(running) == ["a", "b", "c"]


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_client_that_is_gone_does_not_hold_up_the_end(tmp_path: Path, is_answered: bool) -> None:
    """Half of a batch was sent when the end came: what comes of it still counts."""
    authority, port = trustme.CA(), free_port()
    server = authority.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(tmp_path / "tls.key")
    server.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    (tmp_path / "token").write_text("sesame\n")
    audit = {
        "listen": f"127.0.0.1:{port}",
        "tls_cert_file": str(tmp_path / "tls.crt"),
        "tls_private_key_file": str(tmp_path / "tls.key"),
        "token_file": str(tmp_path / "token"),
    }
    body = json.dumps({"kind": "EventList", "items": [event("late")]})
    with Running(configuration(tmp_path, audit=audit), port) as running:
        with contextlib.closing(connect(port, client(authority, None))) as gone:
            assert send(gone, "wrong", authorization="Bearer simsim") == 401
            assert send(gone, "a", authorization="Bearer sesame") == 200
            if not is_answered:
                gone.putrequest("POST", "/")
                for name, value in {**HEADERS, "authorization": "Bearer sesame"}.items():
                    gone.putheader(name, value)
                gone.putheader("content-length", str(len(body)))
                gone.endheaders(body[:20].encode())
            running.signal(signal.SIGTERM)
            if not is_answered:
                gone.send(body[20:].encode())
                assert gone.getresponse().status == 200
            assert running.end() == 0
        assert not running.has_said("it did not end")
    assert seen(running) == ["a", "late"][: 2 - is_answered]


def test_the_webhook_of_the_plugin_has_its_certificate_renewed(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    port = free_port()
    pem = tmp_path / "falco.pem"
    pem.write_bytes(first.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes())
    plugin = {
        "name": "k8saudit",
        "library_path": "libk8saudit.so",
        "init_config": {"sslCertificate": str(pem)},
        "open_params": f"https://127.0.0.1:{port}/k8s-audit",
    }
    with Running(configuration(tmp_path, plugins=[plugin]), port) as running:
        assert sent(port, client(first, None), "a") == 200
        pem.write_bytes(second.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes())
        running.wait(lambda: running.has_said("in force now"))
        assert sent(port, client(second, None), "b") == 200
        assert running.end() == 0
    assert seen(running) == ["a", "b"]


@pytest.mark.parametrize("listen", ["[::1]:{}", "[::]:{}", "plugin"])
def test_addresses_of_both_kinds(tmp_path: Path, listen: str) -> None:
    """An address without a host is each address, as with Go's servers."""
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    port = free_port()
    plugin = {"name": "k8saudit", "library_path": "l", "open_params": f"http://:{port}/k8s-audit"}
    settings: dict[str, Any] = (
        {"plugins": [plugin]}
        if listen == "plugin"
        else {"audit": {"listen": listen.format(port), "insecure": True}}
    )
    hosts = ["::1"] if "::1" in listen else ["::1", "127.0.0.1"]
    with Running(configuration(tmp_path, **settings), port) as running:
        for host in hosts:
            assert sent(port, None, host, host) == 200
        assert running.end() == 0
    assert seen(running) == hosts
    assert running.has_said("listening at [::")
