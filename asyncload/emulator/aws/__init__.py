"""
What AWS says and wants to hear.

    signature     is a request signed as AWS wants it?                                pure
    answers       the shapes of every reply of InvokeEndpoint                         pure
    services      what else answers on the same port:
    cloudwatch/   metrics
    discovery/    which endpoints and models there are
"""
