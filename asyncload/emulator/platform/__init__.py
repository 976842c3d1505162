"""
What stands in front of containers.

    visit       what is known of a request on its way
    steps       what is done about a model, and where a request finds it              pure
    eviction    which idle model goes first                                           pure
    holdings    what an instance holds, and who has to go                             pure
    residency   which models an instance holds, and what it does next about it        pure
    routing     which instance a request goes to                                      pure
    instance    carries out what its residency decides
    endpoint    what an invocation meets; instances come, go and die
"""
