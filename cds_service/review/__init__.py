"""The pages for those who review what the service does."""
