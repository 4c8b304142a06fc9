"""Readings that are kept: a pure function that remembers what it made of what comes again and again.

The same few thousand names, texts and dosages come in record after record, and reading them takes most of the time of a
judgement. So many of each are kept in the memory of the process, the least used forgotten first, and none that is long
or holds a date.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, overload

from rules.limits import MAX_MEMOISED, MAX_MEMOISED_LENGTH

Given = ParamSpec("Given")
Made = TypeVar("Made")
AnyType = TypeVar("AnyType", bound=type)


class LazyValues:
    """The base of a slotted frozen value with attributes that are :func:`lazy`."""

    __slots__ = ("__dict__",)


def lazy(work: Callable[[Any], Made]) -> _Lazy[Made]:
    """A read-only attribute of a value below :class:`LazyValues`: worked out when it is first asked for, then kept.

    It is no field: it takes no part in a comparison, a hash, a copy with some fields changed, or a pickle.
    """
    return _Lazy(work)


class _Lazy(Generic[Made]):
    """The descriptor of a lazy attribute. What it came to stands in the value's ``__dict__``, which is looked up before
    a descriptor that cannot be set."""

    def __init__(self, work: Callable[[Any], Made]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, value: None, owner: type) -> Self: ...
    @overload
    def __get__(self, value: object, owner: type) -> Made: ...
    def __get__(self, value: object | None, owner: type) -> Self | Made:
        if value is None:
            return self
        kept = value.__dict__[self._work.__name__] = self._work(value)
        return kept


class HashedOnce:
    """The base of a frozen value that readings are kept by: its hash and its length are worked out once."""

    __slots__ = ("_hash", "_length")

    if TYPE_CHECKING:
        _hash: int
        _length: int

    def replaced(self, **changes: object) -> Self:
        """The value with some fields changed: as the standard library's ``replace``, in half of its time."""
        kind = type(self)
        made = object.__new__(kind)
        for name in kind.__match_args__:  # type: ignore[attr-defined]
            object.__setattr__(made, name, changes[name] if name in changes else getattr(self, name))
        return made


def hashed_once(kind: AnyType) -> AnyType:
    """A frozen dataclass below :class:`HashedOnce` that remembers its hash."""
    of_fields: Callable[[Any], int] = kind.__hash__  # type: ignore[assignment]

    def remembered(self: Any) -> int:
        try:
            return self._hash  # type: ignore[no-any-return]
        except AttributeError:
            object.__setattr__(self, "_hash", of_fields(self))
            return self._hash  # type: ignore[no-any-return]

    setattr(kind, "__hash__", remembered)  # noqa: B010 - what an assignment does, which may not be written
    return kind


class _TooLongError(Exception):
    pass


def memoised(made_of: Callable[Given, Made]) -> Callable[Given, Made]:
    """The function, keeping what it returns; its arguments are hashable and are not changed."""

    @lru_cache(maxsize=MAX_MEMOISED)
    def remembered(*given: Given.args, **named: Given.kwargs) -> Made:
        # Asked only of what is new. What is raised is not kept.
        if length(given) > MAX_MEMOISED_LENGTH:
            raise _TooLongError
        return made_of(*given, **named)

    @wraps(made_of)
    def either(*given: Given.args, **named: Given.kwargs) -> Made:
        try:
            return remembered(*given, **named)  # type: ignore[arg-type]
        except _TooLongError:
            return made_of(*given, **named)

    return either


def length(value: object) -> int:
    """How many characters the texts of a value have together; what is compared by identity (the knowledge) has none."""
    if isinstance(value, date):
        # What goes by a date is one patient's, and will not come again.
        return MAX_MEMOISED_LENGTH + 1
    if value is None or isinstance(value, str):
        return len(value) if value else 0
    if isinstance(value, tuple):
        return sum(map(length, value)) if value else 0
    if isinstance(value, HashedOnce):
        try:
            return value._length
        except AttributeError:
            object.__setattr__(value, "_length", _of_fields(value))
            return value._length
    return _of_fields(value)


def _of_fields(value: Any) -> int:
    parameters = getattr(value, "__dataclass_params__", None)
    if parameters is None or not parameters.eq:
        return 0
    return sum(length(getattr(value, name)) for name in value.__dataclass_fields__)
