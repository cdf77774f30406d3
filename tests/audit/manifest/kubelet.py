"""Does with one static pod what kubelet does, without containers."""

from __future__ import annotations

import subprocess
import threading
from typing import TYPE_CHECKING, Self

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_POLL_S, _BACK_OFF_S, _SECONDS = 0.05, 0.3, 30


class Kubelet:
    """Runs the command of a manifest while `with` lasts, again whenever the file changes or it
    ends. `program` stands in for the image.
    """

    def __init__(self, manifest: Path, program: Path, output: Path) -> None:
        self._manifest, self._program, self._output = manifest, program, output
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        known, process = b"", None
        while not self._is_over.is_set():
            text = self._manifest.read_bytes()
            if process and process.poll() is not None and text == known:
                self._is_over.wait(_BACK_OFF_S)
            if text != known or process is None or process.poll() is not None:
                self._stop(process)
                process, known = self._start(text), text
            self._is_over.wait(_POLL_S)
        self._stop(process)

    def _start(self, text: bytes) -> subprocess.Popen[bytes]:
        container = yaml.safe_load(text)["spec"]["containers"][0]
        flags = [*container["command"], *container.get("args", ())][1:]
        with self._output.open("ab") as output:
            return subprocess.Popen([self._program, *flags], stdout=output, stderr=output)

    @staticmethod
    def _stop(process: subprocess.Popen[bytes] | None) -> None:
        if process:
            process.terminate()
            process.wait(_SECONDS)
