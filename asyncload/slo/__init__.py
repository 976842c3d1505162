"""
Objectives of a run: sentences such as `p99{model=xgb-*} < 250ms`, and what a result answers to them.

    metrics      what a sentence may be about: a table of names
    limits       what it may be held against: durations, shares, counts, rates
    grammar      a text -> Objective or StopRule, with every mistake and its place
    checking     what a sentence cannot mean in one scenario: models that are not there, an open loop's correction
    answers      three answers: MET, MISSED, UNDECIDED
    measuring    the numbers of a result that an objective is about, with their intervals
    judging      a result -> an answer to each objective
    watching     stop rules, held against each second of a run under way

Only what stands above a result or beside it imports the last three; the others know no result.
"""
