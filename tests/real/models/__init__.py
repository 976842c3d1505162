"""
What the artefacts for Multi Model Server hold: each file here is the `model.py` of one, see `tests.real.mms`.

They run in the server's workers, so they import nothing of asyncload and of the tests.
"""
