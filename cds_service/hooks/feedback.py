"""Feedback on cards, in every spelling that clients use. Comments are not read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from cds_service.errors import MalformedRequestError
from cds_service.fhir.elements import list_of, text_of
from cds_service.hooks.request import path_of, problems_of

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
# How Epic names a reason that was built in Epic, in an extension.
_EPIC_REASON = "com.epic.cdshooks.feedback.overrideReason."
_EPIC_NAMES = ("reasonTitle", "reasonDisplay", "reasonCategory")


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)


class Suggestion(_Model):
    """An accepted suggestion."""

    id: _Text


class Reason(_Model):
    """The reason for overriding a card: a code of ours or of the client's."""

    code: str | None = None
    display: str | None = None
    extension: Any = None


class Override(_Model):
    """The answer to an overridden card. The user's comment, free text of a clinician, is not read.

    The reason stands in ``reason``; some clients send its members without that holder.
    """

    reason: Reason | None = None
    code: str | None = None
    display: str | None = None
    extension: Any = None

    def names(self) -> Iterator[str]:
        """What the reason may be known by, the most exact first: its codes, then the texts of its extensions and its
        displays."""
        reasons = [reason for reason in (self.reason, self) if reason is not None]
        yield from (reason.code for reason in reasons if reason.code)
        yield from (name for reason in reasons for name in _epic_names(reason.extension))
        yield from (reason.display for reason in reasons if reason.display)


class Feedback(_Model):
    """The feedback on one card. Some clients send ``overrideReasons``, or a list of reasons; both are accepted."""

    card: _Text
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: _Text = Field(alias="outcomeTimestamp")
    accepted_suggestions: list[Suggestion] | None = Field(default=None, alias="acceptedSuggestions")
    override: Annotated[list[Override], BeforeValidator(list_of)] = Field(default=[], alias="overrideReason")
    overrides: Annotated[list[Override], BeforeValidator(list_of)] = Field(default=[], alias="overrideReasons")
    extension: Any = None

    @property
    def reasons(self) -> tuple[tuple[str, ...], ...]:
        """The reasons, each by all that it may be known by, the most exact first; empty where none is given.

        An extension of the whole feedback belongs to its first reason.
        """
        first, *others = (tuple(answer.names()) for answer in (*self.override, *self.overrides, Override()))
        reasons = ((*first, *_epic_names(self.extension)), *others)
        return tuple(dict.fromkeys(reason for reason in reasons if reason))

    @property
    def at(self) -> datetime:
        """When the card was answered, by the client's clock. A time without a zone is UTC."""
        at = datetime.fromisoformat(self.outcome_timestamp)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


def _epic_names(extension: object) -> Iterator[str]:
    """Title, display and category of a reason in an extension of Epic's."""
    if isinstance(extension, dict):
        names = (text_of(extension.get(_EPIC_REASON + name)) for name in _EPIC_NAMES)
        yield from (name for name in names if name)


class _Batch(_Model):
    feedback: list[Feedback]


def read_feedback(value: dict[str, Any]) -> tuple[Feedback, ...]:
    """The feedback of a parsed body, on one card or several.

    Raises:
        MalformedRequestError: a required member is missing or of the wrong type. The whole batch is refused.
    """
    try:
        batch = _Batch.model_validate(value)
    except ValidationError as error:
        raise MalformedRequestError(problems_of(error)) from None
    problems = [problem for index, item in enumerate(batch.feedback) for problem in _problems(index, item)]
    if problems:
        raise MalformedRequestError(problems)
    return tuple(batch.feedback)


def _problems(index: int, item: Feedback) -> list[tuple[str, str]]:
    """What the types do not check: the time must be one, and an accepted card needs its suggestions."""
    problems: list[tuple[str, str]] = []
    try:
        item.at.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: in UTC it lies before the year 1 or after 9999
        problems.append((path_of(("feedback", index, "outcomeTimestamp")), "must be a date and time"))
    if item.outcome == "accepted" and not item.accepted_suggestions:
        problems.append(
            (path_of(("feedback", index, "acceptedSuggestions")), "is required where the card was accepted")
        )
    return problems
