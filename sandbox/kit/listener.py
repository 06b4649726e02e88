"""HTTP/1.1 with connections that stay open, one thread each: werkzeug's own server closes after every answer."""

from __future__ import annotations

import io
import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

SOCKET = "sandbox.socket"
"""Where an application finds the connection, should it want to hang up."""

BODILESS = frozenset((204, 304))


class Handler(BaseHTTPRequestHandler):
    """Hands each request of a connection to the application and sends the answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Listener

    def answer(self) -> None:
        """One request; the connection ends without an answer when the application hangs up."""
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)
            return
        try:
            parts, status, headers = run_wsgi_app(self.server.application, self._environ())
        except ConnectionError:
            self.close_connection = True
            return
        body = b"".join(parts)
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        if int(code) not in BODILESS:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if int(code) not in BODILESS and self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """A pretend system has its ledgers; a line per request would drown the demo."""

    def _environ(self) -> WSGIEnvironment:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host, port = self.server.server_address[:2]
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            SOCKET: self.connection,
        }
        names = {name: "HTTP_" + name.upper().replace("-", "_") for name in self.headers}
        return environ | {key: self.headers[name] for name, key in names.items()}


class Listener(ThreadingHTTPServer):
    """Serves one WSGI application; raises OSError when the address cannot be had."""

    request_queue_size = 128

    def __init__(self, host: str, port: int, application: WSGIApplication) -> None:
        super().__init__((host, port), Handler)
        self.application = application
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends the connections still open, as the end of a process would."""
        for connection in tuple(self._open):
            with suppress(OSError):  # its own thread may have ended it by now
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no error."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
