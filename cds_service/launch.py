"""Where the command ``benzo-cds`` begins: quiet also when it is stopped while its parts are still being read."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Run the command; returns its exit status.

    Ctrl-C ends it as it ends other programs, by the signal and without a traceback; the parts that serve
    take the signal over to stop in order. A SIGINT that the caller has blocked stays blocked.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from cds_service.__main__ import main as run  # takes a moment, in which a Ctrl-C is to be as quiet

    return run()


if __name__ == "__main__":
    sys.exit(main())
