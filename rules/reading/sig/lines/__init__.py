"""The dosage lines of a written dosage: a draft that was read becomes lines of the model, in steps."""
