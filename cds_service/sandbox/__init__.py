"""The demonstration: an embedded FHIR sandbox with invented patients, and a page that orders as an EHR does."""
