"""What a model's client does: it starts `pinfold mcp`, and calls a tool of it. ask.py TOOL NAME=VALUE…"""

import asyncio
import os
import sys

from mcp import Client
from mcp.client.stdio import StdioServerParameters


async def main():
    tool, *words = sys.argv[1:]
    server = StdioServerParameters(command="pinfold", args=["mcp"], env=dict(os.environ))
    async with Client(server) as client:
        result = await client.call_tool(tool, dict(word.split("=", 1) for word in words))
    print(*(block.text for block in result.content if block.type == "text"), sep="\n")


asyncio.run(main())
