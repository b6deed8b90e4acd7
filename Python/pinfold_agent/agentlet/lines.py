"""Lines over a Unix socket, of bounded length."""

from __future__ import annotations

import os
import socket
import struct
import time
from typing import Any, Dict, Optional

from ..wire import decoded, encoded

# A request is a verb with a path and an id.
LONGEST = 64 << 10


class Malformed(Exception):
    """What came is no request; in words."""


class Lines:
    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._waiting = b""

    def read(self, seconds: Optional[float]) -> Optional[Dict[str, Any]]:
        """The next request; None at the end of the connection. Raises Malformed, or TimeoutError where none is whole in that time."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self._waiting:
            if len(self._waiting) > LONGEST:
                raise Malformed(f"a line is longer than {LONGEST} bytes")
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            self._connection.settimeout(left)
            try:
                piece = self._connection.recv(65536)
            except socket.timeout as error:
                raise TimeoutError from error
            except OSError:
                return None
            if not piece:
                return None
            self._waiting += piece
        line, _, self._waiting = self._waiting.partition(b"\n")
        if len(line) > LONGEST:
            raise Malformed(f"a line is longer than {LONGEST} bytes")
        try:
            request = decoded(line)
        except ValueError as error:
            raise Malformed("a line is no JSON") from error
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            raise Malformed("a line is no object with a verb in `do`")
        return request

    def write(self, answer: Dict[str, Any]) -> bool:
        """Whether it went out whole."""
        self._connection.settimeout(10)
        try:
            self._connection.sendall(encoded(answer) + b"\n")
            return True
        except OSError:
            return False

    def is_trusted(self) -> bool:
        """Whether the other end is root, or this process's own user."""
        raw = self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, _ = struct.unpack("3i", raw)
        return uid in (0, os.getuid())
