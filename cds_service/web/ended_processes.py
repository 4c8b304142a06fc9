"""The counts of processes that have ended: added up in one file of each kind.

Otherwise the folder of the metrics would grow with each process that is replaced.
"""

from __future__ import annotations

import fcntl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cds_service import logs

_ENDED = "ended"
_KINDS = ("counter", "histogram")


@contextmanager
def whole_folder(folder: Path) -> Iterator[None]:
    """Keep other processes from moving counts meanwhile: a count that is missed, or seen twice, looks like calls."""
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep_counts_of_ended(folder: Path, process: int) -> None:
    """Add the counts of a process that has ended to those of the others, and remove its files."""
    from prometheus_client.mmap_dict import MmapedDict
    from prometheus_client.multiprocess import mark_process_dead

    with whole_folder(folder):
        for kind in _KINDS:
            file = folder / f"{kind}_{process}.db"
            if not file.exists():
                continue
            try:
                counts = list(MmapedDict.read_all_values_from_file(str(file)))  # type: ignore[no-untyped-call]
            except (struct.error, RuntimeError, UnicodeDecodeError) as error:
                logs.failed(error)  # the process was killed before the file was whole
                counts = []
            ended = MmapedDict(str(folder / f"{kind}_{_ENDED}.db"))  # type: ignore[no-untyped-call]
            for key, value, _, _ in counts:
                before, _ = ended.read_value(key)  # type: ignore[no-untyped-call]
                ended.write_value(key, before + value, 0.0)  # type: ignore[no-untyped-call]
            ended.close()  # type: ignore[no-untyped-call]
            file.unlink()
        mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]
