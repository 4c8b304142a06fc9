"""Feedback on cards: checked and answered. Nothing is kept yet."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from cds_service.hooks.errors import MalformedRequestError
from cds_service.hooks.request import place_of, problems_of

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _one(value: object) -> object:
    """A list of one as that one: some clients send the reason as a list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


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

    reason: Annotated[Reason | None, BeforeValidator(_one)] = None


class Feedback(_Model):
    """What became of one card. One client writes ``overrideReasons``; both spellings are taken."""

    card: _Text
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: _Text = Field(alias="outcomeTimestamp")
    accepted_suggestions: list[Suggestion] | None = Field(default=None, alias="acceptedSuggestions")
    override: Annotated[Override | None, BeforeValidator(_one)] = Field(
        default=None, validation_alias=AliasChoices("overrideReason", "overrideReasons")
    )


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
        datetime.fromisoformat(item.outcome_timestamp)
    except ValueError:
        found.append((place_of(("feedback", index, "outcomeTimestamp")), "must be a date and time"))
    if item.outcome == "accepted" and not item.accepted_suggestions:
        found.append((place_of(("feedback", index, "acceptedSuggestions")), "is required where the card was accepted"))
    return found
