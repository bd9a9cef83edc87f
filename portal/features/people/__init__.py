"""People with an account: who they are, how they prove it, and their sessions.

Sign-in asks for a password (argon2id) and, when the account has one, a second factor (TOTP, RFC 6238, or a
recovery code). What the policy knows of a person is the user name; roles and lines are policy, never a
column here.

Decisions: an account locks for a growing time after wrong attempts, counted in PostgreSQL so that it
holds for all processes; an unknown user name costs as much time as a known one; a code is good once;
every attempt is on the audit trail.
"""
