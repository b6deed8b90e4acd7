"""A client of the Model Context Protocol, the one of PyPI, against `pinfold mcp`: prints what it was told as one JSON object.

client.py MODE stdio PINFOLD NAME,ARGUMENTS…      client.py MODE http URL TOKEN-FILE NAME,ARGUMENTS…
"""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client


def text(result):
    return "\n".join(block.text for block in result.content if block.type == "text")


async def talk(server, mode, calls):
    told = {"progress": []}

    async def progress(count, total, message):
        told["progress"].append([count, message])

    async with Client(server, mode=mode) as client:
        told["version"] = client.session.protocol_version
        tools = (await client.list_tools()).tools
        told["tools"] = {tool.name: tool.output_schema for tool in tools}
        told["calls"] = []
        for name, arguments in calls:
            result = await client.call_tool(name, arguments, progress_callback=progress)
            told["calls"].append({"error": bool(result.is_error), "text": text(result), "structured": result.structured_content})
    print(json.dumps(told))


async def main():
    mode, way, place, *rest = sys.argv[1:]
    calls = [(word.split(",", 1)[0], json.loads(word.split(",", 1)[1])) for word in rest[1:] if word]
    if way == "stdio":
        server = StdioServerParameters(command=place, args=["mcp"], env={"AGENT_DATA_ROOT": rest[0]})
        return await talk(server, mode, calls)
    token = open(rest[0]).read().strip()
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        await talk(streamable_http_client(place, http_client=client), mode, calls)


asyncio.run(main())
