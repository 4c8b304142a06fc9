"""The keys of a store: which of those in the key file it is written with now, and which it was written with before.

The store decides, not the file: a table names the key in force, with a value that only this key makes. Every process
writes with that key, from the moment at which :func:`StoreKeys.rotate` enters it. A process whose key file does not
hold it writes nothing until the file does, so that no row is written with a wrong key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select

from cds_service.records import chain
from cds_service.records.database import Row, WrongKeyError, lock, lock_shared
from cds_service.records.pseudonyms import KeyFileError, Pseudonyms
from cds_service.records.schema import store_keys
from cds_service.records.timestamps import format_timestamp

_LOCK = "benzo-cds key"
_NEWEST = select(store_keys.c.id).order_by(store_keys.c.number.desc()).limit(1)
_ALL = select(store_keys).order_by(store_keys.c.number)


@dataclass(slots=True)
class StoreKeys:
    """The keys of a key file. ``read`` reads the file; ``current`` is the key in force, as far as is known."""

    read: Callable[[], tuple[Pseudonyms, ...]]
    held: tuple[Pseudonyms, ...]
    current: Pseudonyms

    def enter_or_check(self, connection: Connection) -> None:
        """Enter the key of a new store; check that the file holds the key of one that is written already.

        Raises:
            WrongKeyError: it does not.
        """
        rows = _rows(connection)
        if not rows:
            self.current = self._first_key(connection)
            connection.execute(insert(store_keys), _row(1, self.current, self.current))
            return
        self._reread()
        self.current = self._checked(rows)

    def in_force(self, connection: Connection) -> Pseudonyms:
        """The key to write with, which stays in force until the transaction ends.

        Raises:
            WrongKeyError: the file does not hold it.
        """
        lock_shared(connection, _LOCK)
        return self.newest(connection)

    def newest(self, connection: Connection) -> Pseudonyms:
        """The key in force now, for reading.

        Raises:
            WrongKeyError: the file does not hold it.
        """
        newest = connection.execute(_NEWEST).first()
        if newest is None:
            raise WrongKeyError("the store names no key")
        if newest.id != self.current.key_id:
            self.current = self._checked(_rows(connection))
        return self.current

    def newest_first(self) -> Iterator[Pseudonyms]:
        """The keys that rows may be found by: the key in force, then the others of the file, the last one first."""
        yield self.current
        yield from (key for key in reversed(self.held) if key.key_id != self.current.key_id)

    def unknown(self, connection: Connection) -> list[Pseudonyms]:
        """The keys of the file that the store was never written with."""
        held, known = self._reread(), connection.execute(select(store_keys.c.id)).scalars()
        return [held[key_id] for key_id in held.keys() - set(known)]

    def rotate(self, connection: Connection, new: Pseudonyms) -> None:
        """Write with a new key, from now on and in all processes.

        Raises:
            WrongKeyError: the file does not hold the key in force.
        """
        lock(connection, _LOCK)
        before = self.newest(connection)
        number = connection.execute(select(func.max(store_keys.c.number))).scalar_one()
        connection.execute(insert(store_keys), _row(number + 1, new, before))
        self.current = new

    def _first_key(self, connection: Connection) -> Pseudonyms:
        """The key that wrote the record, or the first of the file where there is none."""
        tenants = [tenant for tenant in chain.tenants_of(connection) if chain.head(connection, tenant)[0]]
        writers = (chain.writer_of(connection, tenant, self.held) for tenant in tenants)
        writer = next(filter(None, writers), None)
        if tenants and writer is None:
            raise WrongKeyError(f"the record was not written with {_names(self.held)}")
        return writer or self.held[0]

    def _checked(self, rows: Sequence[Row]) -> Pseudonyms:
        """The key of the last row, if each row was entered by who had the key before it; the first, its own."""
        key = self._held_key(rows[-1]["id"], rows[-1]["since"])
        held = {each.key_id: each for each in self.held}
        for before, row in zip([rows[0], *rows], rows, strict=False):
            for maker, name, value in ((row, "proof", _proof), (before, "seal", _seal)):
                if maker["id"] in held and row[name] != value(held[maker["id"]], row):
                    raise WrongKeyError(f"key {row['id']} was entered by somebody who does not have key {maker['id']}")
        return key

    def _held_key(self, key_id: str, since: str) -> Pseudonyms:
        for held in ({key.key_id: key for key in self.held}, self._reread()):
            if key_id in held:
                return held[key_id]
        raise WrongKeyError(
            f"it is written with key {key_id} since {since}, and the key file holds {_names(self.held)}: "
            "put that key back, behind an empty line if there are others"
        )

    def _reread(self) -> dict[str, Pseudonyms]:
        """The keys of the file as it is now; those that were read before if it cannot be used."""
        with suppress(KeyFileError):
            self.held = self.read()
        return {key.key_id: key for key in self.held}


def _rows(connection: Connection) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(_ALL).mappings()]


def _row(number: int, key: Pseudonyms, before: Pseudonyms) -> Row:
    row = {"number": number, "id": key.key_id, "since": format_timestamp(datetime.now(UTC))}
    row |= {"proof": _proof(key, row)}
    return row | {"seal": _seal(before, row)}


def _proof(key: Pseudonyms, row: Row) -> str:
    return key.link("key", str(row["id"]).encode())


def _seal(before: Pseudonyms, row: Row) -> str:
    return before.link("next key", chain.linked_content({name: row[name] for name in row if name != "seal"}))


def _names(keys: tuple[Pseudonyms, ...]) -> str:
    return " and ".join(f"key {key.key_id}" for key in keys)
