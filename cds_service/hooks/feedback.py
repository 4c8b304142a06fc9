"""Feedback on cards, in every spelling that clients use. Comments are not read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from cds_service.errors import MalformedRequestError
from cds_service.fhir.elements import list_of, text_of
from cds_service.hooks.request import path_of, problems_of

_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
_TITLE = "com.epic.cdshooks.feedback.overrideReason."
_TITLES = ("reasonTitle", "reasonDisplay", "reasonCategory")


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, populate_by_name=True)


class Suggestion(_Model):
    """An accepted suggestion."""

    id: _Text


class Reason(_Model):
    """The reason for overriding a card: a code of ours or of the client's."""

    code: str | None = None
    system: str | None = None


class Override(_Model):
    """The answer to an overridden card. The user's comment, free text of a clinician, is not read."""

    reason: Reason | None = None
    extension: Any = None


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
    def codes(self) -> tuple[str, ...]:
        """The codes of the reasons; without any, the title that Epic sends in an extension."""
        answers = (*self.override, *self.overrides)
        codes = [answer.reason.code for answer in answers if answer.reason and answer.reason.code]
        extensions = (self.extension, *(answer.extension for answer in answers))
        titles = (
            text_of(extension.get(_TITLE + name))
            for extension in extensions
            if isinstance(extension, dict)
            for name in _TITLES
        )
        return tuple(dict.fromkeys(codes)) or tuple(title for title in titles if title)[:1]

    @property
    def at(self) -> datetime:
        """When the card was answered, by the client's clock. A time without a zone is UTC."""
        at = datetime.fromisoformat(self.outcome_timestamp)
        return at if at.tzinfo else at.replace(tzinfo=UTC)


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
