"""python -m asyncload.live: the process that serves a run's page; the run is on its standard input."""

from asyncload.live.child import main

if __name__ == "__main__":
    main()
