"""Feedback on cards, in every spelling that clients use: checked, and read without its comments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from cds_service.errors import MalformedRequestError
from cds_service.fhir.elements import list_of, text_of
from cds_service.hooks.request import place_of, problems_of

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_TITLE = "com.epic.cdshooks.feedback.overrideReason."
_TITLES = ("reasonTitle", "reasonDisplay", "reasonCategory")


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)


class Suggestion(_Model):
    """A suggestion that was accepted."""

    id: _Text


class Reason(_Model):
    """Why a card was overridden: a code of ours or of the client's."""

    code: str | None = None
    system: str | None = None


class Override(_Model):
    """The answer to an overridden card. The user's comment is free text of a clinician, and is not read."""

    reason: Reason | None = None
    extension: Any = None


class Feedback(_Model):
    """What became of one card. One client writes ``overrideReasons``, some a list; all spellings are taken."""

    card: _Text
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: _Text = Field(alias="outcomeTimestamp")
    accepted_suggestions: list[Suggestion] | None = Field(default=None, alias="acceptedSuggestions")
    override: Annotated[list[Override], BeforeValidator(list_of)] = Field(default=[], alias="overrideReason")
    overrides: Annotated[list[Override], BeforeValidator(list_of)] = Field(default=[], alias="overrideReasons")
    extension: Any = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of the reasons; where there are none, how one client titles the reason in an extension."""
        answers = (*self.override, *self.overrides)
        told = [each.reason.code for each in answers if each.reason and each.reason.code]
        places = [item for item in (self.extension, *(each.extension for each in answers)) if isinstance(item, dict)]
        named = (text_of(place.get(_TITLE + part)) for place in places for part in _TITLES)
        return tuple(dict.fromkeys(told)) or tuple(name for name in named if name)[:1]

    @property
    def at(self) -> datetime:
        """When the card was answered, by the client's clock; in UTC where no zone was sent."""
        moment = datetime.fromisoformat(self.outcome_timestamp)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class _Batch(_Model):
    feedback: list[Feedback]


def read_feedback(value: dict[str, Any]) -> tuple[Feedback, ...]:
    """The feedback of a parsed body, which may be on several cards and repeat what was sent before.

    Raises:
        MalformedRequestError: a required member is missing or of the wrong kind; nothing of the batch is taken.
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
    """What the types cannot say: the time must be one, and what was accepted must be named."""
    found = []
    try:
        item.at.astimezone(UTC)
    except (ValueError, OverflowError):  # the second: in UTC it lies before the year 1 or after 9999
        found.append((place_of(("feedback", index, "outcomeTimestamp")), "must be a date and time"))
    if item.outcome == "accepted" and not item.accepted_suggestions:
        found.append((place_of(("feedback", index, "acceptedSuggestions")), "is required where the card was accepted"))
    return found
