"""What the server answers: a greeting, greetings without end, and whether it is well."""

import time

from greeting import greet


def health():
    """The status and the words that the health check gets."""
    return "200 OK", "well"


def stream():
    number = 0
    while True:
        number += 1
        yield f"{number}: {greet('world')}\n".encode()
        time.sleep(0.02)


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return stream()
    status, text = health() if path == "/health" else ("200 OK", greet("world"))
    body = (text + "\n").encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
