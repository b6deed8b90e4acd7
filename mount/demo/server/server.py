"""A small server, the kind that Pinfold deploys: it greets, and says whether it is well."""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from greeting import greet


# The release that this process was started from, `<deployment>-<commit>`: after a reload that did not take, it is still the old one.
COMMIT = os.path.basename(os.getcwd()).rpartition("-")[2]


def health():
    """The status and the words that the health check gets."""
    return 200, "well"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = health() if self.path == "/health" else (200, greet("world"))
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("X-Pinfold-Commit", COMMIT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.allow_reuse_address = True
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
