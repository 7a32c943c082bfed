"""Reading stores behind `pipeline.ports.ReadingStore`: InfluxDB 1.6 to 3.x, and DuckDB embedded, equal results."""
