"""The benchmark suite: every figure of README and RESULTS.md, measured by `python -m bench`."""
