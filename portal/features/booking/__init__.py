"""From a free place to a ticket in the hand, and back (BK-3 to BK-8, BK-10 to BK-12, RK-6).

Where to read what:

    rules/         documents, parties, refunds, states, blocks, waiting: pure functions
    place.py       prices worked out, personal data sealed, an order made ready
    booker.py      the one task of a process that books: everything waiting in one statement and one commit
    orders.py      after the booking: paid, expired, cancelled;  change.py  moved;  closure.py  closed by us
    places.py      places given back: withheld, offered, sold again;  waitlist.py  who waits for them
    window.py      the same inventory over a counter, with a drawer that balances
    day_end.py     reminders, unused tickets;  blocks.py  suspensions and appeals;  privacy.py  one's own data
    goals.py       success and failure, from attempts that the booker and attempts.py count
    pages/         what visitors and staff see

Decisions:

- *Nothing is oversold.* The counter of a slot, its CHECK and the tickets change in one transaction, whoever
  sells. A document counts once for a product and day by a unique index over its keyed digest.
- *Nothing is booked twice.* Each form carries a key; the first order of a key answers every repeat.
- *Locks in one order.* An act locks the order first, then slots by id; the booker locks slots only.
- *A place given back is not free at once.* It stands in ``slot.withheld``, for the waiting list first and for
  everybody at a moment nobody knows, so that cancelling and booking again under another name gains nothing.
- *Prices come from the catalogue,* never from the form; a ticket keeps the name of the rule that set its price.
- *Personal data* is sealed with a key of the visit day. Destroying that key destroys the data, in backups too.
- *An order's page* opens by a secret link or by code and phone number. Neither stands in a log.
"""
