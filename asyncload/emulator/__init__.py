"""
An emulator of the SageMaker runtime for developers without AWS, and the independent witness of this project's tests.

It knows nothing of asyncload's client side: signatures are verified with botocore, times come from its own clock.

    config     what it plays: endpoints, models, credentials
    service    laws of the service time                     pure
    freeze     a clock that a stall stops                   pure
    pool       workers and their bounded queue              pure
    signature  is this request signed as AWS wants it?      pure
    answers    AWS's shapes of every reply                  pure
    endpoint   what one request meets, in order     pure
    deadlines  waiting for a moment, finer than the loop
    truth      one row per request, in memory and in a file
    control    stall, truth, health, reset
    process    serve until told to stop
    command    the same, ended by signals
"""

from asyncload.emulator.command import run
from asyncload.emulator.config import DEMO_CREDENTIALS, Emulator
from asyncload.emulator.process import Listen, serve

__all__ = ["DEMO_CREDENTIALS", "Emulator", "Listen", "run", "serve"]
