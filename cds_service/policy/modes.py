"""The kill switch: the modes that a file of tenants says, as far as it can be read, though the rest of it is refused.

Only modes are taken of a refused file, and only those that show less than the policy in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from cds_service.trust.tenant import Mode, Tenant, quieter

_UNREADABLE = "\ufffd"
Keys = tuple[str, ...]


@dataclass(slots=True)
class TenantModes:
    """The modes that are written for one tenant."""

    mode: Mode = Mode.ON
    services: dict[str, Mode] = field(default_factory=dict)
    findings: dict[str, Mode] = field(default_factory=dict)


@dataclass(slots=True)
class WrittenModes:
    """The modes that are written in a file. ``mode``: that of all tenants."""

    mode: Mode = Mode.ON
    tenants: dict[str, TenantModes] = field(default_factory=dict)

    def over(self, tenant: Tenant) -> Tenant:
        """A tenant that shows no more than this file says; the tenant itself where it shows no more already."""
        own = self.tenants.get(tenant.id, TenantModes())
        return tenant.quieted(self.mode).quieted(own.mode, own.services, own.findings)


def written_modes(content: bytes) -> WrittenModes:
    """The modes of a file up to the first place that is not YAML. Of what is written twice the quieter counts."""
    written = WrittenModes()
    for keys, text in _scalars(content):
        if text in tuple(Mode):
            _note(written, keys, Mode(text))
    return written


def _note(written: WrittenModes, keys: Keys, mode: Mode) -> None:
    match keys:
        case ("mode",):
            written.mode = quieter(written.mode, mode)
        case ("tenants", tenant, "mode"):
            own = written.tenants.setdefault(tenant, TenantModes())
            own.mode = quieter(own.mode, mode)
        case ("tenants", tenant, "services" | "findings" as part, name):
            own = written.tenants.setdefault(tenant, TenantModes())
            modes = own.services if part == "services" else own.findings
            modes[name] = quieter(modes.get(name, Mode.ON), mode)


def _scalars(content: bytes) -> Iterator[tuple[Keys, str]]:
    """Every text of a file with the keys that lead to it, up to the first place that is not YAML; none of a list."""
    # A byte that YAML may not hold would have the whole file refused before any of it is read.
    text = yaml.reader.Reader.NON_PRINTABLE.sub(_UNREADABLE, content.decode("utf-8", errors="replace"))
    keys: list[str | None] = []  # of each open mapping the key whose value comes next; None where a key comes next
    lists = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            is_key = isinstance(event, yaml.ScalarEvent) and not lists and keys[-1:] == [None]
            match event:
                case yaml.SequenceStartEvent():
                    lists += 1
                case yaml.SequenceEndEvent():
                    lists -= 1
                case yaml.MappingStartEvent() if not lists:
                    keys.append(None)
                case yaml.MappingEndEvent() if not lists:
                    keys.pop()
                case yaml.ScalarEvent() if is_key:
                    keys[-1] = event.value
                case yaml.ScalarEvent() if not lists:
                    yield tuple(filter(None, keys)), event.value
            ends_a_value = isinstance(event, yaml.ScalarEvent | yaml.SequenceEndEvent | yaml.MappingEndEvent)
            if keys and not lists and ends_a_value and not is_key:
                keys[-1] = None
    except yaml.YAMLError:
        return
