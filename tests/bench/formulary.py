"""What an ordinary day is made of: drugs, instructions, problems, each about as often as in outpatient practice.

A row is ``code|name|unit|weight``, or ``code|name|weight`` of a problem.
"""

from __future__ import annotations

from random import Random

COMMON = """
314076|lisinopril 10 MG Oral Tablet|tablet|9;861007|metformin hydrochloride 500 MG Oral Tablet|tablet|9
617312|atorvastatin 20 MG Oral Tablet|tablet|10;197361|amlodipine 5 MG Oral Tablet|tablet|7
866924|metoprolol tartrate 25 MG Oral Tablet|tablet|6;198051|omeprazole 20 MG Delayed Release Oral Capsule|capsule|6
966224|levothyroxine sodium 0.05 MG Oral Tablet|tablet|7;310429|furosemide 20 MG Oral Tablet|tablet|4
308182|amoxicillin 250 MG Oral Capsule|capsule|4;198145|prednisone 10 MG Oral Tablet|tablet|4
745679|albuterol 0.09 MG/ACTUAT Metered Dose Inhaler|puff|5;243670|aspirin 81 MG Oral Tablet|tablet|6
1364430|apixaban 5 MG Oral Tablet|tablet|3;310965|ibuprofen 200 MG Oral Tablet|tablet|3
200224|montelukast 10 MG Oral Tablet|tablet|3;313850|tamsulosin hydrochloride 0.4 MG Oral Capsule|capsule|3
|Vitamin D3 1000 unit tablet|tablet|4;|multivitamin tablet|tablet|3;|ondansetron 4 MG Oral Tablet|tablet|3
|fluticasone nasal spray|spray|3;|docusate 100 mg capsule|capsule|2;|insulin glargine 100 unit/mL pen|unit|3
|triamcinolone 0.1 % cream|application|2;|cephalexin 500 mg capsule|capsule|2;|melatonin 3 mg tablet|tablet|1
"""
SEDATIVES = """
308048|alprazolam 0.5 MG Oral Tablet|tablet|25;197901|lorazepam 1 MG Oral Tablet|tablet|20
197527|clonazepam 0.5 MG Oral Tablet|tablet|20;854873|zolpidem tartrate 10 MG Oral Tablet|tablet|20
197591|diazepam 5 MG Oral Tablet|tablet|10;198241|temazepam 15 MG Oral Capsule|capsule|5
"""
OPIOIDS = """
857002|acetaminophen 325 MG / hydrocodone bitartrate 5 MG Oral Tablet|tablet|40
1049621|oxycodone hydrochloride 5 MG Oral Tablet|tablet|30;835603|tramadol hydrochloride 50 MG Oral Tablet|tablet|20
892582|morphine sulfate 15 MG Extended Release Oral Tablet|tablet|6
245134|72 HR fentanyl 0.025 MG/HR Transdermal System|patch|4
"""
OTHERS = """
310431|gabapentin 300 MG Oral Capsule|capsule|30;|trazodone 50 MG Oral Tablet|tablet|20
|cyclobenzaprine 10 MG Oral Tablet|tablet|15;312940|sertraline 100 MG Oral Tablet|tablet|30
349332|escitalopram 10 MG Oral Tablet|tablet|20;|hydroxyzine 25 MG Oral Tablet|tablet|8
|quetiapine 25 MG Oral Tablet|tablet|6;|diphenhydramine 25 mg capsule|capsule|4
"""
IN_HOSPITAL = """
|Sodium Chloride 0.9% IV Soln|mL|20;|NS|mL|10;|LR|mL|10;|Lactated Ringer's 1000 mL Bag|mL|6;|D5W|mL|6;|D5 1/2NS|mL|4
|Sterile Water|mL|4;|SW|mL|2;|Syringe|each|3;|Bag|each|3;|0.9% Sodium Chloride (Mini Bag Plus)|mL|8
|Potassium Chloride 20 mEq/100 mL|mL|6;|Heparin 5000 unit/mL injection|mL|8;|ondansetron 4 mg/2 mL injection|mL|8
|ceftriaxone 1 g IVPB|g|5;|vancomycin 1 g/250 mL|mL|4;|acetaminophen 650 mg tablet|tablet|8;|pantoprazole 40 mg IV|mg|6
|Iso-Osmotic Dextrose|mL|2;|Magnesium Sulfate 2 g/50 mL|mL|3
"""
STRONG_IN_HOSPITAL = """
|HYDROmorphone 0.5 mg/0.5 mL Syringe|mg|5;|morphine 4 mg/mL injection|mg|5;|LORazepam 2 mg/mL Vial|mg|2
|fentaNYL 100 mcg/2 mL Ampule|mcg|3;|midazolam 2 mg/2 mL Vial|mg|2
"""
LOCAL = """
|Diabetic testing supplies|each|6;|Compound pain cream|application|3;|Study drug|tablet|1
|Patient's own medication|tablet|2
|Miscellaneous supply|each|4;|TPN|mL|1;|Herbal supplement|capsule|3;|Nebulizer kit|each|2;|XYZ-204 capsule|capsule|1
"""
PROBLEMS = """
I10|Essential hypertension|30;E11.9|Type 2 diabetes mellitus|14;E78.5|Hyperlipidemia|28
F41.1|Generalized anxiety disorder|10
G47.00|Insomnia|6;M54.5|Low back pain|12;K21.9|Gastroesophageal reflux disease|12;J45.909|Asthma|8
J44.9|Chronic obstructive pulmonary disease|5;G47.33|Obstructive sleep apnea|6;F32.9|Depression|12
N18.3|Chronic kidney disease stage 3|6;I48.91|Atrial fibrillation|5;E66.9|Obesity|14;M17.9|Osteoarthritis of knee|9
F10.20|Alcohol dependence|2;F43.10|Posttraumatic stress disorder|2;Z51.5|Encounter for palliative care|0.4
G40.909|Epilepsy|1;Z91.81|History of falling|3;C34.90|Lung cancer|1;Z80.0|Family history of colon cancer|4
"""
RATES = {
    1: ("daily", "once daily", "nightly at bedtime", "every morning"),
    2: ("twice daily", "BID", "every 12 hours"),
    3: ("three times daily", "TID", "every 8 hours"),
    4: ("four times daily", "every 6 hours", "QID"),
}
REMARKS = (
    "",
    "",
    "",
    "",
    " for pain",
    " for anxiety",
    " with food",
    ". Do not drive.",
    ". Refill every 30 days",
    " x 7 days",
    " for 10 days",
    ". Max 4 per day",
    " as directed",
)
HANDS = tuple(f"Practitioner/{number}" for number in range(8))


def rows(text: str) -> list[tuple[list[str], float]]:
    """The rows of a table with their weights."""
    found = [row.split("|") for row in text.strip().replace("\n", ";").split(";")]
    return [(row[:-1], float(row[-1])) for row in found]


def drawn(random: Random, text: str) -> list[str]:
    """One row of a table, by its weights."""
    found = rows(text)
    return random.choices([row for row, _ in found], [weight for _, weight in found])[0]
