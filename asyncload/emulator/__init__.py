"""
An emulator of a SageMaker multi-model endpoint for developers without AWS, and the independent witness of this
project's tests.

It knows nothing of asyncload's client side: signatures are verified with botocore, times come from its own clock.

    what is played
        played      an endpoint: variants, instances, models
        config      all of it: endpoints, keys, scale, seed; presets/ has some
        laws        how long things take                            pure
        faults      what goes wrong on purpose                      pure

    the platform
        residency   which models an instance holds; eviction        pure
        holdings    where they are, and who goes; steps: its words  pure
        routing     which instance a request goes to                pure
        instance    carries out what its residency decides
        endpoint    what an invocation meets; instances come and go

    behind an instance: backend is what both are
        simulated   laws; pool: workers and their queues
        container   a real model server; line, disk, artefacts; mms starts Multi Model Server

    the face
        wire/       HTTP, and how replies are spoilt; certificate
        gateway     what one HTTP request meets
        signature   is it signed as AWS wants it?                   pure
        answers     AWS's shapes of every reply                     pure
        control     the emulator's own switches
        cloudwatch/, control plane: what else AWS answers

    the witness
        truth       one row per request, one per event on an instance
        strain      is the emulator itself too slow?

    freeze, deadlines   a clock that a stall stops; waiting for a moment on it
    scene               all of that, apart from sockets
    process, command    serve until told to stop; as a process of its own
"""

from asyncload.emulator.command import run
from asyncload.emulator.config import DEMO_CREDENTIALS, Emulator
from asyncload.emulator.process import Listen, Started, serve
from asyncload.emulator.scene import Setting

__all__ = ["DEMO_CREDENTIALS", "Emulator", "Listen", "Setting", "Started", "run", "serve"]
