"""
The crosscheck: one scenario sent by asyncload and by Locust in turns, and whether they agree on what they saw.

    from asyncload.crosscheck import crosscheck

    print(crosscheck(Scenario.load("scenario.yaml")).judgement.answer)
"""

from asyncload.crosscheck.check import crosscheck
from asyncload.crosscheck.options import CrosscheckOptions
from asyncload.crosscheck.outcome import Crosscheck

__all__ = ["Crosscheck", "CrosscheckOptions", "crosscheck"]
