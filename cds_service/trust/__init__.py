"""Who may call, and what each caller has chosen: tenants, their keys and tokens."""
