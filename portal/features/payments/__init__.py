"""Money in and out, behind one adapter interface (BK-5; DOMAIN A10).

A payment belongs to a *reference* (an order code) that this slice does not understand. A provider's notice is
believed only when it is signed, fresh, for the right amount, and it counts once. Whoever asked for the
payment registers a settlement and decides, in the same transaction, what money means: confirmed, or to be
given back. Refunds are rows with keys, carried out after the commit and repeated until the provider answers.

Providers: paying at the gate needs none; the test provider is real code behind the same interface and is
refused outside development and demo.
"""
