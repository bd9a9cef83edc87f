"""The audit trail's pages; how it is written and verified is in ``core/audit.py``."""
