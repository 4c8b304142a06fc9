"""FHIR in and out: a tolerant reader of parsed JSON into :mod:`rules.model`, and what writes and fetches resources."""
