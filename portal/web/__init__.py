"""HTTP without features: respond, forms, errors, sessions, CSRF, templates, headers."""
