"""``benzo-cds config check``: the configuration explained, tried, and what is wrong with it."""
