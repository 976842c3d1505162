"""
A run of ours as Locust would have kept it, and the files that Locust would have written of it.

    entry      what Locust keeps of a row of its statistics
    clock      our seconds as those of the wall clock
    users      how many users a closed loop has
    run        a run's entries, failures and exceptions
    course     the same second by second
    tables     CSV, in Locust's columns
"""
