"""What is in force when: the medication record as entries with their supply windows, and how they stand on a day.

:func:`read_record` reads a patient's regimens into entries. :func:`view` tells how each of them stands on a day:
whether it counts beside the others, is present, or is neither, and why. :func:`exposure` is the use of a class over
time.
"""

from rules.timeline.exposure import earliest_record, exposure
from rules.timeline.in_force import Viewpoint
from rules.timeline.presence import Presence
from rules.timeline.record import MedicationRecord, RecordEntry
from rules.timeline.record_reader import read_record
from rules.timeline.renewals import follow_each_other, of_two_prescribers, therapy_of
from rules.timeline.replacement import INPATIENT_DOSE_UNKNOWN, SUPERSEDED, refers_to
from rules.timeline.status import exclusion, is_stopping
from rules.timeline.view import View, view
from rules.timeline.window import Coverage

__all__ = [
    "INPATIENT_DOSE_UNKNOWN",
    "SUPERSEDED",
    "Coverage",
    "MedicationRecord",
    "Presence",
    "RecordEntry",
    "View",
    "Viewpoint",
    "earliest_record",
    "exclusion",
    "exposure",
    "follow_each_other",
    "is_stopping",
    "of_two_prescribers",
    "read_record",
    "refers_to",
    "therapy_of",
    "view",
]
