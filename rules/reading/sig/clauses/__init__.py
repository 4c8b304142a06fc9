"""The clauses of a written dosage: how each is read from the lexemes, and where its value goes in the draft."""
