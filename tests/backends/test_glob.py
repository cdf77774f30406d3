"""The reference's globs against the C library's fnmatch(3), which is what Falco calls."""

from __future__ import annotations

import ctypes
import platform
import random

import pytest

from lanner.backends.glob import glob_match

FNM_CASEFOLD = 16
PIECES = (
    *(b"*", b"?", b"[", b"[", b"]", b"]", b"!", b"^", b"-", b"\\", b"/", b"a", b"b", b"Z", b"\xc3"),
    *(b"[:alpha:]", b"[:upper:]", b"[=a=]", b"[a-c]", b"[!a]", b"[[:lower:]]", b"[[.a.]-c]"),
)
LETTERS = b"aAbBcZ/-]![^\\\xc3"

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="the C library is not glibc"
)


def fnmatch(pattern: bytes, text: bytes, *, fold: bool) -> bool:
    return bool(ctypes.CDLL(None).fnmatch(pattern, text, FNM_CASEFOLD if fold else 0) == 0)


@pytest.mark.parametrize("fold", [False, True])
def test_random_patterns(fold: bool) -> None:
    source = random.Random(fold)  # noqa: S311
    matched = 0
    for _ in range(15_000):
        pattern = b"".join(source.choice(PIECES) for _ in range(source.randint(0, 6)))
        text = bytes(source.choice(LETTERS) for _ in range(source.randint(0, 4)))
        wanted = fnmatch(pattern, text, fold=fold)
        matched += wanted
        assert glob_match(pattern, text, fold=fold) == wanted, (pattern, text)
    assert matched > 300


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize(
    "pattern",
    [
        *(b"[[.a.]]", b"[[.a.]-c]", b"[a-[.c.]]", b"[[.ab.]]", b"[[.a]", b"[[.].]]", b"[[.-.]-0]"),
        *(b"[[=a=]]", b"[[=a=]-c]", b"[[=ab=]]", b"[[=a]", b"[a-[=c=]]"),
        *(b"[[:alpha]", b"[[:nosuch:]]", b"[[:Alpha:]]", b"[[:a-:]]", b"[[::]]", b"[a-[:alpha:]]"),
        *(b"[[.A.]-c]", b"[[.A.]-C]", b"[a-[.C.]]", b"[A-c]", b"[a-C]", b"[[.a.]-[.C.]]"),
        *(b"[[:abcdefghijklmno:]]", b"[[:abcdefghijklmnop:]]", b"[[:abcdefghijklmnop", b"[[:az:]]"),
        *(b"[]]", b"[!]]", b"[]-a]", b"[a-]", b"[-a]", b"[c-a]", b"[\\]]", b"[a-\\c]", b"[", b"\\"),
        *(f"[[:{name}:]]".encode() for name in ("alnum", "blank", "cntrl", "digit", "graph")),
        *(f"[[:{name}:]]".encode() for name in ("lower", "print", "punct", "space", "xdigit")),
    ],
)
def test_every_byte(pattern: bytes, fold: bool) -> None:
    for code in range(1, 256):
        text = bytes([code])
        assert glob_match(pattern, text, fold=fold) == fnmatch(pattern, text, fold=fold), text


def test_what_is_left_open() -> None:
    for pattern, text in ((b"[a", b"[a"), (b"[!", b"[!"), (b"[a]b", b"ab"), (b"a[", b"a[")):
        assert glob_match(pattern, text, fold=False) == fnmatch(pattern, text, fold=False), pattern


def test_stars_do_not_blow_up() -> None:
    assert not glob_match(b"*a" * 40 + b"b", b"a" * 2000)
