"""Settings of every test run: a law is judged by its examples, never by the time one of them took."""

import os

from hypothesis import settings

# What one test run keeps of its calls must not decide what the next one shows.
os.environ["BENZO_CDS_STORE"] = "none"

settings.register_profile("benzo-cds", deadline=None)
settings.load_profile("benzo-cds")
