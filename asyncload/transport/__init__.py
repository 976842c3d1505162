"""
Ways to the endpoint, each an `asyncload.call.Transport` made from one `Wire`.

    raw    our own wire: sockets on the loop, for load
    aio    aiohttp, for people behind proxies
    sdk    aiobotocore's own `invoke_endpoint`: what an SDK caller sees

All three send one attempt per call, and end every call exactly once; one contract suite holds them to it.
"""
