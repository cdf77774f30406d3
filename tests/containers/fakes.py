"""Runtimes that answer what they are told to."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from concurrent import futures
from typing import TYPE_CHECKING, Any

import grpc

from lanner.containers.messages import message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


class FakeHttp:
    """Docker's interface: `answers` by path, as JSON, or bytes as they are, or a status."""

    def __init__(self, path: Path, answers: dict[str, Any]) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path, 404)
                status, body = (answer, b"{}") if isinstance(answer, int) else (200, answer)
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def address_string(self) -> str:
                return "test"

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self._server = Server(str(path), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FakeGrpc:
    """A gRPC interface: `answers` by method, made of the request's class, or a status."""

    def __init__(self, path: Path, answers: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> None:
        class Handler(grpc.GenericRpcHandler):
            def service(self, details: grpc.HandlerCallDetails) -> Any:
                if details.method not in answers:
                    return None
                request, answer = answers[details.method]

                def reply(got: Any, context: grpc.ServicerContext) -> Any:
                    made = answer(got)
                    if made is None:
                        context.abort(grpc.StatusCode.NOT_FOUND, "no such thing")
                    return made

                return grpc.unary_unary_rpc_method_handler(
                    reply,
                    request_deserializer=message(request).FromString,
                    response_serializer=lambda made: made.SerializeToString(),
                )

        self._server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
        self._server.add_insecure_port(f"unix://{path}")
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()
