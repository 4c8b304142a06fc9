"""What cards say: every sentence stands in a language file (``en.yaml``), here messages are chosen and given values.

``language`` reads and checks a file, ``wording`` renders its messages, ``facts`` turns the facts of a finding into
values; the other modules put the parts of a card together.
"""

__all__ = [
    "detail",
    "facts",
    "finding_values",
    "gaps_section",
    "language",
    "load_section",
    "loads",
    "markdown",
    "options",
    "reasons",
    "short_name",
    "summary",
    "totals",
    "wording",
]
