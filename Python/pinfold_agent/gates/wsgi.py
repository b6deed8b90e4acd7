"""The gate of a WSGI application."""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, List, Optional, Tuple

from .gate import ThreadGate

Headers = List[Tuple[str, str]]


class WSGIGate:
    """What the server gets as its application.

    A request is inside until its answer begins, and again while each further piece of it is made: a client that streams is not in the
    way of a reload, and its next piece waits until that is over.
    """

    def __init__(self, gate: ThreadGate, application: Callable[[], Any], commit: Callable[[], str]):
        self._gate = gate
        self._application = application
        self._commit = commit

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:
            commit = self._commit()
            if commit:
                headers = [entry for entry in headers if entry[0].lower() != "x-pinfold-commit"] + [("X-Pinfold-Commit", commit)]
            return start_response(status, headers, exc_info) if exc_info else start_response(status, headers)

        self._gate.enter()
        try:
            body = self._application()(environ, start)
            # Whole already: no code of the application's runs any more.
            if isinstance(body, (list, tuple)):
                return body
            return Body(self._gate, body)
        finally:
            self._gate.leave()


class Body:
    """The rest of an answer, made piece by piece inside the gate. One that the server can send by itself (a file) stays recognisable."""

    def __init__(self, gate: ThreadGate, body: Any):
        self._gate = gate
        self._body = body
        self._pieces: Optional[Iterator[bytes]] = None
        if hasattr(body, "__len__"):
            self.__class__ = _Sized

    def __iter__(self) -> "Body":
        return self

    def __next__(self) -> bytes:
        with Inside(self._gate):
            if self._pieces is None:
                self._pieces = iter(self._body)
            return next(self._pieces)

    def close(self) -> None:
        if hasattr(self._body, "close"):
            with Inside(self._gate):
                self._body.close()


class _Sized(Body):
    def __len__(self) -> int:
        return len(self._body)


class Inside:
    def __init__(self, gate: ThreadGate):
        self._gate = gate

    def __enter__(self) -> None:
        self._gate.enter()

    def __exit__(self, *error: Any) -> None:
        self._gate.leave()
