"""Containers as their runtimes know them: asked in the background, while events come in."""

from lanner.containers.resolver import Resolver
from lanner.containers.runtimes import Sockets, sockets_there

__all__ = ["Resolver", "Sockets", "sockets_there"]
