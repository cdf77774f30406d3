"""The files that a webhook's kubeconfig names."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from lanner.audit.manifest.kubeconfig import files_of
from lanner.audit.manifest.printed import webhook_kubeconfig

GOOD = webhook_kubeconfig(
    "https://10.0.0.5:9765/",
    Path("/a/ca.crt"),
    Path("/a/c.crt"),
    Path("/a/c.key"),
    Path("/a/token"),
)
JUNK = (
    "\t",
    "{",
    "- [",
    "clusters: 1",
    "tokenFile: x",
    "certificate-authority: {a: b}",
    "\x00",
    "&a *a",
)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "webhook.yaml"
    path.write_text(GOOD)
    names = ("ca.crt", "c.crt", "c.key", "token")
    assert files_of(path) == tuple(PurePosixPath("/a") / name for name in names)


@given(st.data())
def test_broken_ones_are_refused_with_the_reason(data: st.DataObject) -> None:
    lines = GOOD.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        line = lines[at]
        changed = st.sampled_from(
            [
                [],
                [line, line],
                [line[: len(line) // 2]],
                ["  " + line],
                *([line, one] for one in JUNK),
            ]
        )
        lines[at : at + 1] = data.draw(changed)
        lines = lines or ["x"]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "webhook.yaml"
        path.write_text("\n".join(lines))
        try:
            found = files_of(path)
        except ValueError as refused:
            assert str(refused).startswith(f"{path}: ")
        else:
            assert all(file.is_absolute() for file in found)
