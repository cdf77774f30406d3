"""`lanner audit record`: receives audit events, or follows a log, and records them."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lanner import api
from lanner.api.recording import intake
from lanner.audit.recorder.backups import DAMAGED, Rotation, last_lines
from lanner.audit.recorder.metrics import Metrics
from lanner.audit.recorder.rotation import RotatingFile
from lanner.audit.recorder.writer import (
    MAX_WAITING_BYTES,
    Fate,
    Mode,
    OutputGoneError,
    Recorder,
    StandardOutput,
)
from lanner.cli import common
from lanner.cli.alert_printer import AlertPrinter
from lanner.cli.audit.policy.loading import policy_or_exit

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from lanner._native import AuditIntake
    from lanner.audit.recorder.server import Tls
    from lanner.audit.recorder.webhook import TokenFile
    from lanner.audit.recorder.writer import Store

DEFAULT_LISTEN = "127.0.0.1:9765"
_MB = 1 << 20
_REMEMBERED_BYTES = 64 << 20
"""Of what was recorded before, so much is looked at for events that are sent again."""
_RETRY_S = 10
"""As long as kube-apiserver waits before it sends again."""


def record(
    path: Annotated[
        str,
        typer.Option(
            "--path",
            "--audit-log-path",
            metavar="FILE",
            help="Where events are written, a line each; - is standard output.",
        ),
    ],
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Where kube-apiserver sends events to.")
    ] = DEFAULT_LISTEN,
    tls_cert_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The server's certificate (PEM).")
    ] = None,
    tls_private_key_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its key (PEM).")
    ] = None,
    client_ca_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who signs the certificates of clients.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The bearer token of clients.")
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure", help="Without TLS, or without knowing who sends: on loopback only."
        ),
    ] = False,
    follow: Annotated[
        Path | None,
        typer.Option(
            metavar="LOG", help="Read a log that grows, and what it is rotated to, instead."
        ),
    ] = None,
    bookmark: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="How far --follow came, so that it goes on there."),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="FILE", help="Record what this audit policy keeps.")
    ] = None,
    mode: Annotated[
        Mode,
        typer.Option(
            help="Answer when events wait in memory (batch), are written (blocking), or are on the"
            " disk (blocking-strict)."
        ),
    ] = Mode.BLOCKING_STRICT,
    max_size: Annotated[
        int,
        typer.Option(
            "--maxsize", "--audit-log-maxsize", min=0, metavar="MB", help="0: no rotation."
        ),
    ] = 100,
    max_backup: Annotated[
        int,
        typer.Option(
            "--maxbackup", "--audit-log-maxbackup", min=0, help="Rotated files to keep; 0: all."
        ),
    ] = 100,
    max_age: Annotated[
        int,
        typer.Option("--maxage", "--audit-log-maxage", min=0, metavar="DAYS", help="0: for ever."),
    ] = 366,
    compress: Annotated[
        bool,
        typer.Option("--compress", "--audit-log-compress", help="Compress rotated files (gzip)."),
    ] = False,
    truncate_max_event_size: Annotated[
        int,
        typer.Option(
            "--truncate-max-event-size",
            "--audit-log-truncate-max-event-size",
            min=0,
            metavar="BYTES",
            help="Leave the bodies of larger events out, as kube-apiserver can; 0: never.",
        ),
    ] = 0,
    max_body: Annotated[
        int,
        typer.Option(
            min=1, max=MAX_WAITING_BYTES // _MB, metavar="MB", help="Refuse larger batches."
        ),
    ] = 32,
    rules: common.RulesOption = None,
    json_output: common.JsonAlertsOption = False,
) -> None:
    """Record audit events that kube-apiserver sends to its webhook back end, durably.

    A batch is answered with 200 once its events are on the disk (see --mode): kill this at any
    moment, and no event that was answered is lost. What cannot be written is answered with 503, and
    kube-apiserver sends it again; events that come twice are recorded once. Files are rotated as
    kube-apiserver rotates its own.

    With --rules, events are matched too, and alerts printed: on standard output, or with --path -
    on standard error. /metrics and /healthz are at the same address.

    SIGHUP opens the file and reads the certificates again; SIGTERM ends it when all is written.

    Exit code: 0 when it was ended; 1 when files, certificates, the policy or rules are wrong, or
    nobody can listen there; 2 usage.

    Example: lanner audit record --path /var/log/kubernetes/audit/audit.log --listen 0.0.0.0:9765
    --tls-cert-file server.crt --tls-private-key-file server.key --client-ca-file ca.crt

    Example: lanner audit record --follow audit.log --bookmark audit.mark --path - -r rules.yaml
    """
    # a service looks for garbage; `main` does not
    gc.enable()
    logging.basicConfig(format="lanner: %(message)s", level=logging.WARNING)
    if follow and path != "-" and follow.absolute() == Path(path).absolute():
        common.usage_error("--follow and --path are the same file")
    if bookmark and not follow:
        common.usage_error("--bookmark needs --follow LOG")
    chosen = policy_or_exit(policy) if policy else None
    on_recorded = _matcher(rules, json_output=json_output, to_stderr=path == "-") if rules else None
    metrics = Metrics()
    serve = (
        None
        if follow
        else _server(
            listen,
            metrics,
            max_body << 20,
            _tls(tls_cert_file, tls_private_key_file, client_ca_file),
            token_file,
            insecure=insecure,
        )
    )
    rotation = Rotation(max_size * _MB, max_backup, max_age, compress)
    makes_lines = intake(chosen, max_event_bytes=truncate_max_event_size or None)
    try:
        store: Store = StandardOutput()
        if path != "-":
            store = RotatingFile(Path(path), rotation, complain=common.complain)
            _remember(Path(path), makes_lines)
    except OSError as error:
        common.complain(f"{error.filename or path}: {error.strerror}")
        raise typer.Exit(1) from None
    recorder = Recorder(
        makes_lines,
        store,
        metrics,
        # the bookmark moves on when a record is there
        mode=Mode.BLOCKING_STRICT if follow else mode,
        on_recorded=on_recorded,
        on_end=lambda: os.kill(os.getpid(), signal.SIGTERM),
        complain=common.complain,
    )
    try:
        try:
            if serve:
                serve(recorder)
            elif follow:
                _follow(follow, bookmark, recorder)
        finally:
            recorder.close()
    except OutputGoneError as error:
        common.discard_output()
        common.complain(f"{error}: ended")
        raise typer.Exit(1) from None


def _remember(path: Path, makes_lines: AuditIntake) -> None:
    """What was recorded before is not recorded again, if it is sent again."""
    try:
        makes_lines.remember(last_lines(path, _REMEMBERED_BYTES))
    except DAMAGED as error:
        common.complain(f"{path}: a rotated file is damaged: {error}")


def _matcher(rules: list[str], *, json_output: bool, to_stderr: bool) -> Callable[[bytes], None]:
    """Matches lines, and prints the alerts."""
    engine = api.Engine(common.load_or_exit(rules, None).select(source="k8s_audit"))
    out = sys.stderr.buffer if to_stderr else sys.stdout.buffer
    printer = AlertPrinter(out, json_output=json_output, iso_time=False)

    def match(lines: bytes) -> None:
        printer.print(engine.batch(lines))

    return match


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> Tls | None:
    from lanner.audit.recorder.server import Tls  # noqa: PLC0415 - only where it serves

    if certificate and key:
        return Tls(certificate, key, client_ca)
    if certificate or key:
        common.usage_error("--tls-cert-file and --tls-private-key-file go together")
    if client_ca:
        common.usage_error("--client-ca-file needs --tls-cert-file and --tls-private-key-file")
    return None


def _server(
    listen: str,
    metrics: Metrics,
    max_body: int,
    tls: Tls | None,
    token_file: Path | None,
    *,
    insecure: bool,
) -> Callable[[Recorder], None]:
    """What serves a recorder; all that can be wrong is found out before."""
    from lanner.audit.recorder.server import Address, Server  # noqa: PLC0415
    from lanner.audit.recorder.webhook import Webhook  # noqa: PLC0415

    try:
        address = Address.parse(listen)
    except ValueError as error:
        common.usage_error(f"--listen: {error}")
    is_guarded = tls is not None and (tls.client_ca is not None or token_file is not None)
    if not is_guarded and not insecure:
        common.usage_error(
            "give --tls-cert-file, --tls-private-key-file, and --client-ca-file or --token-file;"
            " or --insecure, on loopback only"
        )
    if not is_guarded and not address.is_loopback:
        common.usage_error(f"--insecure is for loopback, not for {listen}")
    token = _token(token_file)

    def serve(recorder: Recorder) -> None:
        webhook = Webhook(recorder, metrics, token=token, max_body_bytes=max_body)
        scheme = "https" if tls else "http"
        try:
            server = Server(webhook, address, tls)
            server.serve(
                lambda port: common.complain(
                    f"listening at {scheme}://{Address(address.host, port)}"
                ),
                recorder.reopen,
                common.complain,
            )
        except OSError as error:
            place = error.filename or listen
            common.complain(f"{place}: {error.strerror or error}")
            raise typer.Exit(1) from None

    return serve


def _token(file: Path | None) -> TokenFile | None:
    from lanner.audit.recorder.webhook import TokenFile  # noqa: PLC0415

    if file is None:
        return None
    try:
        return TokenFile(file)
    except (OSError, ValueError) as error:
        reason = f"{file}: {error.strerror}" if isinstance(error, OSError) else str(error)
        common.complain(reason)
        raise typer.Exit(1) from None


def _follow(log: Path, bookmark: Path | None, recorder: Recorder) -> None:
    from lanner.audit.recorder.tail import Tail, load_bookmark, save_bookmark  # noqa: PLC0415

    try:
        marked = load_bookmark(bookmark) if bookmark else None
        tail = Tail(log, marked, complain=common.complain)
    except (OSError, ValueError) as error:
        common.complain(str(error))
        raise typer.Exit(1) from None

    def end(_number: int, _frame: FrameType | None) -> None:
        tail.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    signal.signal(signal.SIGHUP, lambda _number, _frame: recorder.reopen())
    common.complain(f"following {log}")
    for chunk in tail.chunks():
        while (outcome := recorder.record(chunk.lines)).fate is Fate.FAILED:
            if tail.wait(_RETRY_S):
                common.complain(f"ended before {log} was read to its end: {outcome.problem}")
                raise typer.Exit(1)
        if outcome.fate is Fate.REFUSED:
            common.complain(f"{log}: {len(chunk.lines)} bytes were passed over: {outcome.problem}")
        if bookmark:
            save_bookmark(bookmark, chunk.bookmark)
