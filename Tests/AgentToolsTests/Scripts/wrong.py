"""Requests that are wrong as HTTP, or whose fields are not their message's: wrong.py URL TOKEN-FILE. Prints what was answered otherwise than it should be."""

import base64
import json
import socket
import sys
import urllib.parse

url = urllib.parse.urlsplit(sys.argv[1])
token = open(sys.argv[2]).read().strip()
VERSION, CAPABILITIES = "io.modelcontextprotocol/protocolVersion", "io.modelcontextprotocol/clientCapabilities"


def raw(data, half=False):
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(data)
        if half:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head.split()[1]) if head else 0), head.decode(), body


def ask(body, method="POST", path=url.path, **fields):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    all_fields = {
        "Host": url.netloc, "Authorization": "Bearer " + token, "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream", "Content-Length": str(len(body)),
    }
    for name, value in fields.items():
        all_fields[name.replace("_", "-")] = value
    lines = [f"{method} {path} HTTP/1.1"]
    for name, value in all_fields.items():
        lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value]) if one is not None]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def expect(what, answer, status, code=None):
    found, head, body = answer
    error = json.loads(body).get("error") if body and found != 202 else None
    given = error.get("code") if isinstance(error, dict) else None
    if found != status or (code is not None and given != code):
        print(f"{what}: {status} {code} was expected, and was {found} {body[:300]}")


ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
envelope = {VERSION: "2026-07-28", CAPABILITIES: {}}
listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": envelope}}
calling = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "deployment_status", "arguments": {}, "_meta": envelope}}
modern = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/list"}
call = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call"}

expect("as it should be", ask(ping), 200)
expect("as it should be, later", ask(listing, **modern), 200)
expect("a name in another form", ask(calling, Mcp_Name="=?base64?" + base64.b64encode(b"deployment_status").decode() + "?=", **call), 200)
expect("a notification", ask({"jsonrpc": "2.0", "method": "notifications/initialized"}), 202)
expect("the page itself as origin", ask(ping, Origin="http://" + url.netloc), 200)

expect("no token", ask(ping, Authorization=None), 401)
expect("another token", ask(ping, Authorization="Bearer " + "x" * len(token)), 401)
expect("a token's beginning", ask(ping, Authorization="Bearer " + token[:-1]), 401)
expect("two tokens", ask(ping, Authorization=["Bearer " + token, "Bearer x"]), 401)
expect("another host", ask(ping, Host="example.org"), 403)
expect("no host", ask(ping, Host=None), 403)
expect("a page of another origin", ask(ping, Origin="https://example.org"), 403)
expect("no page", ask(ping, Origin="null"), 403)
for method in ("GET", "DELETE", "PUT"):
    answer = ask(b"", method=method)
    expect(method, answer, 405)
    if "Allow: POST" not in answer[1]:
        print(f"{method}: no Allow in {answer[1]}")
expect("another path", ask(ping, path="/other"), 404)
expect("another type", ask(ping, Content_Type="text/plain"), 415)
expect("nothing accepted", ask(ping, Accept="text/html"), 406)

expect("no JSON", ask(b"{"), 400, -32700)
if json.loads(ask({"jsonrpc": "2.0", "id": 16, "method": 7})[2])["id"] != 16:
    print("an error without the id of its request")
expect("nested too deeply", ask(b"[" * 100_000), 400, -32700)
expect("a batch", ask([ping]), 400, -32600)
expect("no method of this era", ask({"jsonrpc": "2.0", "id": 1, "method": "nothing"}), 200, -32601)
expect("no such method", ask({**listing, "method": "nothing"}, MCP_Protocol_Version="2026-07-28", Mcp_Method="nothing"), 404, -32601)
expect("another version in the field", ask(listing, MCP_Protocol_Version="2025-11-25", Mcp_Method="tools/list"), 400, -32020)
expect("no version in the field", ask(listing, Mcp_Method="tools/list"), 400, -32020)
expect("no envelope", ask({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, **modern), 400)
expect("another method in the field", ask(listing, MCP_Protocol_Version="2026-07-28", Mcp_Method="tools/call"), 400, -32020)
expect("no name in the field", ask(calling, **call), 400, -32020)
expect("another name in the field", ask(calling, Mcp_Name="workspace_info", **call), 400, -32020)
expect("a name twice", ask(calling, Mcp_Name=["deployment_status", "deployment_status"], **call), 400, -32020)
expect("a damaged name", ask(calling, Mcp_Name="=?base64?!?=", **call), 400, -32020)
unknown = {**listing, "params": {"_meta": {VERSION: "2099-01-01", CAPABILITIES: {}}}}
expect("a version to come", ask(unknown, MCP_Protocol_Version="2099-01-01", Mcp_Method="tools/list"), 400, -32022)
expect("a version of batches", ask(ping, MCP_Protocol_Version="2025-03-26"), 400, -32022)
expect("an old version that was none", ask(ping, MCP_Protocol_Version="2000-01-01"), 400, -32022)

expect("no length", ask(ping, Content_Length=None, Transfer_Encoding="chunked"), 411)
expect("two lengths", ask(ping, Content_Length=["3", "4"]), 400)
expect("a length that is none", ask(ping, Content_Length="+3"), 400)
expect("too long", ask(b"", Content_Length=str(1 << 30)), 413)
expect("a large head", ask(ping, X_Large="x" * 20_000), 431)
expect("no HTTP", raw(b"hello\r\n\r\n"), 400)
expect("a folded field", raw(b"POST /mcp HTTP/1.1\r\nHost: x\r\n y\r\n\r\n"), 400)
expect("a blank before the colon", raw(b"POST /mcp HTTP/1.1\r\nHost : x\r\n\r\n"), 400)
# Nobody is kept by a client that ends in the middle, or says nothing.
if raw(b"POST /mcp HTTP/1.1\r\n", half=True)[0] != 0:
    print("half a request was answered")
idle = [socket.create_connection((url.hostname, url.port)) for _ in range(40)]
expect("beside more clients that say nothing than are served", ask(ping), 200)
