"""What can be wrong with the database of the store."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
"""The values of a row by the names of its columns."""


class StoreDownError(Exception):
    """The database did not do what it was asked. The message is the type of the error that caused it.

    ``why`` is the message of the database, for whoever runs a command. It must not be logged with calls: it may quote
    values.
    """

    def __init__(self, kind: str, why: str | None = None) -> None:
        super().__init__(kind)
        self.why = why or kind


class UnwritableError(StoreDownError):
    """The database works, and would refuse the same statement again: a defect of this program."""


class BusyError(StoreDownError):
    """The database works, and this process uses all the connections that it may have."""


class OtherTablesError(StoreDownError):
    """The tables belong to another version of the program. They are not touched."""


class WrongKeyError(StoreDownError):
    """The store is written with a key that the key file does not hold. The message names keys by their ids."""

    def __init__(self, why: str) -> None:
        super().__init__(type(self).__name__, why)
