"""Speed devices: functions that remember their results, values that remember their hash, attributes worked out once.

The same few thousand names, texts and dosages come in record after record, and reading them takes most of the time of a
judgement. So the results of reading are kept in the memory of the process, the least recently used dropped first. A
result for long texts, or for a date, belongs to one patient: it is kept until that patient's judgement ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, lru_cache, wraps
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, overload
from weakref import WeakSet

from rules.limits import MAX_MEMOISED, MAX_MEMOISED_LENGTH

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
AnyType = TypeVar("AnyType", bound=type)


class LazyValues:
    """The base of a slotted frozen value with attributes that are :func:`lazy`."""

    __slots__ = ("__dict__",)


def lazy(compute: Callable[[Any], Result]) -> _Lazy[Result]:
    """A read-only attribute that is worked out when it is first asked for, and then kept.

    Its class has a ``__dict__``: a slotted one gets it from :class:`LazyValues`. It is no field: comparison, hash, a
    copy with some fields changed and a pickle leave it out.
    """
    return _Lazy(compute)


class _Lazy(Generic[Result]):
    """The descriptor of a lazy attribute.

    It has no ``__set__``, so that the result, once it stands in the ``__dict__`` of the value, is found before it.
    """

    def __init__(self, compute: Callable[[Any], Result]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, value: None, owner: type) -> Self: ...
    @overload
    def __get__(self, value: object, owner: type) -> Result: ...
    def __get__(self, value: object | None, owner: type) -> Self | Result:
        if value is None:
            return self
        result = value.__dict__[self._compute.__name__] = self._compute(value)
        return result


class HashedOnce:
    """The base of a frozen dataclass that results are kept by: its hash and text length are worked out once."""

    __slots__ = ("_hash", "_length")

    if TYPE_CHECKING:
        _hash: int
        _length: int

    def replaced(self, **changes: object) -> Self:
        """The value with some fields changed: what :func:`dataclasses.replace` does, in half of its time."""
        cls = type(self)
        copy = object.__new__(cls)
        for name in cls.__match_args__:  # type: ignore[attr-defined]
            object.__setattr__(copy, name, changes[name] if name in changes else getattr(self, name))
        return copy


def hashed_once(cls: AnyType) -> AnyType:
    """Decorates a frozen dataclass below :class:`HashedOnce`: its hash is worked out once."""
    hash_of_fields: Callable[[Any], int] = cls.__hash__  # type: ignore[assignment]

    def remembered_hash(self: Any) -> int:
        try:
            return self._hash  # type: ignore[no-any-return]
        except AttributeError:
            object.__setattr__(self, "_hash", hash_of_fields(self))
            return self._hash  # type: ignore[no-any-return]

    setattr(cls, "__hash__", remembered_hash)  # noqa: B010 - what an assignment does, which may not be written
    return cls


class _OfOnePatientError(Exception):
    """The arguments belong to one patient: they hold a date, or are long."""


_readings: ContextVar[dict[Hashable, object] | None] = ContextVar("readings", default=None)
"""What was read of the patient that is judged, by function and arguments; None while nobody is."""


_remembering: WeakSet[Any] = WeakSet()
"""The functions that remember their results."""


@contextmanager
def one_judgement() -> Iterator[None]:
    """While one patient is judged: what is read of this patient alone is remembered, and then forgotten."""
    if _readings.get() is not None:
        yield
        return
    token = _readings.set({})
    try:
        yield
    finally:
        _readings.reset(token)


def memoised(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorates a pure function: it remembers its latest results, :data:`rules.limits.MAX_MEMOISED` of them.

    Its arguments are hashable. What it raises is not remembered. A result for texts that are longer than
    :data:`rules.limits.MAX_MEMOISED_LENGTH` together, or for a date, it remembers within :func:`one_judgement`.
    """

    @lru_cache(maxsize=MAX_MEMOISED)
    def remembered(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        # The length is looked at only where there is no result yet.
        if text_length(args) > MAX_MEMOISED_LENGTH:
            raise _OfOnePatientError
        return function(*args, **kwargs)

    _remembering.add(remembered)

    @wraps(function)
    def either(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        try:
            return remembered(*args, **kwargs)  # type: ignore[arg-type]
        except _OfOnePatientError:
            readings = _readings.get()
        if readings is None:
            return function(*args, **kwargs)
        key = (function, args, *kwargs.items())
        if key not in readings:
            readings[key] = function(*args, **kwargs)
        return readings[key]  # type: ignore[return-value]

    return either


def forget_all() -> None:
    """Forget every result that is remembered: those of a knowledge that is no longer used would keep it in memory."""
    for remembered in list(_remembering):
        remembered.cache_clear()


def cached(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorates a pure function of few different arguments: every result is remembered until :func:`forget_all`."""
    remembered = cache(function)
    _remembering.add(remembered)
    return remembered  # type: ignore[return-value]


def text_length(value: object) -> int:
    """The characters of all texts in a value; more than are remembered where it holds a date.

    A value that is compared by identity, such as the knowledge, counts as none.
    """
    cls = type(value)
    measure = _MEASURES.get(cls)
    if measure is None:
        measure = _MEASURES[cls] = _measure_of(cls)
    return measure(value)


def _measure_of(cls: type) -> Callable[[Any], int]:
    """How the texts in values of a class are measured."""
    if issubclass(cls, date):
        return _too_long
    if issubclass(cls, str):
        return len
    if issubclass(cls, tuple):
        return _length_of_items
    if issubclass(cls, HashedOnce):
        return _length_worked_out_once
    parameters = getattr(cls, "__dataclass_params__", None)
    return _no_text if parameters is None or not parameters.eq else _length_of_fields


def _too_long(_: object) -> int:
    return MAX_MEMOISED_LENGTH + 1


def _no_text(_: object) -> int:
    return 0


def _length_of_items(items: tuple[object, ...]) -> int:
    return sum(map(text_length, items)) if items else 0


def _length_worked_out_once(value: HashedOnce) -> int:
    try:
        return value._length
    except AttributeError:
        object.__setattr__(value, "_length", _length_of_fields(value))
        return value._length


def _length_of_fields(value: Any) -> int:
    return sum(text_length(getattr(value, name)) for name in value.__dataclass_fields__)


_MEASURES: dict[type, Callable[[Any], int]] = {}
"""How values are measured, by their class."""
