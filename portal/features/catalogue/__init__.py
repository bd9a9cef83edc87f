"""What is sold, when, for how much and to how many: products, categories, prices, calendar, slots (BK-1, BK-2).

The tables are the truth; pages and bookings read two snapshots in memory, the catalogue and the places
left, which NOTIFY keeps fresh. Slots are made from weekly patterns ahead of the sale; a change of a
pattern never strands a sold ticket. Prices are rules with a name, and a ticket keeps the name of the rule
that set its price.
"""
