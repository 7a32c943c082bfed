"""Grafana dashboards as data; their generator comes with the dashboards themselves."""
