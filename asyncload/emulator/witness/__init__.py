"""
What is written down.

    truth       one row per request, one per event on an instance
    strain      is the emulator itself too slow?                                      pure
    witness     all of that, CloudWatch's minutes too
"""
