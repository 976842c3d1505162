"""
A locustfile becomes a scenario.

    conversion ── child ══ a process of its own ══ probe
        │                                            ├── confine   nothing leaves the machine, nothing is written
        ├── targets families pools phases notes      ├── loading   Locust's own loader
        └── writing                                  ├── users     classes, task sets, tasks
                                                     ├── chance exploration   every way that a task's draws can go
                                                     └── wire      requests end here, as they would be on the wire

`findings` is what the two processes tell each other, in JSON. Nothing here but `probe` imports Locust, gevent or boto3,
and nothing but `child` starts a process.
"""
