"""Makes every example of the pages here a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import pytest

from spec.check import problems
from spec.page import Verdict, read_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spec.page import Example


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Markdown files here are pages."""
    if file_path.suffix == ".md":
        return Page.from_parent(parent, path=file_path)
    return None


class Page(pytest.File):
    """A page: one test for each example."""

    def collect(self) -> Iterator[pytest.Item]:
        """The examples, named by their line."""
        for example in read_page(self.path.read_text(encoding="utf-8")):
            what = example.condition if isinstance(example, Verdict) else type(example).__name__
            yield ExampleItem.of(self, f"line {example.line}: {what}", example)


class ExampleItem(pytest.Item):
    """An example as a test."""

    example: Example

    @classmethod
    def of(cls, page: Page, name: str, example: Example) -> Self:
        """The test of an example."""
        item: Self = cls.from_parent(page, name=name)
        item.example = example
        return item

    def runtest(self) -> None:
        """Fails with everything that is answered otherwise."""
        found = list(problems(self.example))
        if found:
            pytest.fail("\n".join(found), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the example stands."""
        return self.path, self.example.line - 1, self.name
