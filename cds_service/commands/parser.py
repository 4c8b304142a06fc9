"""The parser of ``benzo-cds``: every command with its options, and the function that runs it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from cds_service.config.limits import MAX_LIVE_SECONDS, MAX_RETENTION_DAYS
from cds_service.version import program_version

Command = Callable[[argparse.Namespace], int]
"""A command: takes the parsed arguments, prints, and returns the exit status."""


def command_of(chosen: argparse.Namespace) -> Command:
    """The command that was chosen, imported only now."""
    command: Command = resolve_name(f"cds_service.commands.{chosen.run}")
    return command


def build_parser() -> argparse.ArgumentParser:
    """The parser.

    Of what it parses, ``run`` names the command as ``module:function`` of this folder. ``short_lived`` commands need no
    garbage collection; what ``is_service`` writes a log.
    """
    parser = argparse.ArgumentParser(
        prog="benzo-cds",
        description="Clinical decision support for sedative safety: the total diazepam-equivalent load.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="the version of the program and of its knowledge")
    parser.set_defaults(short_lived=False, is_service=False)
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    _demo(parts.add_parser("demo", help="the service, a FHIR sandbox and an order-entry page, on this machine only"))
    _serve(parts.add_parser("serve", help="the service"))
    _assess(parts.add_parser("assess", help="the working for each file, or for a patient of a FHIR server"))
    _cards(parts.add_parser("cards", help="the cards that the service would answer to each hook request"))
    _knowledge(parts.add_parser("knowledge", help="check, show or compare the knowledge base"))
    _config(parts.add_parser("config", help="check the configuration"))
    _report(parts.add_parser("report", help="how each finding does: shown, accepted, overridden, snoozed"))
    _audit(parts.add_parser("audit", help="verify, anchor or export the record of calls"))
    _store(parts.add_parser("store", help="upgrade, purge or back up the store, replace its key, list doubted records"))
    return parser


class _Version(argparse.Action):
    """Prints the versions and ends; the knowledge is read for it, and for nothing else."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        _values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        from rules.knowledge import load_knowledge

        print(f"benzo-cds {program_version()}, knowledge {load_knowledge().version}")
        parser.exit()


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, help="port on this machine (default: one of its own; 0: any free one)")
    parser.add_argument("--demand-token", action="store_true", help="let nobody read the sandbox without its token")
    parser.add_argument(
        "--page-size", type=int, metavar="N", help="most resources in a page of a search (default: 200)"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="FAULT",
        help="what the sandbox does wrong from the start, such as throttled, slow or cut-page; can be repeated",
    )
    parser.add_argument(
        "--write-bundle",
        type=Path,
        metavar="FILE",
        help="only write the invented records as one FHIR R4 transaction, for any FHIR server; - for output",
    )
    parser.set_defaults(run="demo:demo")


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on (default: BENZO_CDS_HOST, 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port (default: BENZO_CDS_PORT, 8088)")
    parser.add_argument("--workers", type=int, help="processes that answer (default: BENZO_CDS_WORKERS, 2)")
    parser.add_argument(
        "--insecure-demo",
        action="store_true",
        help="listen beyond this machine although callers are not authenticated: for demonstrations without real data",
    )
    parser.set_defaults(run="serve:serve", is_service=True)


def _assess(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="a FHIR Bundle or a CDS Hooks request, JSON; - for input"
    )
    parser.add_argument("--fhir", metavar="BASE", help="instead of files: the FHIR server with the patient's record")
    parser.add_argument("--patient", metavar="ID", help="the patient on that server")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="file with the token for that server")
    parser.add_argument(
        "--deadline", type=_seconds, metavar="SECONDS", default=30.0, help="for all reads together (default: 30)"
    )
    parser.add_argument(
        "--allow-http", action="store_true", help="read a server beyond this machine over http: no real patients"
    )
    parser.add_argument("--on", type=_day, metavar="DATE", help="the day to judge, YYYY-MM-DD (default: today)")
    parser.add_argument("--json", action="store_true", help="the assessment as JSON instead of the page of working")
    parser.add_argument("--explain", action="store_true", help="also which words of each instruction gave what")
    parser.set_defaults(run="assess:assess_chosen", short_lived=True)


def _cards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a CDS Hooks request, JSON; - for input")
    parser.add_argument("--on", type=_day, metavar="DATE", help="the day to judge, YYYY-MM-DD (default: today)")
    parser.set_defaults(run="cards:print_cards", short_lived=True)


