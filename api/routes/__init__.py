"""The routes, one module a subject; each gives a router around the city it asks."""
