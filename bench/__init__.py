"""`make bench`: what this service costs, beside what the same broker, database and client can do without it."""
