"""The store that a configuration asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lanner.outputs.database import DEFAULT_PATH, Database
from lanner.outputs.database_file import StoreError, StoreInUseError
from lanner.outputs.store import Store
from lanner.service.request import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lanner.config import Config
    from lanner.service.log import Log

_MB = 1 << 20
IN_MEMORY = "none"
"""As `store.path`: alerts are kept until the channels have them, and then nowhere."""


def store_path(config: Config) -> Path | None:
    """Where alerts are kept; None in memory alone.

    Unless a path is said, root's live detection has the usual one, and all else is in memory.
    """
    if config.store.path:
        return None if config.store.path == IN_MEMORY else Path(config.store.path)
    is_live = config.engine.kind in {"kmod", "modern_ebpf"}
    return DEFAULT_PATH if is_live and os.geteuid() == 0 else None


def open_store(config: Config, log: Log, on_trouble: Callable[[str | None, int], None]) -> Store:
    """Opens the store at its path.

    Raises:
        ServiceError: the path that was said cannot be used.

    """
    section = config.store
    path = store_path(config)
    database = None
    try:
        if path:
            database = Database(path, is_full_sync=section.sync == "full")
    except StoreInUseError as error:
        if section.path:
            raise ServiceError(f"{error}", "name another file in store.path") from None
        log(f"{error}; those of this one are kept until they are sent, and no longer", "warning")
    except StoreError as error:
        raise ServiceError(str(error), "store.path names the file; `none` is without one") from None
    if database and database.file.put_aside:
        log(f"{path} was damaged: it is at {database.file.put_aside} now", "error")
    return Store(database, max_waiting_bytes=section.max_waiting_mb * _MB, on_trouble=on_trouble)
