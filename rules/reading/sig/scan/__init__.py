"""The scan of a written dosage: its text becomes lexemes, with a cursor among them and a reader of numbers."""
