"""The knowledge put into words: entries as ``knowledge show`` prints them, and the generated pages of ``docs/``."""

__all__ = ["docs_pages", "knowledge_text"]
