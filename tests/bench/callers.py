"""Callers of the service in a process of their own: groups that call side by side, each caller one call at a time.

``python callers.py PLAN``; PLAN is a file of JSON: the port, the seconds, and of each group how many callers it has,
how long a caller pauses after an answer, and its requests with their tokens. Printed is what each group was answered.
"""

from __future__ import annotations

import asyncio
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import orjson

PATH = "/cds-services/benzo-order-sign"
NOT_SUPPLIED = "not supplied"


async def call(port: int, body: str, token: str) -> tuple[float, bytes]:
    """The milliseconds of one call, and all that was answered."""
    sent = body.encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAuthorization: {token}\r\n"
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{head}Content-Length: {len(sent)}\r\n\r\n".encode() + sent)
    answered = await reader.read(-1)
    writer.close()
    return (time.perf_counter() - began) * 1000, answered


def outcome(answered: bytes) -> str:
    """What an answer comes to: judged in full, judged and incomplete, or refused with what was said."""
    head, _, body = answered.partition(b"\r\n\r\n")
    status = head[9:12].decode()
    if status != "200":
        issue = orjson.loads(body)["issue"][0] if body else {}
        told = issue.get("diagnostics") or issue.get("details", {}).get("text", "")
        return f"{status} ({told.partition(': ')[2].partition('. ')[0] or told})"
    cards = orjson.loads(body)["cards"]
    if not cards:
        return "200 without a card"
    return "judged, what is missing said" if NOT_SUPPLIED in cards[0]["detail"] else "judged in full"


async def run(plan: dict[str, Any]) -> dict[str, Any]:
    """The outcomes and milliseconds by group."""
    end = time.perf_counter() + plan["seconds"]
    found: dict[str, Any] = {group["name"]: [] for group in plan["groups"]}

    async def caller(group: dict[str, Any], calls: Any, delay: float) -> None:
        await asyncio.sleep(delay)
        while time.perf_counter() < end:
            body, token = next(calls)
            took, answered = await call(plan["port"], body, token)
            found[group["name"]].append((took, answered))
            await asyncio.sleep(group["pause"])

    tasks = []
    for group in plan["groups"]:
        calls = zip(cycle(group["bodies"]), group["tokens"], strict=False)
        tasks += [caller(group, calls, group["stagger"] * place) for place in range(group["callers"])]
    await asyncio.gather(*tasks)
    return {name: [(took, outcome(answered)) for took, answered in calls] for name, calls in found.items()}


if __name__ == "__main__":
    print(orjson.dumps(asyncio.run(run(orjson.loads(Path(sys.argv[1]).read_bytes())))).decode())
