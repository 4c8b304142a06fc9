"""Every sentence of a card: the summary, the reasons, and the phrases and figures that they are made of."""

__all__ = ["hazard_reasons", "markdown", "phrases", "reasons", "summary"]
