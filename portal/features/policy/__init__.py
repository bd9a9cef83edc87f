"""The permission policy in PostgreSQL: whole versions, the newest in force in every process (PO-1, PO-4).

``rbac/`` knows what a policy means; this slice keeps its versions and tells the processes of a new one. A
process that has lost sight of the database keeps no policy longer than ``STALE_SECONDS``: then it refuses
rather than answer by an old one.
"""
