"""The calls of a locustfile: one task per model or family, as source."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from asyncload.locust.export import spelling
from asyncload.locust.export.payloads import Pool
from asyncload.locust.export.weights import whole
from asyncload.models import Model, Top, Weights, Zipf, label_templates

_PARAMETERS = {
    "Content-Type": "ContentType",
    "Accept": "Accept",
    "X-Amzn-SageMaker-Target-Model": "TargetModel",
    "X-Amzn-SageMaker-Target-Variant": "TargetVariant",
    "X-Amzn-SageMaker-Inference-Component": "InferenceComponentName",
    "X-Amzn-SageMaker-Target-Container-Hostname": "TargetContainerHostname",
    "X-Amzn-SageMaker-Custom-Attributes": "CustomAttributes",
    "X-Amzn-SageMaker-Inference-Id": "InferenceId",
}
"""
Headers as InvokeEndpoint's parameters.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""
_BODY_INDENT = 8


@dataclass(frozen=True, slots=True)
class Task:
    """A method of the user class."""

    name: str
    decorator: str
    arguments: str
    """Behind `self`."""
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a call is made from."""

    model: Model
    name: str
    """Identifier."""
    pool: Pool
    labels: Sequence[str]
    """Of the members."""


def label_of(model: Model) -> str:
    """Return the text after which a model's task is named."""
    return label_templates(model)[0]


def constants(source: Source) -> list[str]:
    """Return what a family needs above its task: how many members, and their shares unless they are equal."""
    model, upper = source.model, source.name.upper()
    if model.count == 1:
        return []
    found = [f"COUNT_{upper} = {model.count}"]
    match model.popularity:
        case Zipf(zipf=exponent):
            share = f"(i + 1) ** -{spelling.number(exponent)}"
            found.append(f"SHARES_{upper} = [{share} for i in range(COUNT_{upper})]  # Zipf")
        case Top(top=top, share=share):
            each, rest = repr(share / top), repr((1 - share) / (model.count - top))
            found.append(f"SHARES_{upper} = [{each}] * {top} + [{rest}] * (COUNT_{upper} - {top})")
        case Weights(weights=weights):
            found.append(spelling.numbers(f"SHARES_{upper}", weights))
    if len(found) > 1:
        found.append(f"CUMULATIVE_{upper} = list(accumulate(SHARES_{upper}))")
    if _template(source) is None:
        found.append(spelling.call(f"NAMES_{upper} = [", [spelling.text(label) for label in source.labels], "]"))
    return found


def tasks(sources: Sequence[Source], client: str) -> list[Task]:
    """Return a task per model, weighted; where whole numbers will not do, one task that draws among them."""
    weights = whole([source.model.weight for source in sources])
    if weights is not None:
        decorators = ["@task" if weight == 1 else f"@task({weight})" for weight in weights]
        return [
            Task(f"call_{source.name}", decorator, "", (*_drawn(source), *_call(source, client, source.pool.draw)))
            for source, decorator in zip(sources, decorators, strict=True)
        ]
    named = [f"self.call_{source.name}" for source in sources]
    weighted = [spelling.number(source.model.weight) for source in sources]
    draw = [*_lines("models = [", named, "]"), *_lines("weights = [", weighted, "]")]
    return [
        Task("call_one", "@task", "", (*draw, "random.choices(models, weights)[0]()")),
        *(
            Task(f"call_{source.name}", "", "", (*_drawn(source), *_call(source, client, source.pool.draw)))
            for source in sources
        ),
    ]


def senders(sources: Sequence[Source], client: str) -> list[Task]:
    """Return a method per model that sends what a plan's numbers name."""
    return [
        Task(f"send_{source.name}", "", _numbers(source), tuple(_call(source, client, source.pool.item)))
        for source in sources
    ]


def _numbers(source: Source) -> str:
    member = ", i: int" if source.model.count > 1 else ""
    return member + (", payload: int" if source.pool.several else "")


def arguments(sources: Sequence[Source]) -> str:
    """Return the plan's two numbers as arguments; one that nothing depends on is named so."""
    model = "model" if sum(source.model.count for source in sources) > 1 else "_model"
    payload = "payload" if any(source.pool.several for source in sources) else "_payload"
    return f"{model}: int, {payload}: int"


def sending(sources: Sequence[Source]) -> list[str]:
    """Return the statements that find the method for the plan's number of a target."""
    lines, first = [], 0
    for number, source in enumerate(sources):
        count = source.model.count
        arguments = [f"model - {first}" if first else "model"] if count > 1 else []
        arguments += ["payload"] if source.pool.several else []
        call = f"self.send_{source.name}({', '.join(arguments)})"
        first += count
        if len(sources) == 1:
            return [call]
        last = number == len(sources) - 1
        word = "else:" if last else f"{'if' if not number else 'elif'} model < {first}:"
        lines += [word, f"    {call}"]
    return lines


def _drawn(source: Source) -> list[str]:
    """Draw the member of a family."""
    count, upper = source.model.count, source.name.upper()
    if count == 1:
        return []
    if source.model.popularity == "uniform":
        return [f"i = random.randrange(COUNT_{upper})"]
    return [f"i = random.choices(range(COUNT_{upper}), cum_weights=CUMULATIVE_{upper})[0]"]


def _call(source: Source, client: str, body: str) -> list[str]:
    family = source.model.count > 1
    template = _template(source)
    label = f"NAMES_{source.name.upper()}[i]" if template is None else _text(template, family=family)
    headers = [(name, _text(value, family=family)) for name, value in source.model.headers()]
    if source.model.inference_id:
        headers.append(("X-Amzn-SageMaker-Inference-Id", "str(uuid4())"))
    if client == "boto3":
        items = [label, *(f"{_PARAMETERS[name]}={value}" for name, value in headers), f"Body={body}"]
        return _lines("self.invoke(", items, ")")
    pairs = [f'"{name}": {value}' for name, value in headers]
    return [*_lines("headers = {", pairs, "}"), *_lines("self.invoke(", [label, "headers", body], ")")]


def _lines(opening: str, items: Sequence[str], closing: str) -> list[str]:
    """Lines of a call or a collection inside a method, without the method's indentation."""
    source = spelling.call(opening, items, closing, _BODY_INDENT)
    return source.replace("\n" + " " * _BODY_INDENT, "\n").split("\n")


def _template(source: Source) -> str | None:
    """The text from which the labels of the family follow; None if it has none."""
    members = np.arange(len(source.labels)).tolist()
    for text in label_templates(source.model):
        if all(text.replace("{i}", str(i)) == label for i, label in zip(members, source.labels, strict=True)):
            return text
    return None


def _text(value: str, *, family: bool) -> str:
    """A literal, in a family with the member's number in place of `{i}`; a model by itself is member 0."""
    if family and "{i}" in value:
        return spelling.template(value)
    return spelling.text(value.replace("{i}", "0"))
