"""Do all processes answer by the same policy while its files change under load, and is no call lost?"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from caller import ES384, OTHER_ES384, public, tenants_file, token
from ehr import assessment, lorazepam, sign
from served import Served, served
from stores import await_true

SIGN = "/cds-services/benzo-order-sign"
CALLERS, CALLS = 4, 60


@dataclass
class Callers:
    """Callers that call again and again, each answer with the status and what it says: version and load, or silence."""

    running: Served
    answers: list[tuple[int, Any]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        session = requests.Session()
        while not self.stopped.is_set():
            body = json.dumps(sign(lorazepam(), hookInstance=str(uuid4())))
            headers = {"Content-Type": "application/json", "Authorization": token()}
            begun = len(self.answers)
            answer = session.post(self.running.base + SIGN, data=body, headers=headers, timeout=60)
            said = [policy_of(card) for card in answer.json().get("cards", [])] or "silence"
            self.answers.append((begun, (answer.status_code, said)))

    def next_answers(self) -> set[str]:
        """What is answered to the next calls, which begin after this."""
        begin = len(self.answers)
        await_true(lambda: sum(begun >= begin for begun, _ in list(self.answers)) >= CALLS)
        return {json.dumps(said) for begun, said in list(self.answers) if begun >= begin}


def policy_of(card: dict[str, Any]) -> tuple[str, float]:
    told = assessment(card)
    return told["knowledge"]["version"], told["load"]["with_order"]["used"]


@contextmanager
def under_load(running: Served) -> Iterator[Callers]:
    callers = Callers(running)
    threads = [threading.Thread(target=callers.call, daemon=True) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        callers.stopped.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
    assert {said[0] for _, said in callers.answers} == {200}


def events(running: Served, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in running.printed().splitlines() if line.startswith("{") and line.endswith("}")]
    return [line for line in lines if line["event"] == event]


def all_follow(running: Served, event: str, number: int) -> None:
    """Wait until the service has decided so many times, and every process answers by the last decision."""
    await_true(lambda: len(events(running, event)) == number)
    digest = running.get("/health/ready").json()["policy"]["digest"]
    decided = running.printed().rfind(f'"event":"{event}"')

    def followed() -> bool:
        since = running.printed()[decided:]
        told = [json.loads(line) for line in since.splitlines() if '"event":"policy in force"' in line]
        digest = running.get("/health/ready").json()["policy"]["digest"]
        return set(running.workers()) <= {line["process"] for line in told if line["digest"] == digest}

    assert digest
    await_true(followed)


def moved(file: Path, text: str) -> None:
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def test_two_processes_under_load_answer_alike_whatever_changes(tmp_path: Path) -> None:
    """2 mg of lorazepam are 20 mg of diazepam by Ashton and 10 by the table of VA and DoD."""
    site = tmp_path / "site.yaml"
    moved(site, "default_table: ashton-2002\n")
    file = tenants_file(tmp_path)
    settings = {
        "site_policy": str(site),
        "tenants": str(file),
        "workers": 2,
        "store": str(tmp_path / "records.sqlite3"),
    }
    with served(tmp_path, **settings) as running, under_load(running) as callers:
        (first,) = callers.next_answers()
        assert json.loads(first)[1][0][1] == 20

        moved(site, "default_table: va-dod-2021\n")
        all_follow(running, "policy read", 1)
        (by_site,) = callers.next_answers()
        assert json.loads(by_site)[1][0][1] == 10

        tenants_file(tmp_path, general={"policy": {"default_table": "ashton-2002"}})
        all_follow(running, "policy read", 2)
        assert callers.next_answers() == {first}  # the same policy has the same name, whoever says it

        # The keys are turned over, with both in the set in between.
        other = OTHER_ES384.as_dict(private=False) | {"kid": "other"}
        tenants_file(tmp_path, general={"keys": {"keys": [*public(ES384)["keys"], other]}})
        all_follow(running, "policy read", 3)
        assert callers.next_answers() == {by_site}

        # A broken policy changes nothing but what is switched off, in a process that is replaced meanwhile too.
        moved(site, "default_table: nowhere\n")
        all_follow(running, "policy refused", 1)
        assert callers.next_answers() == {by_site}
        ended = running.workers()[0]
        os.kill(ended, signal.SIGTERM)
        await_true(lambda: ended not in running.workers() and len(running.workers()) == 2)
        assert callers.next_answers() == {by_site}
        tenants_file(tmp_path, general={"mode": "off"})
        all_follow(running, "policy refused", 2)
        assert callers.next_answers() == {'[200, "silence"]'}
        assert running.get("/health/ready").json()["policy"]["refused"]["quieted"] == ["general"]

        # It stays off while files are refused, in a process that begins meanwhile too.
        file.unlink()
        all_follow(running, "policy refused", 3)
        ended = running.workers()[0]
        os.kill(ended, signal.SIGTERM)
        await_true(lambda: ended not in running.workers() and len(running.workers()) == 2)
        assert callers.next_answers() == {'[200, "silence"]'}
        moved(file, "{")
        all_follow(running, "policy refused", 4)
        assert callers.next_answers() == {'[200, "silence"]'}

        # Put right, it takes effect at once where the operator asks for it.
        moved(site, "default_table: ashton-2002\n")
        tenants_file(tmp_path)
        running.process.send_signal(signal.SIGHUP)
        await_true(lambda: len(events(running, "policy read")) == 4)
        await_true(lambda: callers.next_answers() == {first})
    assert events(running, "failed") == []
