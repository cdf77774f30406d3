"""Transformers on lists of values; None is an absent operand.

Source: falcosecurity/libs 0.25.4 `sinsp_filter_transformers/` and
`sinsp_filtercheck_multivalue_transformer.cpp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Value = bytes | int | float | bool | str
Values = list[Value] | None

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_UPPER = bytes(range(97, 123))
_LOWER = bytes(range(65, 91))
_TO_LOWER = bytes.maketrans(_LOWER, _UPPER)
_TO_UPPER = bytes.maketrans(_UPPER, _LOWER)


def apply(
    function: str,
    arguments: Sequence[Values],
    argument: str | None,
    *,
    takes_list: bool,
    is_text: bool = True,
) -> Values:
    """The values of a call.

    `takes_list` says that its first argument has several values, `is_text` that they are text
    rather than bytes.
    """
    if function in _EACH:
        values = arguments[0]
        if values is None:
            return None
        # text of the kernel may carry its terminator
        results = [_EACH[function](_bytes(value).rstrip(b"\0")) for value in values]
        return None if None in results else list(results)  # type: ignore[arg-type]
    if any(part is None for part in arguments):
        return None
    given = [[_bytes(value) for value in part] for part in arguments if part is not None]
    if function == "len":
        if takes_list:
            return [len(given[0])]
        return [_length(given[0][0], is_text=is_text)] if given[0] else None
    if function == "join":
        return [given[0][0].join(given[1])]
    if function == "concat":
        return [b"".join(part[0] for part in given)]
    return getopt(given[0], given[1][0], argument.encode() if argument else None)


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _length(value: bytes, *, is_text: bool) -> int:
    return len(value.partition(b"\0")[0]) if is_text else len(value)


def _basename(text: bytes) -> bytes:
    return text.rpartition(b"/")[2]


def _b64(text: bytes) -> bytes | None:
    """Base64 with or without padding, strict about everything else; None if it is not."""
    if not text:
        return b""
    for _ in range(2):
        text = text.removesuffix(b"=")
    # padding alone encodes nothing, not even emptiness
    if not text or len(text) % 4 == 1:
        return None
    bits = 0
    out = bytearray()
    for index, code in enumerate(text):
        value = _ALPHABET.find(code)
        if value < 0:
            return None
        bits = (bits << 6 | value) & 0xFFFFFF
        if index % 4:
            out.append(bits >> (6 - 2 * (index % 4)) & 0xFF)
    spare = {2: 0b1111, 3: 0b11}.get(len(text) % 4, 0)
    return None if bits & spare else bytes(out)


_EACH: dict[str, Callable[[bytes], bytes | None]] = {
    "tolower": lambda text: text.translate(_TO_LOWER),
    "toupper": lambda text: text.translate(_TO_UPPER),
    "basename": _basename,
    "b64": _b64,
}


def getopt(words: list[bytes], options: bytes, selected: bytes | None) -> Values:
    """Short options as getopt(3) reads them: option, value, option, …; `?` for unknown ones.

    With `selected`, the last value of that option (the option itself if it takes
    none), or None when it is not given.
    """
    options = options.removeprefix(b":")
    takes_value = {
        options[index]: options[index + 1 : index + 2] == b":"
        for index in range(len(options))
        if options[index : index + 1] != b":"
    }
    # Falco forgets no option that took a value once
    for index in range(len(options)):
        if options[index + 1 : index + 2] == b":" and options[index : index + 1] != b":":
            takes_value[options[index]] = True
    results: list[Value] = []
    last: bytes | None = None
    index = 0
    while index < len(words):
        word = words[index]
        if word == b"--":
            break
        if len(word) > 2 and word.startswith(b"--"):
            index += 1
            continue
        if len(word) < 2 or not word.startswith(b"-"):
            break
        for at in range(1, len(word)):
            option = word[at : at + 1]
            if option == b":" or option[0] not in takes_value:
                if selected is None:
                    results.append(b"?")
                continue
            if not takes_value[option[0]]:
                results.append(option)
                last = option if option == selected else last
                continue
            value: bytes | None = word[at + 1 :]
            if not value:
                value = words[index + 1] if index + 1 < len(words) else None
                index += value is not None
            results += [b""] if value is None else [option, value]
            if option == selected:
                last = value or b""
            break
        index += 1
    if selected is None:
        return results
    return None if last is None else [last]