def _knowledge(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    check = parts.add_parser("check", help="fail on what is uncited, stale, out of range, unresolvable or unused")
    check.add_argument("--on", type=_day, metavar="DATE", help="the day on which it must be fresh (default: today)")
    check.set_defaults(run="knowledge:check_knowledge", short_lived=True)
    show = parts.add_parser("show", help="an entry with its figures and citations")
    show.add_argument("name", nargs="?", metavar="NAME", help="a drug, a finding, a table, a condition or a source")
    show.set_defaults(run="knowledge:show_knowledge", short_lived=True)
    diff = parts.add_parser("diff", help="what a site's policy, or another edition, changes")
    diff.add_argument(
        "other", nargs="?", type=Path, metavar="OTHER", help="a policy file or a folder (default: the site's)"
    )
    diff.set_defaults(run="knowledge:diff_knowledge", short_lived=True)


def _config(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    check = parts.add_parser("check", help="explain the configuration and what is wrong with it")
    check.add_argument(
        "--fetch",
        action="store_true",
        help="try the addresses of keys, the FHIR servers, the store and the clocks too",
    )
    check.set_defaults(run="configuration.check:check_configuration")


def _report(parser: argparse.ArgumentParser) -> None:
    _period(parser)
    parser.add_argument("--tenant", help="of this tenant alone")
    parser.add_argument("--json", action="store_true", help="as JSON instead of a table")
    parser.set_defaults(run="report:report")


def _audit(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    verify = parts.add_parser("verify", help="follow the chain of each tenant's record, and name where it is broken")
    verify.add_argument("--tenant", help="of this tenant alone")
    verify.add_argument(
        "--expect", action="append", metavar="HEAD", help="a head printed earlier, which must still stand in the record"
    )
    verify.add_argument("--anchor", type=Path, metavar="FILE", help="an anchor: all its heads must stand in the record")
    verify.add_argument(
        "--advance", action="store_true", help="replace the anchor by the heads of now if everything was right"
    )
    verify.set_defaults(run="audit:verify")
    anchor = parts.add_parser("anchor", help="the heads of all chains, sealed, to keep apart from the database")
    anchor.add_argument("file", type=Path, nargs="?", metavar="FILE", help="where to write them (default: print them)")
    anchor.set_defaults(run="audit:anchor")
    export = parts.add_parser("export", help="the record as FHIR AuditEvents, one a line")
    _period(export)
    export.add_argument("--tenant", help="of this tenant alone")
    export.add_argument("--rows", action="store_true", help="the rows as they are kept instead")
    export.set_defaults(run="audit:export")


def _store(parser: argparse.ArgumentParser) -> None:
    parts = parser.add_subparsers(required=True, metavar="COMMAND")
    upgrade = parts.add_parser("upgrade", help="make the tables, or bring them up to date")
    upgrade.set_defaults(run="store:upgrade")
    rotating = parts.add_parser("rotate-key", help="write the store with the new key of the key file from now on")
    rotating.add_argument("--make", action="store_true", help="add a new key to the key file first")
    rotating.set_defaults(run="store:rotate_key")
    purging = parts.add_parser("purge", help="remove what is older than the site keeps")
    purging.add_argument(
        "--older-than", type=_number_of_days, metavar="DAYS", help="instead of BENZO_CDS_RETENTION_DAYS (six years)"
    )
    purging.set_defaults(run="store:purge")
    backup = parts.add_parser("backup", help="copy a store in a file while the service uses it")
    backup.add_argument("file", type=Path, metavar="FILE", help="the copy; there must be no such file")
    backup.set_defaults(run="store_backup:backup")
    restore = parts.add_parser("restore", help="put a copy in the place of a store in a file")
    restore.add_argument("file", type=Path, metavar="FILE", help="a copy that `store backup` made")
    restore.add_argument("--discard", action="store_true", help="although the store holds calls that the copy lacks")
    restore.set_defaults(run="store_backup:restore")
    doubted = parts.add_parser("doubts", help="cards answered with: not taking it, or the dose on record is wrong")
    _period(doubted)
    doubted.set_defaults(run="store:doubts")
    named = parts.add_parser("names", help="what stands in the store for the patients that standard input holds")
    named.add_argument("--tenant", help="of this tenant; without tenants it is `open`")
    named.set_defaults(run="store:names")


def _period(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=_day, metavar="DATE", help="the first day (default: 30 days before the last)")
    parser.add_argument("--until", type=_day, metavar="DATE", help="the last day (default: today)")


def _number_of_days(text: str) -> int:
    """A number of days, never 0: a slip would empty the record."""
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MAX_RETENTION_DAYS:
        raise argparse.ArgumentTypeError(f"must be a number of days, 1 to {MAX_RETENTION_DAYS}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_LIVE_SECONDS:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, up to {MAX_LIVE_SECONDS:g}")
    return seconds


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date, YYYY-MM-DD") from None
