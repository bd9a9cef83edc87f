"""The permission policy: whole versions in PostgreSQL, the newest in force in every process (PO-1 … PO-7).

``rbac/`` knows what a policy means. This slice keeps its versions and changes them in one way only: a draft
(``drafts.py``, ``rebasing.py``) is edited, reviewed (``review.py``: lines, people, assertions, findings;
``replay.py``: the decisions of 90 days) and released by a second person (``service.py``). Moves of people, roles,
requests for access, imports and the return of an earlier version are drafts too. ``holders.py`` tells in which
processes a version is in force.

A process that has lost sight of the database keeps no policy longer than ``GRACE_SECONDS`` (``core/notify.py``):
then it refuses rather than answer by an old one.
"""
