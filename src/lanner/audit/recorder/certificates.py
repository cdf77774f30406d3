"""Certificates and keys, for servers and clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


def load_certificate(
    context: ssl.SSLContext, certificate: str | Path, key: str | Path | None
) -> None:
    """Takes a certificate and its key, which may be in one file.

    Raises:
        OSError: a file cannot be read, or they are none, or the key is encrypted.

    """
    for file in (certificate, key or certificate):
        # OpenSSL does not say which file it cannot open
        with open(file, "rb"):  # noqa: PTH123 - a path or its text
            pass
    # without a password OpenSSL asks for one on the terminal, and waits
    context.load_cert_chain(certificate, key, password=lambda: "")
