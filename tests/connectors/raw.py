"""A server that says exactly the bytes a test gives it: the lies no HTTP library would tell."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

Script = Callable[[socket.socket, bytes], None]


class RawServer:
    """Answers each connection by the next script (the last one for ever) and keeps what was asked."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.asked: list[bytes] = []
        self.ended = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        self.thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.ended.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(5)

    def _serve(self) -> None:
        while not self.ended.is_set():
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        try:
            asked = self._request(connection)
            self.asked.append(asked)
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            script(connection, asked)
        except OSError:
            return

    def _request(self, connection: socket.socket) -> bytes:
        asked = b""
        while b"\r\n\r\n" not in asked and (part := connection.recv(65536)):
            asked += part
        head, _, body = asked.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            ),
            0,
        )
        while len(body) < length and (part := connection.recv(65536)):
            asked, body = asked + part, body + part
        return asked


def says(body: bytes | str, status: str = "200 OK", length: int | None = None, **headers: str) -> Script:
    """An answer; `length` may lie."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "application/json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    size = len(content) if length is None else length
    text = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {size}\r\n{head}\r\n"

    def script(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(text.encode() + content)

    return script


def exactly(content: bytes) -> Script:
    def script(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(content)

    return script


def dripping(server_ended: threading.Event, start: bytes, drop: bytes = b"x") -> Script:
    """One byte at a time, for as long as somebody listens."""

    def script(connection: socket.socket, asked: bytes) -> None:
        connection.sendall(start)
        while not server_ended.wait(0.02):
            connection.sendall(drop)

    return script


def resets(connection: socket.socket, asked: bytes) -> None:
    """Hangs up without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
