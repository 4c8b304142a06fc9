"""``benzo-cds config check``: the configuration explained, and what is wrong with it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError

from cds_service.cards.offers import offers_as_filed
from cds_service.config import PREFIX, Settings, explain
from cds_service.policy.configuration import PolicyConfiguration, PolicyError, PolicyReader
from cds_service.policy.files import read_files
from cds_service.records.configured_store import NO_STORE, StoreSettingError, open_store, state_of
from cds_service.trust.keys import FixedKeys
from cds_service.trust.tenants import TrustedTenant


def check_configuration(_: Namespace) -> int:
    """Explain every setting in force, and what is wrong with the others."""
    wrong = list(unknown_variables())
    policy: PolicyConfiguration | None = None
    try:
        settings = Settings()
    except ValidationError as error:
        wrong.extend(explain(error))
    else:
        try:
            policy = PolicyReader(settings).configuration(read_files(settings))
        except PolicyError as error:
            wrong.extend(error.problems)
        store = None
        try:
            store = None if settings.store in (None, NO_STORE) else open_store(settings)
        except StoreSettingError as error:
            wrong.append(str(error))
        for name, field in Settings.model_fields.items():
            value = getattr(settings, name)
            if name == "store" and store is not None:
                state, problem = state_of(store)
                value = f"{store.database.redacted_address} ({state})"
                wrong.extend([problem] if problem else [])
            print(f"{PREFIX}{name.upper()} = {'(not set)' if value in (None, {}) else value}   # {field.description}")
        for tenant in policy.tenants if policy is not None else ():
            print(_line_of(tenant))
            for line in offers_as_filed(tenant.tenant.dialect.orders, tenant.tenant.knowledge):
                print(f"  {line}")
    for line in wrong:
        print(f"benzo-cds: {line}", file=sys.stderr)
    return 1 if wrong else 0


def _line_of(trusted: TrustedTenant) -> str:
    """A tenant in one line: how much is shown, whose keys are taken, and which address its tokens must name."""
    keys = f"from {trusted.jwks_url}"
    if isinstance(trusted.keys, FixedKeys):
        addresses = f", jku {' or '.join(trusted.key_addresses)}" if trusted.key_addresses else ""
        keys = f"{', '.join(trusted.keys.keys)} of the file{addresses}"
    return (
        f"tenant {trusted.tenant.id}: mode {trusted.tenant.mode}; keys {keys}; audiences {', '.join(trusted.audiences)}"
    )


def unknown_variables(environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Variables with our prefix that mean nothing here, with what may have been meant."""
    known = tuple(PREFIX + name.upper() for name in Settings.model_fields)
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            close = get_close_matches(name.upper(), known, 1)
            yield f"{name}: no such setting" + (f"; did you mean {close[0]}?" if close else "")
