"""The kill switch: the modes that a file of tenants says, as far as it can be read, though the rest of it is refused.

Only modes are taken of a refused file, and only those that show less than the policy in force.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import yaml

from cds_service.services import SERVICES
from cds_service.trust.tenant import Mode, Tenant, quieter, written_mode

_UNREADABLE = "\ufffd"
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # the C reader takes a tenth of the time
_VALUE_ENDS = (yaml.ScalarEvent, yaml.AliasEvent, yaml.SequenceEndEvent, yaml.MappingEndEvent)
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

    @classmethod
    def of(cls, tenants: Iterable[Tenant]) -> WrittenModes:
        """The modes in which tenants are."""
        return cls(
            tenants={
                each.id: TenantModes(
                    each.mode,
                    {name: each.mode_of(name) for name in SERVICES},
                    {name: each.mode_of_finding(name) for name in each.knowledge.findings},
                )
                for each in tenants
            }
        )


def written_modes(content: bytes) -> WrittenModes:
    """The modes of a file up to the first line that is not YAML. Of what is written twice the quieter counts."""
    # A byte that YAML may not hold would have the whole file refused before any of it is read.
    encoding = "utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8"
    text = yaml.reader.Reader.NON_PRINTABLE.sub(_UNREADABLE, content.decode(encoding, errors="replace"))
    written = WrittenModes()
    ends_at = _note_all(written, text)
    if ends_at is not None:
        # What stands right before such a line is told only where the file ends there.
        _note_all(written, "".join(text.splitlines(keepends=True)[:ends_at]))
    return written


def _note_all(written: WrittenModes, text: str) -> int | None:
    """Note the modes of a text, and return the number of lines before the first that is not YAML; None if all are."""
    try:
        for keys, scalar in _scalars(text):
            mode = written_mode(scalar)
            if mode is not None:
                _note(written, keys, mode)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return mark.line if mark is not None else 0
    return None


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


def _scalars(text: str) -> Iterator[tuple[Keys, str]]:
    """Every text of a YAML document with the keys that lead to it; none of a list.

    Raises:
        yaml.YAMLError: at the first place that is not YAML.
    """
    keys: list[str | None] = []  # of each open mapping the key whose value comes next; None where a key comes next
    lists = 0
    for event in yaml.parse(text, Loader=_Loader):
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
                yield tuple(key for key in keys if key is not None), event.value
        if keys and not lists and isinstance(event, _VALUE_ENDS) and not is_key:
            keys[-1] = None
