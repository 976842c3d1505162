"""
The drive: send the plan's calls when they are due, and never wait.

    drive      the stages of a plan, one after the other
    walk       HOT an open stage: absolute deadlines
    crowd      HOT a closed stage: users, each of whom has one call in flight at most
    wiring     what both send through and count in
    waiting    coming back when something is due
    ahead      drawing the next block before it is needed
"""

from asyncload.drive.drive import BLOCK, Drive
from asyncload.drive.wiring import Tally, Wiring

__all__ = ["BLOCK", "Drive", "Tally", "Wiring"]
