"""What every slice stands on: clock, money, keys, database, audit trail, jobs. No HTTP, no features."""
