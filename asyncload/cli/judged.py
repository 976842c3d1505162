"""A run that was measured before, judged by other objectives than its own."""

from asyncload.errors import Problem, ScenarioError
from asyncload.result import RunResult
from asyncload.slo.checking import Setting, objective_mistake


def judged(result: RunResult, slo: tuple[str, ...]) -> RunResult:
    """
    Put other objectives in the place of a run's own, if there are any.

    Raises:
        UsageError: If one cannot be read, or cannot be meant of this run; all of them at once.
    """
    problems = [Problem("--slo", mistake) for text in slo for mistake in [objective_mistake(text)] if mistake]
    if not problems:
        setting = Setting([model.name for model in result.models], closed=result.closed)
        problems = [Problem(f"--{path}", mistake) for path, mistake in setting.mistakes(slo, ())]
    if problems:
        raise ScenarioError("options", problems)
    return result.judged_by(slo) if slo else result
