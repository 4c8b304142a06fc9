"""Every sentence of a card: the summary, the sections of the detail, the options, and the phrases they are made of."""

__all__ = [
    "detail",
    "gaps_section",
    "hazard_reasons",
    "load_section",
    "markdown",
    "options",
    "phrases",
    "reasons",
    "summary",
]
