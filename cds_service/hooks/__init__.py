"""CDS Hooks: discovery, requests, prefetch, answers, feedback and the errors that clients are told of."""
