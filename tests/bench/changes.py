"""Does a running service lose a row, fail a call or answer in two ways while everything about it is replaced?

Two processes, with PostgreSQL and a key server beside them, under the load of some callers. One after another the
site's policy, the tenants' file, the store's key, the database's password and the EHR's signing key are replaced, in
this order, for as many rounds as asked. Printed: calls answered, statuses, the rows in the store, and how long after
each change the last answer of before ended.

    python tests/bench/changes.py [ROUNDS]
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from joserfc.jwk import ECKey

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "service"))

from caller import BASE, ISSUER, key_server, public, token
from database_server import database_server
from ehr import assessment, lorazepam, sign
from served import PREFIX, Served, served
from sqlalchemy import func, select
from stores import store_of, store_settings

from cds_service.__main__ import main
from cds_service.records.schema import evaluations

CALLERS, QUIET_SECONDS, SETTLED_SECONDS = 4, 8.0, 5.0
SIGN = "/cds-services/benzo-order-sign"
TABLES = ("ashton-2002", "va-dod-2021")


@dataclass
class Answer:
    """One answer: when its call began and ended, its status, and what it says."""

    begun: float
    ended: float
    status: int
    said: tuple[str, float] | None


@dataclass
class EHR:
    """Callers with the signing key of the moment."""

    running: Served
    key: Any
    answers: list[Answer] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        session = requests.Session()
        while not self.stopped.is_set():
            body = json.dumps(sign(lorazepam(), hookInstance=str(uuid4())))
            headers = {"Content-Type": "application/json", "Authorization": token(key=self.key)}
            begun = time.monotonic()
            answer = session.post(self.running.base + SIGN, data=body, headers=headers, timeout=60)
            cards = answer.json().get("cards") or []
            said = next(
                ((a["knowledge"]["version"], a["load"]["with_order"]["used"]) for a in map(assessment, cards)), None
            )
            self.answers.append(Answer(begun, time.monotonic(), answer.status_code, said))


def put(file: Path, text: str) -> None:
    """Move a new file into place."""
    draft = file.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def tenants(file: Path, keys: str, table: str | None) -> None:
    block: dict[str, Any] = {"issuer": ISSUER, "keys": {"jwks_url": keys}, "audiences": [BASE]}
    put(file, json.dumps({"tenants": {"general": block | ({"policy": {"default_table": table}} if table else {})}}))


def run(rounds: int, folder: Path) -> None:
    """Replace everything, and print what became of the calls."""
    site, file, password = folder / "site.yaml", folder / "tenants.yaml", folder / "password"
    put(site, f"default_table: {TABLES[0]}\n")
    put(password, "pass-0")
    signing = ECKey.generate_key("P-384", {"kid": "key-0", "use": "sig", "alg": "ES384"})
    with key_server(public(signing)) as keys, database_server() as database:
        owner = f"benzo_{uuid4().hex}"
        settings = store_settings(database.address_with_password(owner, "pass-0"), folder, store_password_file=password)
        tenants(file, keys.url, None)
        told: dict[str, Any] = {
            "store": settings.store,
            "store_key_file": str(settings.store_key_file),
            "store_password_file": str(password),
            "site_policy": str(site),
            "tenants": str(file),
            "development": "true",
        }
        os.environ.update({PREFIX + name.upper(): str(value) for name, value in told.items()})
        with served(folder, "--workers", "2", **told) as running:
            ehr = EHR(running, signing)
            threads = [threading.Thread(target=ehr.call, daemon=True) for _ in range(CALLERS)]
            for thread in threads:
                thread.start()
            time.sleep(QUIET_SECONDS)
            mixed = 0
            for number in range(1, rounds + 1):
                for name in ("site policy", "tenants' file", "store key", "password", "signing key"):
                    changed = time.monotonic()
                    if name == "site policy":
                        put(site, f"default_table: {TABLES[number % 2]}\n")
                    elif name == "tenants' file":
                        tenants(file, keys.url, TABLES[(number + 1) % 2])
                    elif name == "store key":
                        assert main(["store", "rotate-key", "--make"]) == 0
                    elif name == "password":
                        database.replace_password(owner, f"pass-{number}")
                        time.sleep(1)
                        put(password, f"pass-{number}")
                    else:
                        new = ECKey.generate_key("P-384", {"kid": f"key-{number}", "use": "sig", "alg": "ES384"})
                        keys.keys = public(ehr.key, new)
                        ehr.key = new
                    time.sleep(SETTLED_SECONDS + QUIET_SECONDS)
                    after = [a for a in list(ehr.answers) if a.begun > changed + SETTLED_SECONDS]
                    said = Counter(a.said for a in after)
                    last, _ = said.most_common(1)[0]
                    before = [a.ended - changed for a in list(ehr.answers) if a.begun > changed and a.said != last]
                    mixed += len(said) - 1
                    print(
                        f"round {number}, {name}: {len(after)} answers after {SETTLED_SECONDS:.0f} s, "
                        f"{len(said)} kind(s) {last}; the last of before ended after {max(before, default=0):.1f} s",
                        flush=True,
                    )
                    if name == "tenants' file":
                        tenants(file, keys.url, None)
                        time.sleep(SETTLED_SECONDS)
            ehr.stopped.set()
            for thread in threads:
                thread.join(60)
            log = running.printed()
        store = store_of(settings)
        rows = store.database.use(lambda c: c.execute(select(func.count()).select_from(evaluations)).scalar_one())
        statuses = Counter(answer.status for answer in ehr.answers)
        slowest = max(answer.ended - answer.begun for answer in ehr.answers)
        print(f"calls {len(ehr.answers)}, statuses {dict(statuses)}, rows {rows}, other kinds after 5 s: {mixed}")
        failed, lost = log.count('"event":"failed"'), log.count("records lost")
        print(f"slowest call {slowest * 1000:.0f} ms; in the log: {failed} defects, {lost} lost records")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        run(int(sys.argv[1]) if len(sys.argv) > 1 else 2, Path(name))
