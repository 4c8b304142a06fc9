"""The shell of Benzo-CDS: everything that touches the world (HTTP, FHIR, files). It judges nothing; ``rules`` does."""
