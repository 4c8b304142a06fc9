"""What the files of the policy come to: the knowledge and the tenants in force, validated as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from cds_service import logs
from cds_service.cards.wording.language import ENGLISH
from cds_service.cards.wording.wording import wording_of
from cds_service.config import PREFIX, Settings
from cds_service.config.policy_file import why_unread
from cds_service.errors import ConfigurationError
from cds_service.policy.files import PolicyFiles
from cds_service.policy.modes import WrittenModes
from cds_service.trust.tenant import Tenant, open_tenant
from cds_service.trust.tenant_file import TenantFileError
from cds_service.trust.tenants import TenantReader, TrustedTenant
from rules import load_knowledge
from rules.knowledge import Knowledge, KnowledgeError

_DEFECTS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
SITE_POLICY, CARD_WORDING, TENANTS = (PREFIX + name for name in ("SITE_POLICY", "CARD_WORDING", "TENANTS"))


class PolicyError(ConfigurationError):
    """The files of the policy cannot be used: ``problems`` are all that is wrong, each with its variable."""

    hint = "`benzo-cds config check` explains the configuration."


@dataclass(frozen=True, slots=True, eq=False)
class PolicyConfiguration:
    """The policy of some files.

    ``files``: where it stands; ``knowledge``: with the site's policy; ``open_tenant``: who calls where callers are not
    authenticated; ``tenants``: who may call where they are.
    """

    files: PolicyFiles
    knowledge: Knowledge
    open_tenant: Tenant
    tenants: tuple[TrustedTenant, ...] = ()

    @property
    def knowledge_in_use(self) -> frozenset[Knowledge]:
        """The knowledge with the site's policy, and with each tenant's own."""
        return frozenset((self.knowledge, *(trusted.tenant.knowledge for trusted in self.tenants)))

    def quieted(self, modes: WrittenModes) -> PolicyConfiguration:
        """The same policy, where tenants show no more than these modes let them."""
        return replace(self, tenants=tuple(replace(each, tenant=modes.over(each.tenant)) for each in self.tenants))


def policy_label(tenant: Tenant) -> str:
    """The policy that the calls of a tenant are judged and answered by, as its cards name it."""
    return wording_of(tenant.knowledge, ENGLISH, tenant.own_words, tenant.country).policy


@dataclass(slots=True)
class PolicyReader:
    """Makes configurations of files. What a policy has in common with the one before it is not read again."""

    settings: Settings
    _tenants: TenantReader = field(init=False)
    _knowledge: dict[str | None, Knowledge] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tenants = TenantReader(self.settings)

    def configuration(self, files: PolicyFiles) -> PolicyConfiguration:
        """What some files come to.

        Raises:
            PolicyError: they cannot be used.
        """
        settings, problems = self.settings, _Problems()
        used: dict[str | None, Knowledge] = {}

        def knowledge_of(policy: str | None) -> Knowledge:
            used[policy] = self._knowledge.get(policy) or load_knowledge(policy)
            return used[policy]

        site, own_words = None, None
        tenants: tuple[TrustedTenant, ...] = ()
        knowledge = load_knowledge()
        with problems.of(SITE_POLICY, settings.site_policy):
            text = files.text(settings.site_policy)
            knowledge = knowledge_of(text)
            site = text  # without a usable one, the other files are checked with the shipped policy
        with problems.of(CARD_WORDING, settings.card_wording):
            own_words = files.text(settings.card_wording)
            wording_of(knowledge, ENGLISH, own_words).check()
        if settings.tenants is not None:
            with problems.of(TENANTS, settings.tenants):
                tenants = self._tenants.tenants(settings.tenants, files.read, site, own_words, knowledge_of)
        if problems.found:
            raise PolicyError(*problems.found)
        self._knowledge = used
        return PolicyConfiguration(files, knowledge, open_tenant(settings, knowledge, own_words), tenants)


@dataclass(slots=True)
class _Problems:
    """What is wrong with the files, each with the variable that names the file."""

    found: list[str] = field(default_factory=list)

    @contextmanager
    def of(self, variable: str, file: Path | None) -> Iterator[None]:
        """Note what is wrong with a file, and go on."""
        name = file.name if file is not None else ""
        try:
            yield
        except KnowledgeError as error:
            self.found += [f"{variable}: {name}: {each}" for each in error.each]
        except TenantFileError as error:
            self.found += [f"{variable}: {problem}" for problem in error.problems]
        except (OSError, UnicodeDecodeError) as error:
            self.found.append(f"{variable}: {name}: {why_unread(error)}")
        except RecursionError:
            self.found.append(f"{variable}: {name}: is nested too deep")
        except _DEFECTS as error:  # a defect of ours in reading a file must not end the service that reads it
            logs.failed(error)
            self.found.append(f"{variable}: {name}: cannot be used ({type(error).__name__})")
