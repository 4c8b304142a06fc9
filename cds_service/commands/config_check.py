"""``benzo-cds config check``: the configuration explained, and what is wrong with it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pydantic import ValidationError

from cds_service.cards.offers import offers_as_filed
from cds_service.cards.wording.language import ENGLISH
from cds_service.cards.wording.wording import wording_of
from cds_service.config import PREFIX, Settings, explain
from cds_service.records.configured_store import NO_STORE, StoreSettingError, open_store, state_of
from cds_service.trust.keys import FixedKeys
from cds_service.trust.tenant_file import TenantFileError
from cds_service.trust.tenants import Tenants, TrustedTenant
from rules.knowledge import Knowledge, load_knowledge


def check_configuration(_: Namespace) -> int:
    """Explain every setting in force, and what is wrong with the others."""
    wrong = list(unknown_variables())
    try:
        settings = Settings()
        knowledge = load_knowledge(settings.site_policy_text())
        wrong.extend(_own_words_problems(knowledge, settings))
        tenants = () if settings.tenants is None else Tenants(settings.tenants, settings).current()
        store = None if settings.store in (None, NO_STORE) else open_store(settings)
    except ValidationError as error:
        wrong.extend(explain(error))
    except TenantFileError as error:
        wrong.extend(f"{PREFIX}TENANTS: {line}" for line in error.problems)
    except StoreSettingError as error:
        wrong.append(str(error))
    except ValueError as error:  # the site's policy, or a file that is no text
        wrong.append(f"{PREFIX}SITE_POLICY: {error}")
    else:
        for name, field in Settings.model_fields.items():
            value = getattr(settings, name)
            if name == "store" and store is not None:
                state, problem = state_of(store)
                value = f"{store.database.redacted_address} ({state})"
                wrong.extend([problem] if problem else [])
            print(f"{PREFIX}{name.upper()} = {'(not set)' if value in (None, {}) else value}   # {field.description}")
        for tenant in tenants:
            print(_line_of(tenant))
            for line in offers_as_filed(tenant.tenant.dialect.orders, tenant.tenant.knowledge):
                print(f"  {line}")
    for line in wrong:
        print(f"benzo-cds: {line}", file=sys.stderr)
    return 1 if wrong else 0


def _own_words_problems(knowledge: Knowledge, settings: Settings) -> Iterator[str]:
    """What is wrong with the site's own words for cards."""
    try:
        wording_of(knowledge, ENGLISH, settings.card_wording_text()).check()
    except ValueError as error:
        yield f"{PREFIX}CARD_WORDING: {error}"


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
