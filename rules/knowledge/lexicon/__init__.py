"""The words of medication names and of written dosages, with what each stands for."""
