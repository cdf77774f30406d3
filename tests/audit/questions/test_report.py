"""The page about a log: complete, self-contained, and harmless whatever the log holds."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from lanner.api.audit import plots
from lanner.api.audit.report import report
from tests.audit.questions.events import event, written

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><script>alert(1)</script>",
    "]]></text></svg><script>alert(1)</script>",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "$x^{$",
    "$\\frac{1}{2}$",
    "a\u202egnp.exe",
    "\x1b[31mred",
    "名前" * 30,
    "_nolegend_",
    "x" * 5000,
)
VOID = {"meta", "br", "img"}


class Page(HTMLParser):
    """Elements, attributes and text of a page; complains of elements that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name.endswith("href") or name == "src":
                self.links.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page_of(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open
    return page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(tmp_path: Path, text: str) -> None:
    log = written(
        tmp_path,
        [
            event("get", "secrets", text, namespace=text, user=text, userAgent=text, code=403),
            event(text, text, text, user=text, second=1),
            event("get", uri=text, user="system:anonymous", second=2),
            event("create", "pods", text, subresource="exec", uri=f"/?command={text}", second=3),
            event("delete", "pods", text, user=text, level=text, second=4),
        ],
    )
    (tmp_path / "plain").mkdir()
    plain = page_of(report([written(tmp_path / "plain", [event("get", "pods", "p")])]))
    found = report([log])
    page = page_of(found)
    assert not page.elements - plain.elements - {"h3", "use"}
    assert "script" not in page.elements
    assert not [name for name in page.attributes if name.startswith("on")]
    assert all(
        link.startswith(("#", "http://www.w3.org/", "http://purl.org/")) for link in page.links
    )
    assert "\x1b" not in found
    assert "\u202e" not in found
    # somebody called so is there all the same
    shown = re.sub(r"\s", "", "".join(page.words))
    assert text[:3].replace("\x1b", "\\x1b").replace("\u202e", "\\u202e") in shown


def test_the_recorded_log(captures: Path) -> None:
    log = captures / "apiserver/all.audit.log.gz"
    found = report([log])
    assert found == report([log]), "the same log gives the same page"
    page = page_of(found)
    assert found.count("<svg") == 3
    assert "script" not in page.elements
    assert "1,345 events from 2026-11-23T07:38:43Z" in found
    for words in (
        "gives cluster-admin to User eve",
        "admin (as eve)",
        "sh -c id",
        "Requests over time",
        "Verbs by user",
        "Refused requests by user",
    ):
        assert words in found


def test_an_empty_log(tmp_path: Path) -> None:
    found = report([written(tmp_path, [])])
    assert "<svg" not in found
    assert "nothing found in a log without events" in found


def test_without_matplotlib_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "find_spec", lambda _name: None)
    with pytest.raises(plots.PlotsMissing, match=r"pip install 'lanner\[report\]'"):
        report([written(tmp_path, [])])


def test_long_names_stay_apart() -> None:
    long = "system:serviceaccount:" + "x" * 60
    drawing = plots.stacked([(f"{long}-a", "get", 3), (f"{long}-b", "get", 2)], "requests")
    assert drawing.count("x-a</text>") == 1
    assert drawing.count("x-b</text>") == 1


def test_many_minutes_become_few_bars(tmp_path: Path) -> None:
    log = written(tmp_path, [event("get", "pods", "p", second=60 * n) for n in range(0, 600, 7)])
    assert "requests per 5 minutes" in report([log])
