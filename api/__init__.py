"""The HTTP side: query API, webhooks, health and metrics. Asks the city behind `api.ports`, decides nothing."""
