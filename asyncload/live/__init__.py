"""
A run on a page while it lasts, and past runs to browse.

    guard       who may ask: token, Host, Origin; and what every answer says to the browser
    listening   a port of the loopback, and its address with the token
    words       what a run and its page's process say to each other
    channel     the run's end of that: takes frames, never waits
    feed        the page's process, as the run sees it
    child       the page's process, as it sees itself: `python -m asyncload.live`
    course      the seconds of a run, at most some hundred rows of them
    progress    what a run has measured so far
    stream      that as server-sent events
    face        the page of a run over HTTP
    shelf       a directory of runs
    browser     past runs over HTTP

The page has a process of its own, for whatever is done on the loop that measures shows as lateness: encoding a second
of a thousand models takes a hundred times as long as handing over its arrays.
"""
