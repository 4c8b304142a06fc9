"""What was ordered. Reads a medication's codes, names and listed ingredients to a :class:`Product` of our agents with
strengths, form, route and release, or to the reason why there is none (:class:`UnknownProduct`, :class:`NotRelevant`).
"""

from rules.reading.product.product import NotRelevant, Product, Resolved, UnknownProduct
from rules.reading.product.purpose import purposes_of_product
from rules.reading.product.resolve import prepare, read_name, resolve

__all__ = [
    "NotRelevant",
    "Product",
    "Resolved",
    "UnknownProduct",
    "prepare",
    "purposes_of_product",
    "read_name",
    "resolve",
]
