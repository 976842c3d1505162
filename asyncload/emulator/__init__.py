"""
An emulator of a SageMaker multi-model endpoint for developers without AWS, and the independent witness of this
project's tests.

It knows nothing of asyncload's client side: signatures are verified with botocore, times come from its own clock.

    config/     what is played
    platform/   which model is where, who waits, where a request goes
    behind/     laws or a real model server
    aws/        signatures, replies, CloudWatch, discovery
    wire/       HTTP, and how replies are spoilt on purpose
    witness/    what is written down

    freeze, deadlines     a clock that a stall stops; waiting for a moment on it
    scene                 one running emulator, apart from its sockets
    gateway, control      what a request meets; the emulator's own switches
    outages               the faults of time, carried out
    certificate, speed    TLS made on the spot; what this core carries
    process, command      serve until told to stop; as a process of its own
"""

from asyncload.emulator.command import run
from asyncload.emulator.config.emulator import DEMO_CREDENTIALS, Emulator
from asyncload.emulator.process import Listen, Started, serve
from asyncload.emulator.scene import Setting

__all__ = ["DEMO_CREDENTIALS", "Emulator", "Listen", "Setting", "Started", "run", "serve"]
