"""The entry point of the command ``benzo-cds``."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence

from cds_service.errors import CANNOT, CommandError, ConfigurationError


def launch() -> int:
    """Run the command of this process; returns its exit status.

    Ctrl-C ends it as it ends other programs, by the signal and without a traceback, also while modules are being
    imported; the commands that serve take the signal over to stop in order. A blocked SIGINT stays blocked.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Nearly everything that a command allocates stays in use: collecting garbage took a sixth of the time of `assess`.
    gc.disable()
    return main()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 something was found, 2 it could not be done.

    Args:
        arguments: those of the command line without the name of the program; None for those of this process.
    """
    from pydantic import ValidationError

    from cds_service.commands.parser import build_parser, command_of
    from cds_service.config.settings import explain
    from rules.knowledge import KnowledgeError

    chosen = build_parser().parse_args(arguments)
    told = _told_in_log if chosen.is_service and not sys.stderr.isatty() else _told
    if not chosen.short_lived:
        gc.enable()
    try:
        return command_of(chosen)(chosen)
    except ValidationError as error:
        return told(*explain(error), "`benzo-cds config check` lists every setting.")
    except ConfigurationError as error:
        return told(*error.problems, *([error.hint] if error.hint else ()))
    except KnowledgeError as error:
        return told(*map(str, error.each))
    except CommandError as error:
        return told(str(error))
    except BrokenPipeError:  # the reader of the output, such as `head`, has ended
        sys.stderr.close()
        return 0


def _told(*lines: str) -> int:
    for line in lines:
        print(f"benzo-cds: {line}", file=sys.stderr)
    return CANNOT


def _told_in_log(*lines: str) -> int:
    """Tell it as a line of the log, where nobody sits at a terminal: all that a service prints is read by a program."""
    from cds_service import logs

    logs.configure("INFO")
    logs.cannot_start(lines)
    return CANNOT


if __name__ == "__main__":
    sys.exit(launch())
