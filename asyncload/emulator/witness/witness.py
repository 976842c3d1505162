"""
What is written down of requests and instances: rows of truth, CloudWatch's minutes, and whether the emulator is late.

A request ends when its reply has been handed to the socket, or when its client turns out to have gone.
"""

from time import monotonic_ns, thread_time_ns, time, time_ns
from typing import Final

from asyncload.emulator.aws.answers import Answer
from asyncload.emulator.aws.cloudwatch import Invocation, Metrics, Name
from asyncload.emulator.aws.cloudwatch.metrics import Series
from asyncload.emulator.freeze import WorkClock
from asyncload.emulator.platform.endpoint import Endpoint, all_instances
from asyncload.emulator.platform.instance import Event
from asyncload.emulator.platform.residency import Tier
from asyncload.emulator.platform.visit import Visit
from asyncload.emulator.wire.values import Left
from asyncload.emulator.witness import truth
from asyncload.emulator.witness.strain import Strain
from asyncload.emulator.witness.truth import Row, Truth

NAME_CHARACTERS: Final = 63
MODEL_CHARACTERS: Final = 1024
ID_CHARACTERS: Final = 64
"""
So much is kept of an endpoint's name, of a model's and of an inference id: those of refused requests may be longer.

Source: SageMaker Runtime API reference, InvokeEndpoint.
"""
_TIMED: Final = {"download": Name.DOWNLOADING, "load": Name.LOADING, "unload": Name.UNLOADING}


class Witness:
    """Writes everything down."""

    def __init__(self, rows: Truth, metrics: Metrics, strain: Strain, clock: WorkClock) -> None:
        """
        Args:
            rows: One for each request, and one for each event.
            metrics: CloudWatch's.
            strain: Looks at the emulator's own lateness.
            clock: Work time.
        """
        self._rows = rows
        self._metrics = metrics
        self._strain = strain
        self._clock = clock
        self._unix_offset_ns = time_ns() - monotonic_ns()

    def request(self, visit: Visit, answer: Answer, left: Left, endpoint: Endpoint | None) -> None:
        """
        Write down what became of a request.

        Args:
            visit: Its way.
            answer: What it was answered.
            left: How that was sent.
            endpoint: Where it went; None if it was refused before.
        """
        due_ns = self._clock.real_ns(visit.due_ns)
        known_ns = visit.load_ns + visit.service_ns + visit.overhead_ns
        queue_ns = max(0, due_ns - visit.arrival_ns - known_ns)
        if left.sent_ns:
            self._strain.note(due_ns + left.paced_ns, left.sent_ns)
        row = self._row(visit, answer, left, queue_ns)
        self._rows.add(row)
        if endpoint is not None:
            self._count(visit, answer, endpoint, row)

    def _row(self, visit: Visit, answer: Answer, left: Left, queue_ns: int) -> Row:
        return Row(
            seq=self._rows.rows,
            arrival_ns=visit.arrival_ns,
            arrival_unix_ns=visit.arrival_ns + self._unix_offset_ns,
            endpoint=visit.endpoint[:NAME_CHARACTERS],
            variant=visit.variant,
            instance=visit.instance,
            model=visit.model[:MODEL_CHARACTERS],
            tier=visit.tier,
            overhead_ns=visit.overhead_ns,
            load_ns=visit.load_ns,
            queue_ns=queue_ns,
            service_ns=visit.service_ns,
            sent_ns=left.sent_ns or monotonic_ns(),
            body_sha256=visit.body_sha256,
            body_bytes=visit.body_bytes,
            outcome=answer.outcome if left.sent_ns else "LOST",
            status=answer.status,
            inference_id=visit.inference_id[:ID_CHARACTERS],
            fault=visit.fault,
            paced_ns=left.paced_ns,
        )

    def event(self, endpoint: str, variant: str, event: Event) -> None:
        """Write down what happened on an instance."""
        ended_ns = event.began_ns + event.took_ns
        self._rows.event(
            truth.Event(ended_ns, endpoint, event.instance, event.what, event.model, event.took_ns, event.size_bytes)
        )
        name = _TIMED.get(event.what)
        if name is not None:
            self._metrics.add(Series(name, endpoint, variant), time(), event.took_ns / 1000)

    def sample(self, endpoints: dict[str, Endpoint]) -> None:
        """Read the gauges of all instances in service, and our own; call it every second."""
        self._strain.thread(thread_time_ns(), monotonic_ns())
        now_s = time()
        for endpoint, variant, instance in all_instances(list(endpoints.values())):
            if instance.down:
                continue
            shape, residency, busy = variant.played.instance, instance.residency, instance.backend.busy()
            gauges = (
                (Name.LOADED_MODELS, residency.hot),
                (Name.CPU, None if busy is None else 100 * shape.vcpus * busy / shape.workers),
                (Name.MEMORY, 100 * residency.memory_used_bytes / shape.memory_bytes),
                (Name.DISK, 100 * residency.disk_used_bytes / shape.disk_bytes),
            )
            for name, value in gauges:
                if value is not None:
                    self._metrics.add(Series(name, endpoint.played.name, variant.played.name), now_s, value)

    def _count(self, visit: Visit, answer: Answer, endpoint: Endpoint, row: Row) -> None:
        variant = endpoint.variants.get(visit.variant) or next(iter(endpoint.variants.values()))
        latency_ns = row.queue_ns + visit.service_ns if visit.inferred else None
        ok = visit.container_status is not None and 200 <= visit.container_status < 300
        self._metrics.invocation(
            endpoint.played.name,
            variant.played.name,
            row.arrival_unix_ns / 1e9,
            Invocation(
                status=answer.status if visit.container_status is None else visit.container_status,
                instances=len(variant.routed),
                overhead_ns=row.sent_ns - visit.arrival_ns - (latency_ns or 0),
                latency_ns=latency_ns,
                model_error=visit.container_status is not None and not ok,
                hit=visit.tier == Tier.HOT if visit.tier else None,
                wait_ns=visit.load_ns if visit.tier and visit.tier != Tier.HOT else None,
            ),
        )
