"""
What stands behind an instance: `backend` says what that is.

    draws, pool, simulated    laws
    line, container           a real model server, by SageMaker's container contract
    artefacts, disk           where its models come from, and lie
    recipe, mms, watchdog     Multi Model Server, started here and ended however this ends
    sources                   where backends come from
"""
