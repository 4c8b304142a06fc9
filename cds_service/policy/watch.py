"""The policy in force, in one process or in all processes of the service.

Changed files are taken once they have stayed as they are for a moment, whole or not at all. One process decides: alone,
it reads the files itself; of a service, the one that started the others reads them, and the others follow it, so that
all answer by the same files, whichever of them saw which change.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cds_service import logs
from cds_service.config import Settings
from cds_service.config.limits import POLICY_CHECK_SECONDS, POLICY_SETTLED_SECONDS
from cds_service.policy.configuration import PolicyConfiguration, PolicyError, PolicyReader
from cds_service.policy.files import PolicyFiles, read_files
from cds_service.policy.modes import WrittenModes, written_modes
from cds_service.policy.shared import PolicyState, Refusal, SharedPolicy
from cds_service.trust.tenants import TrustedTenant
from rules.numbers import forget_all
from rules.reading.product import prepare


@dataclass(slots=True)
class PolicyWatch:
    """The policy in force. Building it reads the files.

    Raises:
        PolicyError: they cannot be used.
    """

    settings: Settings
    clock: Callable[[], float] = time.monotonic
    _reader: PolicyReader = field(init=False)
    _state: PolicyState = field(init=False)
    _accepted: PolicyConfiguration = field(init=False)
    _current: PolicyConfiguration = field(init=False)
    _checked_at: float = field(init=False)
    _changing: tuple[str, float] | None = None
    _shared: SharedPolicy | None = None
    _unshared: bool = False
    _decider: int = 0
    _stamp: tuple[int, int] | None = None
    _unread: tuple[int, int] | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._reader = PolicyReader(self.settings)
        files = read_files(self.settings)
        self._accepted = self._current = self._reader.configuration(files)
        self._state = PolicyState(files, _now())
        self._checked_at = self.clock()
        # Builds the tables for reading names now, before the server forks, and not during the first call.
        prepare(self._accepted.knowledge)

    def current(self) -> PolicyConfiguration:
        """The policy now."""
        if self._shared is None:
            if self.clock() - self._checked_at >= POLICY_CHECK_SECONDS and self._lock.acquire(blocking=False):
                try:
                    self.check()
                finally:
                    self._lock.release()
        elif self._decider != os.getpid():
            self.follow()
        return self._current

    def tenants(self) -> tuple[TrustedTenant, ...]:
        """Who may call now."""
        return self.current().tenants

    def state(self) -> PolicyState:
        """The files in force now, and those that are refused."""
        self.current()
        return self._state

    def quieted(self) -> tuple[str, ...]:
        """The tenants that show less by the modes of a refused file."""
        pairs = zip(self._accepted.tenants, self._current.tenants, strict=True)
        return tuple(now.tenant.id for before, now in pairs if now.tenant is not before.tenant)

    def decide_for_others(self, path: Path) -> None:
        """Decide from now on for the processes that this one starts, by a file that they share."""
        self._shared, self._decider = SharedPolicy(path), os.getpid()

    def check(self, *, at_once: bool = False) -> None:
        """Read the files, and put them in force if they are good and have changed.

        Args:
            at_once: also if they changed a moment ago.
        """
        now = self.clock()
        if not at_once and now - self._checked_at < POLICY_CHECK_SECONDS:
            return
        self._checked_at = now
        if self._unshared:
            self._share()
        files = read_files(self.settings)
        digest, refused = files.digest, self._state.refused
        if digest == (refused.files if refused else self._state.files).digest:
            self._changing = None
            return
        if self._changing is None or self._changing[0] != digest:
            self._changing = digest, now
        if at_once or now - self._changing[1] >= POLICY_SETTLED_SECONDS:
            self._changing = None
            self._take(files)

    def _take(self, files: PolicyFiles) -> None:
        before = self._state
        if files.digest == before.files.digest:
            self._put_in_force(PolicyState(before.files, before.since), self._accepted)
            logs.policy_restored(files.digest)
        else:
            try:
                accepted = self._reader.configuration(files)
            except PolicyError as error:
                refusal = Refusal(files, tuple(error.problems), _now(), self._modes_left_by(files))
                self._put_in_force(PolicyState(before.files, before.since, refusal), self._accepted)
                logs.policy_refused(files.digest, error.problems, self.quieted())
            else:
                self._put_in_force(PolicyState(files, _now()), accepted)
                logs.policy_read(files.digest, accepted.knowledge.version, len(accepted.tenants))
        self._share()

    def _modes_left_by(self, refused: PolicyFiles) -> WrittenModes:
        """The modes in force, made quieter by those of refused files. Files refused before may have done so too."""
        path = self.settings.tenants
        written = written_modes(refused.content(path).read) if path is not None else WrittenModes()
        return WrittenModes.of(written.over(each.tenant) for each in self._current.tenants)

    def _share(self) -> None:
        """Tell the other processes. Where that fails, as on a full disk, it is tried again at the next check."""
        if self._shared is None:
            return
        try:
            self._shared.write(self._state)
        except OSError as error:
            self._unshared = True
            logs.failed(error)
        else:
            self._unshared = False

    def follow(self) -> None:
        """Put in force what the deciding process has put in force."""
        if self._shared is None or self._decider == os.getpid() or self._shared.stamp() == self._stamp:
            return
        with self._lock:
            stamp = self._shared.stamp()
            if stamp is None or stamp == self._stamp:
                return
            try:
                state, accepted = self._shared.read(), self._accepted
                if state.files.digest != self._state.files.digest:
                    accepted = self._reader.configuration(state.files)
            except (OSError, ValueError, PolicyError) as error:
                # As with too many open files: tried again at once, told once.
                if stamp != self._unread:
                    self._unread = stamp
                    logs.failed(error)
                return
            self._stamp = stamp
            self._put_in_force(state, accepted)
            logs.policy_followed(state.files.digest)

    def _put_in_force(self, state: PolicyState, accepted: PolicyConfiguration) -> None:
        current = accepted if state.refused is None else accepted.quieted(state.refused.modes)
        is_other = accepted.knowledge_in_use != self._accepted.knowledge_in_use
        self._state, self._accepted, self._current = state, accepted, current
        if is_other:
            forget_all()
            prepare(accepted.knowledge)
            # What is left of the policy before refers to itself, and the service rarely looks for that.
            gc.collect()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
