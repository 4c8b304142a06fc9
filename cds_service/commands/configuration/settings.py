"""Settings that mean nothing, that cannot work together, or that name what cannot be used; nothing is made."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tempfile import TemporaryDirectory

from cds_service.config import PREFIX, Settings
from cds_service.config.limits import BY_NAME_SECONDS
from cds_service.config.server_variables import SERVER_VARIABLES
from cds_service.records.configured_store import (
    NO_STORE,
    StoreSettingError,
    missing_file,
    naming_default_store,
    open_store,
    state_of,
)
from cds_service.records.database import SQLITE, StoreAddressError, database_url
from cds_service.records.pseudonyms import KeyFileError, read_key_file
from cds_service.trust.addresses import is_loopback_host


def unknown_variables(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Variables with our prefix that mean nothing here, with what may have been meant."""
    settings = [PREFIX + name.upper() for name in Settings.model_fields]
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in (*settings, *SERVER_VARIABLES):
            close = get_close_matches(name.upper(), settings, 1)
            yield f"{name}: no such setting" + (f"; did you mean {close[0]}?" if close else "")


def unusable(settings: Settings) -> Iterator[str]:
    """Settings that are not used beside others, or with which something cannot work; each begins with its variable."""
    yield from _unused(settings)
    yield from _conflicting(settings)
    yield from _secret_problems(settings.metrics_secret_file)


def _unused(settings: Settings) -> Iterator[str]:
    if settings.store == NO_STORE:
        for name in ("store_key_file", "store_password_file"):
            if getattr(settings, name) is not None:
                yield f"{_variable(name)}: is not used, since {_variable('store')} is none: nothing is kept"
    elif settings.store_password_file is not None and _is_file(settings.store):
        yield f"{_variable('store_password_file')}: is not used, since the store is a file"
    if settings.tenants is not None:
        for name in ("fhir_servers", "allowed_hosts"):
            if getattr(settings, name):
                yield f"{_variable(name)}: is not used beside {_variable('tenants')}: each tenant has its own"


def _conflicting(settings: Settings) -> Iterator[str]:
    host = settings.host.strip("[]")
    if settings.tenants is not None and settings.insecure_demo:
        yield f"{_variable('insecure_demo')}: every response would say that callers are not authenticated, and they are"
    if settings.tenants is None and not settings.insecure_demo and not is_loopback_host(host):
        yield f"{_variable('host')}: the service does not start on {host} without {_variable('tenants')}"
    if settings.development and not is_loopback_host(host):
        yield f"{_variable('development')}: tokens that anybody can sign are accepted, beyond this machine"
    longest = settings.call_seconds + 2 * BY_NAME_SECONDS
    if settings.timeout_seconds <= longest:
        yield (
            f"{_variable('timeout_seconds')}: a call may take {longest:g} seconds until it is given up; "
            f"after {settings.timeout_seconds} its process is replaced"
        )
    try:
        socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        yield f"{_variable('host')}: cannot be listened on: {error.strerror or 'no such address'}"


def _secret_problems(file: Path | None) -> Iterator[str]:
    """Why nobody could present the operators' secret."""
    if file is None:
        return
    try:
        if not file.read_text(encoding="utf-8").strip():
            yield f"{_variable('metrics_secret_file')}: {file.name}: is empty, so that nobody may read /metrics"
    except OSError as error:
        yield f"{_variable('metrics_secret_file')}: {file.name}: {error.strerror or 'cannot be read'}"
    except UnicodeDecodeError:
        yield f"{_variable('metrics_secret_file')}: {file.name}: is not text in UTF-8"


@dataclass(frozen=True, slots=True)
class StoreAsServed:
    """The store that ``serve`` would use: its address with its state, what is wrong with its settings, and why it
    cannot be used now (None if it can)."""

    description: str
    problems: tuple[str, ...] = ()
    failure: str | None = None


def store_as_served(settings: Settings) -> StoreAsServed:
    """The store that ``serve`` would use. A file that is not there yet is not made."""
    if settings.store == NO_STORE:
        return StoreAsServed("none (nothing is kept of calls)")
    try:
        named = naming_default_store(settings)
        missing = missing_file(named)
        if missing is not None:
            return _not_made_yet(named, missing)
        store = open_store(named)
    except StoreSettingError as error:
        return StoreAsServed(str(settings.store or "(not set)"), error.problems, error.problems[0])
    except RuntimeError:
        return StoreAsServed("(not set)", failure="the user has no home: nothing is kept of calls")
    state, problem = state_of(store)
    failure = None if state.startswith("up") else state
    return StoreAsServed(f"{store.database.redacted_address} ({state})", (problem,) if problem else (), failure)


def _not_made_yet(settings: Settings, file: Path) -> StoreAsServed:
    """A store that ``serve`` makes at its start, if it can. What is made here to try that is removed at once."""
    problems = []
    there = next(folder for folder in file.absolute().parents if folder.exists())
    try:
        with TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        problems.append(f"{_variable('store')}: {file} cannot be made: {there}: {error.strerror}")
    if settings.store_key_file is not None:
        try:
            read_key_file(settings.store_key_file)
        except KeyFileError as error:
            problems.append(f"{_variable('store_key_file')}: {error}")
    failure = problems[0] if problems else None
    return StoreAsServed(f"{file} (not there yet; made at the start)", tuple(problems), failure)


def _is_file(store: str | None) -> bool:
    try:
        return store is None or database_url(store).get_backend_name() == SQLITE
    except StoreAddressError:
        return False


def _variable(name: str) -> str:
    return PREFIX + name.upper()
