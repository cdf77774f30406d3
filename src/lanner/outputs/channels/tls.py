"""How channels that speak TLS check their peer, and show who they are."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.audit.recorder.certificates import load_certificate

if TYPE_CHECKING:
    from collections.abc import Iterable


def client_context(
    authorities: Iterable[str],
    *,
    authority_folder: str = "",
    certificate: str = "",
    key: str = "",
    insecure: bool,
) -> ssl.SSLContext:
    """A context of a client.

    Args:
        authorities: files of who may sign the peer's certificate, besides those of this machine;
            empty names are left out.
        authority_folder: a folder of them; left out where there is none.
        certificate: a file that is shown to the peer; empty for none.
        key: its key; empty when it is in the same file.
        insecure: the peer is not checked.

    Raises:
        ValueError: a file cannot be used; the message names it.

    """
    context = ssl.create_default_context()
    place = authority_folder
    try:
        for place in filter(None, authorities):
            context.load_verify_locations(cafile=place)
        if authority_folder and Path(authority_folder).is_dir():
            context.load_verify_locations(capath=authority_folder)
        if certificate:
            place = f"{certificate}, {key}" if key else certificate
            load_certificate(context, certificate, key or None)
    except OSError as error:
        raise ValueError(f"{place}: {error.strerror or error}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
