"""The working: an assessment as JSON, as a page of text, and as the explanation of how each order was read."""

__all__ = ["assessment_json", "explanation", "numbers", "text_page", "words"]
