"""
The crosscheck: one scenario sent by asyncload and by Locust in turns, and whether they agree on what they saw.

    from asyncload.crosscheck import crosscheck

    print(crosscheck(Scenario.load("scenario.yaml")).judgement.answer)
"""

from asyncload.crosscheck.check import Crosscheck, crosscheck
from asyncload.crosscheck.options import CrosscheckOptions

__all__ = ["Crosscheck", "CrosscheckOptions", "crosscheck"]
