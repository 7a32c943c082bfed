"""From the journal to readings in a store: dedup, decode, enrich, write, account for every uplink."""
