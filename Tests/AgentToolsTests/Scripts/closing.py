"""A client that closes its connection, or its half of it, while a deployment is waited for.

closing.py URL TOKEN-FILE half|whole handshake|later|stream MESSAGE [SERVER]
"""

import json
import os
import socket
import sys
import time
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
token = open(sys.argv[2]).read().strip()
closing, way, message = sys.argv[3:6]

parameters = {"name": "deploy_agent_code", "arguments": {"commit_message": message}}
fields = {"Host": url.netloc, "Authorization": "Bearer " + token, "Content-Type": "application/json"}
if way != "handshake":
    parameters["_meta"] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
        **({"progressToken": 1} if way == "stream" else {}),
    }
    fields |= {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "deploy_agent_code"}
body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters}).encode()
fields["Content-Length"] = str(len(body))
head = "".join([f"POST {url.path} HTTP/1.1\r\n"] + [f"{name}: {value}\r\n" for name, value in fields.items()])

connection = socket.create_connection((url.hostname, url.port), timeout=100)
connection.sendall(head.encode() + b"\r\n" + body)
if closing == "half":
    connection.shutdown(socket.SHUT_WR)
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    print("deployed" if b'"deployed":true' in answer else answer.decode())
else:
    answer = b""
    while b": testing" not in answer:
        answer += connection.recv(65536)
    connection.close()
    tasks = f"/proc/{sys.argv[6]}/task"
    deadline = time.monotonic() + 30
    while len(os.listdir(tasks)) > 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    print("no longer served" if len(os.listdir(tasks)) == 1 else "served still")
