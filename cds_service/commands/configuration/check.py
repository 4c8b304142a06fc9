"""``benzo-cds config check``: every setting in force, the tenants with their modes, and what is wrong."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator

from pydantic import ValidationError

from cds_service.commands.configuration.own_words import failing_own_words
from cds_service.commands.configuration.servers import servers_tried
from cds_service.commands.configuration.settings import store_as_served, unknown_variables, unusable
from cds_service.commands.configuration.tenants import tenant_lines
from cds_service.config import PREFIX, Settings
from cds_service.config.settings import explain
from cds_service.policy.configuration import PolicyConfiguration, PolicyError, PolicyReader
from cds_service.policy.files import read_files

_STORE = "store"


def check_configuration(chosen: Namespace) -> int:
    """Explain every setting in force, and what is wrong; with ``--fetch`` try the servers too. 1 if anything is."""
    wrong = list(unknown_variables())
    try:
        settings = Settings()
    except ValidationError as error:
        wrong.extend(explain(error))
        return _end(wrong)
    store = store_as_served(settings)
    wrong.extend(unusable(settings))
    wrong.extend(store.problems)
    for line in _settings_lines(settings, store.description):
        print(line)
    configuration: PolicyConfiguration | None = None
    try:
        configuration = PolicyReader(settings).configuration(read_files(settings))
    except PolicyError as error:
        wrong.extend(error.problems)
    else:
        wrong.extend(failing_own_words(configuration))
        print(f"policy {configuration.knowledge.version}; digest of its files {configuration.files.digest}")
        for line in tenant_lines(configuration):
            print(line)
    if chosen.fetch:
        for tried in servers_tried(settings, configuration, store):
            print(tried)
            wrong.extend([str(tried)] if tried.works is False else [])
    return _end(wrong)


def _settings_lines(settings: Settings, store: str) -> Iterator[str]:
    for name, field in Settings.model_fields.items():
        value = store if name == _STORE else getattr(settings, name)
        yield f"{PREFIX}{name.upper()} = {'(not set)' if value in (None, {}, []) else value}   # {field.description}"


def _end(wrong: list[str]) -> int:
    sys.stdout.flush()
    for line in wrong:
        print(f"benzo-cds: {line}", file=sys.stderr)
    return 1 if wrong else 0
