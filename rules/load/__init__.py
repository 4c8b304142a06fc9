"""What the doses come to: the diazepam-equivalent load by every table, and the opioids' MME, each line with its figure.

:func:`total` adds up what counts in a view, :func:`opioid_load` its opioids. :func:`lines_of` gives the line of the
assessment that each record becomes: in the load, beside it, or not counted; ``half_life`` how long an agent acts.
"""

from rules.load.contributions import WITH_ORDER, lines_of, unidentified_lines, unread_lines
from rules.load.equivalence import EquivalentsOf, equivalence, equivalents_by, to_equivalent
from rules.load.half_life import acting, half_life, is_short_acting
from rules.load.opioid import (
    OPIOID_USE_DISORDER,
    PAIN,
    PARTIAL_AGONIST,
    PRESUMED_TREATMENT,
    TREATMENT,
    is_presumed_treatment,
    mme_of,
    opioid_load,
    treats_opioid_use_disorder,
)
from rules.load.total import band_of, replacement_load, total

__all__ = [
    "OPIOID_USE_DISORDER",
    "PAIN",
    "PARTIAL_AGONIST",
    "PRESUMED_TREATMENT",
    "TREATMENT",
    "WITH_ORDER",
    "EquivalentsOf",
    "acting",
    "band_of",
    "equivalence",
    "equivalents_by",
    "half_life",
    "is_presumed_treatment",
    "is_short_acting",
    "lines_of",
    "mme_of",
    "opioid_load",
    "replacement_load",
    "to_equivalent",
    "total",
    "treats_opioid_use_disorder",
    "unidentified_lines",
    "unread_lines",
]
