"""The words that stand in medication names beside the drug: salts, forms, remarks. None of them is a drug."""

from __future__ import annotations

from collections.abc import Sequence

from rules.knowledge.lexicon.vocabulary import DosingVocabulary
from rules.reading.product.strength import NameToken

# fmt: off
SALTS = frozenset(
    {
        "hcl", "hydrochloride", "hbr", "hydrobromide", "sulfate", "sulphate", "sulf", "phosphate", "phos",
        "tartrate", "bitartrate", "maleate", "citrate", "sodium", "potassium", "dipotassium", "calcium", "magnesium",
        "acetate", "tannate", "succinate", "fumarate", "pamoate", "embonate", "decanoate", "mesylate", "mesilate",
        "polistirex", "terephthalate", "palmitate", "lauroxil", "napsylate", "nap", "liposomal", "nitrate",
        "bromide", "chloride", "lactate", "myristate", "hydrate", "dihydrate", "monohydrate", "hemihydrate",
        "anhydrous", "base",
    }
)
RELEASE_LETTERS = frozenset({"er", "xr", "sr", "cr", "xl", "mr"})
# Route words that are plain words, or other abbreviations, as well.
PLAIN_WORDS_TOO = frozenset({"in", "pr", "mouth", "top"})
RELEASE_WORDS = frozenset(
    {"extended", "ext", "controlled", "sustained", "modified", "prolonged", "retard", "contin", "continus"}
)
INJECTION_WORDS = frozenset(
    {
        "vial", "vials", "ampoule", "ampoules", "ampule", "ampules", "amp", "amps", "syringe", "syringes", "syr",
        "bag", "bags", "pca", "infusion", "injection", "inj", "injectable", "epidural", "intrathecal", "drip",
        "intravenous", "intramuscular", "subcutaneous",
    }
)
REMARKS = frozenset(
    {
        "oral", "orally", "release", "immediate", "delayed", "rel", "concentrate", "concentrated", "concentration",
        "liquid", "soln", "solution", "susp", "suspension", "elixir", "syrup", "powder", "drops", "gel", "cream",
        "ointment", "topical", "spray", "film", "strip", "tab", "tabs", "tablet", "tablets", "cap", "caps",
        "capsule", "capsules", "caplet", "caplets", "patch", "patches", "lozenge", "lozenges", "lollipop",
        "lollipops", "troche", "buccal", "sublingual", "nasal", "rectal", "transdermal", "transmucosal", "injection",
        "injectable", "inj", "vial", "syringe", "syr", "amp", "ampoule", "bag", "pump", "pca", "infusion", "bulk",
        "brand", "name", "generic", "only", "pf", "preservative", "free", "sugar", "dye", "dose", "doses", "pack",
        "kit", "unit", "units", "tall", "each", "per", "strength", "intensol", "dispersible", "soluble",
        "effervescent", "chewable", "disintegrating", "coated", "film-coated", "abuse", "deterrent", "matrix",
        "delivery", "once", "daily", "sprinkle", "sensor", "adult", "adults", "child", "children", "pediatric",
        "paediatric", "for", "use", "pharmacy", "clinician", "usp", "bp", "nf", "mod", "extra", "maximum", "max",
        "forte", "tincture", "alkaloids", "hour", "hours", "hr", "hrs", "day", "days", "route", "mouth", "as",
        "needed", "prn",
    }
)
# What a name says that says nothing: a record of it names no medication.
EMPTY_WORDS = frozenset(
    {
        "unknown", "unspecified", "unlisted", "medication", "medications", "medicine", "medicines", "med", "meds",
        "drug", "drugs", "product", "products", "item", "order", "orders", "other", "misc", "miscellaneous", "none",
        "null", "nil", "na", "not", "available", "applicable", "specified", "provided", "recorded", "entered", "see",
        "comment", "comments", "note", "notes", "text", "free", "home", "patient", "own", "supplied", "supply",
        "new", "active", "test", "undefined", "tbd", "description", "display", "code", "no", "information", "unable",
        "to", "obtain", "medicinal", "prescribed", "prescription", "rx", "study", "trial", "investigational",
        "compound", "compounded", "formulary", "non", "various", "multiple",
    }
)
# fmt: on
SEPARATORS = frozenset({"/", "-", "&", "+", ",", ";", "|", "(", ")", "and", "with", "w"})


def beside_words(vocabulary: DosingVocabulary) -> frozenset[str]:
    """Every word that may stand in a name without being an ingredient."""
    spelled = {word for name in vocabulary.dose_forms for word in name.replace(" ", "-").split("-")}
    routes = {word for name in vocabulary.route_words for word in name.split()}
    return SALTS | RELEASE_LETTERS | RELEASE_WORDS | REMARKS | spelled | routes | frozenset(vocabulary.units)


def is_usable(tokens: Sequence[NameToken], beside: frozenset[str]) -> bool:
    """Whether any word could be the name of a drug: longer than an abbreviation, and no form, unit or remark.

    Two parts of salts are a salt ("potassium chloride"), one alone is not.
    """
    return len({token.text for token in tokens if token.text in SALTS}) > 1 or any(
        token.is_word and len(token.text) > len("iv") and token.text not in beside and token.text not in EMPTY_WORDS
        for token in tokens
    )
