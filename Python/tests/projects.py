"""The servers that the tests deploy, by the words that a version answers with."""

from __future__ import annotations

from typing import Dict

GREETING = 'def greet():\n    return "{word}"\n'
# The same function, and another name in the module: more than a patch can bring.
GREETING_ANEW = 'def greet():\n    return "{word}"\n\n\nMARK = "{word}"\n'

STATE = "HITS = 0\n\n\ndef hit():\n    global HITS\n    HITS += 1\n    return HITS\n"

FLASK = '''import time

from flask import Flask, Response

from . import state
from .greeting import greet

app = Flask(__name__)


@app.route("/")
def index():
    state.hit()
    first = greet()
    time.sleep(0.002)
    return first + greet()


@app.route("/hits")
def hits():
    return str(state.HITS)
'''

STREAM = '''import time

from .greeting import greet


def stream():
    for number in range(10000):
        yield f"data: {number} {greet()}\\n\\n"
        time.sleep(0.02)
'''

FLASK_STREAM = '''

@app.route("/events")
def events():
    from .stream import stream
    return Response(stream(), mimetype="text/event-stream")
'''

FASTAPI = '''import asyncio
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse

from . import state
from .begun import WORD
from .greeting import greet


app = FastAPI()


@app.on_event("startup")
async def begin():
    app.state.begun = WORD


@app.on_event("shutdown")
async def end():
    state.ENDED = getattr(state, "ENDED", 0) + 1


@app.get("/", response_class=PlainTextResponse)
async def index():
    state.hit()
    first = greet()
    await asyncio.sleep(0.002)
    return first + greet()


@app.get("/sync", response_class=PlainTextResponse)
def sync():
    first = greet()
    time.sleep(0.002)
    return first + greet()


@app.get("/begun", response_class=PlainTextResponse)
async def begun():
    return app.state.begun + f" {getattr(state, 'ENDED', 0)}"


@app.get("/hits", response_class=PlainTextResponse)
async def hits():
    return str(state.HITS)


async def pieces():
    for number in range(10000):
        yield f"data: {number} {greet()}\\n\\n"
        await asyncio.sleep(0.02)


@app.get("/events")
async def events():
    return StreamingResponse(pieces(), media_type="text/event-stream")
'''

WSGIREF = '''import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pinfold_agent


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


make_server("127.0.0.1", int(sys.argv[1]), pinfold_agent.wsgi("srv.app:app"), Server, Handler).serve_forever()
'''

HTTP_SERVER = '''import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pinfold_agent
from srv import answers


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        with pinfold_agent.work():
            body = answers.answer(self.path).encode()
            self.send_response(200)
            self.send_header("X-Pinfold-Commit", pinfold_agent.commit())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer.request_queue_size = 128
    pinfold_agent.start()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
'''

ANSWERS = '''import time

from . import state
from .greeting import greet


def answer(path):
    state.hit()
    first = greet()
    time.sleep(0.002)
    return str(state.HITS) if path == "/hits" else first + greet()
'''

WORKER = '''import os
import sys
import time

import pinfold_agent
from srv import greeting, state

while True:
    with pinfold_agent.work():
        state.hit()
        line = f"{greeting.greet()} {greeting.greet()} {state.HITS}"
        with open(sys.argv[1] + ".new", "w") as out:
            out.write(line)
        # Who reads it at any moment finds a whole line.
        os.replace(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(0.005)
'''


def flask(word: str, anew: bool = False, **more: str) -> Dict[str, str]:
    return {
        "srv/__init__.py": "", "srv/state.py": STATE, "srv/greeting.py": (GREETING_ANEW if anew else GREETING).format(word=word),
        "srv/stream.py": STREAM, "srv/app.py": FLASK + FLASK_STREAM, "serve.py": WSGIREF,
        "entry.py": 'import pinfold_agent\n\napp = pinfold_agent.wsgi("srv.app:app")\n', **more,
    }


def fastapi(word: str, anew: bool = False, **more: str) -> Dict[str, str]:
    return {
        "srv/__init__.py": "", "srv/state.py": STATE, "srv/greeting.py": (GREETING_ANEW if anew else GREETING).format(word=word),
        "srv/begun.py": f'WORD = "{word if anew else "one"}"\n', "srv/app.py": FASTAPI,
        "entry.py": 'import pinfold_agent\n\napp = pinfold_agent.asgi("srv.app:app")\n', **more,
    }


def plain(word: str, anew: bool = False, **more: str) -> Dict[str, str]:
    return {
        "srv/__init__.py": "", "srv/state.py": STATE, "srv/greeting.py": (GREETING_ANEW if anew else GREETING).format(word=word),
        "srv/answers.py": ANSWERS, "serve.py": HTTP_SERVER, "loop.py": WORKER, **more,
    }
