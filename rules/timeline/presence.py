"""How an entry of the record stands on a day: whether it counts, in which reading, whether it is taken, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rules.assessment_lines import Certainty, NotCountedReason
from rules.timeline.record import RecordEntry


@dataclass(frozen=True, slots=True)
class Presence:
    """How one entry stands on a day: in which reading it counts, and if in none, why.

    ``certainty`` is apart from counting: a second copy, or an order without a dose, is certain and adds nothing.
    ``text`` is the reason in words. ``until_now``: a discharge, or an order being written, ends it.
    ``requesters``: who ordered the copies of a duplicate, where several did. ``low_of``: the order under which more was
    dispensed or stated than ordered, whose dose is the low reading.
    """

    entry: RecordEntry
    additive: bool = True
    replacement: bool = True
    certainty: Certainty = Certainty.CERTAIN
    reason: NotCountedReason | None = None
    text: str = ""
    assumptions: tuple[str, ...] = ()
    until_now: bool = False
    requesters: tuple[str, ...] = ()
    low_of: RecordEntry | None = None

    @property
    def present(self) -> bool:
        """Whether the agent is certainly taken."""
        return self.certainty is Certainty.CERTAIN

    @property
    def possible(self) -> bool:
        """Whether the agent may still be taken."""
        return self.certainty is Certainty.POSSIBLE

    def assuming(self, *codes: str) -> Presence:
        """The presence with further assumptions."""
        if not codes:
            return self
        return replace(self, assumptions=tuple(dict.fromkeys((*self.assumptions, *codes))))

    def absent(self, reason: NotCountedReason, text: str, *, until_now: bool = False) -> Presence:
        """The presence of an entry that is neither counted nor present."""
        return Presence(self.entry, False, False, Certainty.NONE, reason, text, self.assumptions, until_now)

    def may_continue(self, reason: NotCountedReason, text: str) -> Presence:
        """The presence of an entry that is not counted, and that may still be taken."""
        return Presence(self.entry, False, False, Certainty.POSSIBLE, reason, text, self.assumptions)

    def counted_once(self, reason: NotCountedReason, text: str) -> Presence:
        """The presence of a further copy of what counts already: present, adding nothing."""
        return Presence(self.entry, False, False, self.certainty, reason, text, self.assumptions, self.until_now)


Presences = dict[RecordEntry, Presence]


def renewal_text(entry: RecordEntry, counted: RecordEntry) -> str:
    """The text of a renewal that counts once with ``counted``; for a draft also how early it is by what is in hand."""
    text = f"counted once with {dated_order(counted)}"
    start = entry.start
    end = counted.in_hand_until(start) if entry.regimen.draft and start is not None else None
    if start is not None and end is not None and end >= start:
        days = (end - start).days + 1
        remaining = f"{days} days of its supply remain" if days > 1 else "1 day of its supply remains"
        text += f"; early, {remaining}, until {end}"
    return text


def dated_order(entry: RecordEntry) -> str:
    """An order as a person would name it: by its day."""
    if entry.regimen.draft:
        return "the new order"
    return f"the order of {entry.start}" if entry.start is not None else "an undated order"
