"""Locust's files and processes: a scenario becomes a locustfile, a locustfile becomes a scenario, and one is run."""
