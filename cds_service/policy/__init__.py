"""The policy in force: the site's policy, its own words for cards, the tenants and their keys, of their files.

``files`` reads them as one; ``configuration`` is what they come to, validated as a whole; ``watch`` puts a changed one
in force in every process, or refuses it; ``modes`` are what a refused one may still switch off.
"""

__all__ = ["configuration", "files", "modes", "watch"]
