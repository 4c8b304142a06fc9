"""Settings of every test run: a law is judged by its examples, never by the time one of them took."""

from hypothesis import settings

settings.register_profile("benzo-cds", deadline=None)
settings.load_profile("benzo-cds")
