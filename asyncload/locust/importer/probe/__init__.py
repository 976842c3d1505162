"""
The process that runs a locustfile without letting it out: `python -m asyncload.locust.importer.probe`.

It reads jobs from standard input, runs each in a process of its own, and writes a line of findings for each.
"""
