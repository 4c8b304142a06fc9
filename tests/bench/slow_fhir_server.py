"""A FHIR server that takes its time: every answer comes after so many seconds, over connections that stay open.

``python slow_fhir_server.py PORT SECONDS RECORDS``; RECORDS is a file of JSON with the prefetch of each patient by id.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import orjson

KEYS = {
    "MedicationRequest": "medicationRequests",
    "MedicationStatement": "medicationStatements",
    "MedicationDispense": "medicationDispenses",
    "Condition": "conditions",
}
EMPTY = orjson.dumps({"resourceType": "Bundle", "type": "searchset", "total": 0})


def answers(file: Path) -> dict[tuple[str, str], bytes]:
    """The body of each read and search, by type and patient."""
    return {
        (kind, patient): orjson.dumps(prefetch[key])
        for patient, prefetch in orjson.loads(file.read_bytes()).items()
        for kind, key in (KEYS | {"Patient": "patient"}).items()
        if prefetch.get(key)
    }


async def serve(port: int, seconds: float, bodies: dict[tuple[str, str], bytes]) -> None:
    """Answer until the process is ended."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                address = urlsplit(head.split(b" ", 2)[1].decode())
                kind, _, identity = address.path.removeprefix("/fhir/").partition("/")
                patient = identity or parse_qs(address.query)["patient"][0]
                await asyncio.sleep(seconds)
                body = bodies.get((kind, patient), EMPTY)
                told = f"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(told.encode() + body)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", port, backlog=1_000)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), answers(Path(sys.argv[3]))))
