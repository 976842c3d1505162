"""
What is played.

    laws        how long things take                                                  pure
    faults      what goes wrong on purpose                                            pure
    endpoint    an endpoint: variants, instances, models
    emulator    all of it: endpoints, keys, scale, seed
    presets/    some to begin with
"""
