"""
Live streams of a run: metrics for Prometheus to scrape, metrics and spans for an OpenTelemetry collector.

    run ── on_snapshot ──> Stream ── pipe, once a second ──> serve, a process of its own ──┬──> GET /metrics
           a queue         a thread                                                        └──> POST /v1/...

Nothing of it runs on the loop that measures but putting a snapshot into a queue: to write a thousand models' metrics
down takes a second of Python, and a thread that does it takes the interpreter from the loop for milliseconds at a time.
"""
