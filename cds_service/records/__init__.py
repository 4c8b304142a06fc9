"""What is kept of calls: what was shown, what was answered, what is snoozed, and the audit. Nothing else is."""
