"""Certificates and keys, for servers and clients."""

from __future__ import annotations

import ssl
from pathlib import Path


def load_certificate(
    context: ssl.SSLContext, certificate: str | Path, key: str | Path | None
) -> None:
    """Takes a certificate and its key, which may be in one file.

    Raises:
        OSError: a file, which it names, cannot be read, or they are none, or the key is encrypted.

    """
    _look_at(certificate, key)
    try:
        # without a password OpenSSL asks for one on the terminal, and waits
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        raise _named(error, certificate) from None


def load_authority(context: ssl.SSLContext, authority: str | Path) -> None:
    """Trusts whom an authority has signed.

    Raises:
        OSError: the file, which it names, cannot be read, or has no certificate.

    """
    _look_at(authority)
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise _named(error, authority) from None


def _look_at(*files: str | Path | None) -> None:
    """OpenSSL does not say which file it is that is missing."""
    for file in files:
        if file is not None:
            with Path(file).open("rb"):
                pass


def _named(error: ssl.SSLError, file: str | Path) -> OSError:
    reason = error.strerror or str(error)
    return OSError(error.errno, f"no certificate with its key in PEM: {reason}", str(file))
