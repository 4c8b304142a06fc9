"""Settings of every test run: a test is judged by what it finds, never by chance or by how busy the machine is."""

import os

from hypothesis import HealthCheck, settings

# What one test run keeps of its calls must not decide what the next one shows.
os.environ["BENZO_CDS_STORE"] = "none"
# Limits that a busy machine does not reach. A test of a limit sets its own. The pause before a busy FHIR server is
# asked again, half of the time for connecting, is not shorter than the deadline: nobody waits for it.
os.environ |= {
    "BENZO_CDS_CALL_SECONDS": "60",
    "BENZO_CDS_TIMEOUT_SECONDS": "120",
    "BENZO_CDS_FHIR_DEADLINE_SECONDS": "5",
    "BENZO_CDS_FHIR_CONNECT_SECONDS": "10",
    "BENZO_CDS_STORE_SECONDS": "10",
}

# The same examples in every run; `make attack` looks for new ones.
settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("repeatable")
