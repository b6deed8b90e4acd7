"""A line of JSON. Taken once at the start, so that no module of the project can put something else in their place."""

from __future__ import annotations

import json
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":")).encode
_decode = json.JSONDecoder().decode


def encoded(value: Any) -> bytes:
    return _encode(value).encode()


def decoded(line: bytes) -> Any:
    """Raises ValueError for what is no JSON."""
    try:
        return _decode(line.decode())
    except RecursionError as error:
        raise ValueError("nested too deep") from error
