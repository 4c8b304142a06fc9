"""What may be wrong with the knowledge, and the error that refuses it, naming the file and the key."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from enum import StrEnum


class ProblemKind(StrEnum):
    """What is wrong with an entry."""

    UNREADABLE = "unreadable"
    UNCITED = "uncited"
    STALE = "stale"
    OUT_OF_RANGE = "out-of-range"
    UNRESOLVABLE = "unresolvable"
    UNUSED = "unused"


class KnowledgeError(ValueError):
    """The knowledge base, or a site's override of it, cannot be used; ``where`` is the file and the path of the key."""

    def __init__(self, where: str, problem: str, kind: ProblemKind = ProblemKind.UNREADABLE) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
        self.kind = kind

    @property
    def each(self) -> tuple[KnowledgeError, ...]:
        """What is wrong, one by one."""
        return (self,)


class CombinedKnowledgeError(KnowledgeError):
    """Several things are wrong: ``each`` of them."""

    def __init__(self, errors: Iterable[KnowledgeError]) -> None:
        self._errors = tuple(errors)
        first = self._errors[0]
        super().__init__(first.where, "; ".join((first.problem, *map(str, self._errors[1:]))), first.kind)

    @property
    def each(self) -> tuple[KnowledgeError, ...]:
        """What is wrong, one by one."""
        return self._errors


class Refusals:
    """What is wrong with a file, noted part by part, so that all of it is told at once."""

    def __init__(self) -> None:
        self._noted: list[KnowledgeError] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what is refused meanwhile, and go on after it."""
        try:
            yield
        except KnowledgeError as error:
            self._noted.extend(error.each)

    def refuse(self) -> None:
        """Refuse the file if anything was noted.

        Raises:
            KnowledgeError: with all that was noted.
        """
        if len(self._noted) > 1:
            raise CombinedKnowledgeError(self._noted)
        for error in self._noted:
            raise error


def suggestion(word: str, known: tuple[str, ...]) -> str:
    """``; did you mean x?`` where a known word is close, else the words that are known."""
    close = get_close_matches(word, known, 1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known here: {', '.join(sorted(known))}" if known else ""


def require_known(name: str, known: Iterable[str], where: str, what: str) -> str:
    """The name, if it is a known one.

    Args:
        name: the name that an entry uses.
        known: the names that are defined.
        where: the file and the key of the entry.
        what: what the name must be one of, such as ``agent``.

    Raises:
        KnowledgeError: there is no such name.
    """
    names = tuple(known)
    if name not in names:
        raise KnowledgeError(where, f"{name!r} is no {what}{suggestion(name, names)}", ProblemKind.UNRESOLVABLE)
    return name


def require_defined(name: str, defined: Container[str], where: str) -> None:
    """Refuse a name that one part of a file uses and no part defines.

    Raises:
        KnowledgeError: the name is not defined.
    """
    if name not in defined:
        raise KnowledgeError(where, f"{name!r} is not defined")
