"""Locustfiles of many forms become scenarios: what is called, how often, with what."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asyncload.locust.importer.phases import Wanted
from asyncload.scenario import Top
from tests.real.importing import HEAD, Case, Read, look, read

BEGINNING = """\
import os
import time
import boto3
from botocore.config import Config
from locust import events, task
from locust.contrib.fasthttp import FastHttpUser

ENDPOINT = os.environ["ENDPOINT_NAME"]
ROW = "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"


class BotoClient:
    def __init__(self, host):
        tuned = Config(retries={"max_attempts": 100})
        self.runtime = boto3.client("sagemaker-runtime", region_name="us-east-1", config=tuned)

    def _send(self, model):
        row = {"request_type": "InvokeEndpoint", "name": "SageMaker", "response": None, "response_length": 0,
               "context": {}, "exception": None}
        begun = time.perf_counter()
        try:
            reply = self.runtime.invoke_endpoint(
                EndpointName=ENDPOINT, Body=ROW, ContentType="text/csv", TargetModel=model)
            row["response_length"] = len(reply["Body"].read())
        except Exception as error:
            row["exception"] = error
        row["response_time"] = (time.perf_counter() - begun) * 1000
        events.request.fire(**row)

    def sendPopular(self):
        self._send("xgboost-0.tar.gz")

    def sendRest(self):
        self._send("xgboost-1.tar.gz")


class BotoUser(FastHttpUser):
    abstract = True

    def __init__(self, environment):
        super().__init__(environment)
        self.client = BotoClient(self.host)


class ModelUser(BotoUser):
    @task(3)
    def popular(self):
        self.client.sendPopular()

    @task
    def rest(self):
        self.client.sendRest()
"""
"""What this project began with."""

CASES = {
    "beginning": Case(BEGINNING, {"environment": {"ENDPOINT_NAME": "xgboost-mme"}}),
    "nested": Case(
        HEAD
        + """
class Reading(TaskSet):
    wait_time = constant(9)
    @task(10)
    def read(self): call("read")
    @task
    def stop(self): self.interrupt()
class Reader(User):
    wait_time = between(1, 3)
    tasks = {Reading: 1}
    @task
    def buy(self): call("buy")
"""
    ),
    "sequence": Case(
        HEAD
        + """
class Steps(SequentialTaskSet):
    @task
    def one(self): call("one")
    @task(2)
    def two(self): call("two")
    @task
    class Inside(TaskSet):
        @task
        def three(self):
            call("three")
            self.interrupt()
class Walker(User):
    tasks = [Steps]
"""
    ),
    "markov": Case(
        HEAD
        + """
class Chain(MarkovTaskSet):
    @transitions({"b": 1, "c": 1})
    def a(self): call("a")
    @transition("a")
    def b(self): call("b")
    @transitions([("a", 1), ("b", 3)])
    def c(self): call("c")
class Walker(User):
    tasks = [Chain]
"""
    ),
    "dict_and_functions": Case(
        HEAD
        + """
def first(user): call("first")
def second(user): call("second")
class Own(User):
    tasks = {first: 3, second: 2}
class Listed(User):
    weight = 3
    tasks = [first, (second, 3)]
"""
    ),
    "tags": Case(
        HEAD
        + """
class Tagged(User):
    @tag("a")
    @task
    def one(self): call("one")
    @tag("a", "slow")
    @task(3)
    def two(self): call("two")
    @tag("b")
    @task(5)
    def three(self): call("three")
""",
        {"tags": ("a", "b"), "exclude_tags": ("slow",)},
    ),
    "classes": Case(
        HEAD
        + """
class One(User):
    @task
    def t(self): call("one")
class Two(User):
    @task
    def t(self): call("two")
class Three(User):
    @task
    def t(self): call("three")
""",
        {"classes": ("One", "Three")},
    ),
    "fixed": Case(
        HEAD
        + """
class Few(User):
    fixed_count = 2
    @task
    def t(self): call("few")
class Many(User):
    @task
    def t(self): call("many")
""",
        {"wanted": Wanted(users=10)},
    ),
    "draws": Case(
        HEAD
        + """
from random import choices as pick
from numpy.random import choice
MODELS = [f"m{i}.tar.gz" for i in range(6)]
class Drawing(User):
    @task
    def weighted(self): call(pick(MODELS, weights=[6, 5, 4, 3, 2, 1])[0], random.choice(["r1", "r2", "r3"]))
    @task
    def threshold(self):
        if random.random() < 0.8:
            call("hot")
        else:
            call("cold", json.dumps([random.gauss(0, 1) for _ in range(3)]))
    @task
    def numpys(self): call(str(choice(["n", "o"], p=[0.75, 0.25])), f"row {choice(99, size=1, replace=False)[0] % 3}")
    @task
    def ids(self): call("with-id", InferenceId=f"{random.getrandbits(64):x}")
"""
    ),
    "many": Case(
        HEAD
        + """
MODELS = [f"xgb-{i}.tar.gz" for i in range(300)]
WEIGHTS = list(itertools.accumulate((i + 1) ** -1.1 for i in range(300)))
ROWS = [f"{i},{i + 1}" for i in range(500)]
class Drawing(User):
    @task
    def t(self): call(random.choices(MODELS, cum_weights=WEIGHTS)[0], random.choice(ROWS))
"""
    ),
    "own_model": Case(
        HEAD
        + """
class Loyal(User):
    def on_start(self):
        self.model = random.choice(["a", "a", "b"])
        call("warm-up")
    @task
    def t(self): call(self.model)
"""
    ),
    "counted": Case(
        HEAD
        + """
class Counted(User):
    number = itertools.count()
    def on_start(self): self.model = f"m{next(self.number) % 2}"
    @task
    def t(self): call(self.model)
class Turning(User):
    models = itertools.cycle(["x", "y", "x"])
    @task
    def t(self): call(next(self.models))
"""
    ),
    "several": Case(
        HEAD
        + """
class Session(User):
    wait_time = constant_pacing(2)
    @task
    def session(self):
        call("first", Accept="application/json")
        time.sleep(5)
        for _ in range(random.choice([1, 3])):
            call("second", CustomAttributes="k=v", TargetVariant="blue")
        requests_done = self.environment.runner.stats
    @task
    def nothing(self): pass
""",
        {"wanted": Wanted(users=50)},
    ),
    "http": Case(
        HEAD
        + """
import requests, urllib3, urllib.request
PATH = "/endpoints/mme/invocations"
def headers(model):
    return {"Content-Type": "text/csv", "X-Amzn-SageMaker-Target-Model": model, "X-Own": "1"}
class Plain(HttpUser):
    @task
    def t(self): self.client.post(PATH, data="1,2", headers=headers("requests"), name="requests")
    @task
    def ping(self): self.client.get("/ping")
class Fast(FastHttpUser):
    @task
    def t(self):
        with self.client.post(PATH, data="1,2", headers=headers("fast"), catch_response=True) as reply:
            if reply.status_code != 200 or not reply.text:
                reply.failure("no")
class Others(User):
    @task
    def r(self): requests.post(self.host + PATH, data=b"1,2", headers=headers("bare"))
    @task
    def u(self): urllib3.PoolManager().request("POST", self.host + PATH, body=b"1,2", headers=headers("pool"))
    @task
    def l(self):
        request = urllib.request.Request(self.host + PATH, b"1,2", headers("library"))
        assert urllib.request.urlopen(request).read()
""",
        {"host": "http://127.0.0.1:8089"},
    ),
    "session": Case(
        HEAD
        + """
class Profiled(User):
    def on_start(self):
        session = boto3.Session(profile_name="prod")
        self.runtime = session.client("sagemaker-runtime", config=Config(retries={"mode": "standard"}))
    @task
    def t(self): self.runtime.invoke_endpoint(EndpointName="mme", Body=b"\\xff", InferenceComponentName="ic-1")
"""
    ),
    "options": Case(
        HEAD
        + """
@events.init_command_line_parser.add_listener
def _(parser): parser.add_argument("--model", default="none")
@events.init.add_listener
def _(environment, **_): environment.model = environment.parsed_options.model
@events.test_start.add_listener
def _(environment, **_): environment.rows = ["1", "2"]
class Optional(User):
    @task
    def t(self): call(self.environment.model, self.environment.rows[0])
""",
        {"arguments": ("--model", "chosen")},
    ),
    "replies": Case(
        HEAD
        + """
class Reading(User):
    @task
    def number(self): assert float(call("number")["Body"].read()) >= 0
    @task
    def predictions(self): json.loads(call("predictions")["Body"].read())["predictions"][0]["score"]
    @task
    def listed(self): json.loads(call("listed")["Body"].read())[0][0] + 1
    @task
    def own(self): assert json.loads(call("own")["Body"].read())["mine"] == [1]
""",
        {"reply": b'{"mine": [1], "predictions": [{"score": 1}]}', "keep_going": True},
    ),
    "retrying": Case(
        HEAD
        + """
class Stubborn(User):
    @task
    def t(self):
        while True:
            try:
                return call("a")
            except Exception:
                time.sleep(1)
"""
    ),
    "shape": Case(
        HEAD
        + """
class Steps(LoadTestShape):
    def tick(self):
        run_time = self.get_run_time()
        return (10, 5) if run_time < 10 else (40, 20) if run_time < 30 else None
class Paced(User):
    wait_time = constant_throughput(0.5)
    @task
    def t(self): call("a")
"""
    ),
    "writing": Case(
        HEAD
        + """
LOG = open("results.csv", "w")
os.makedirs("out/of/here", exist_ok=True)
class Writing(User):
    @task
    def t(self):
        call("a")
        print("a line", file=LOG)
"""
    ),
    "asking": Case(
        HEAD
        + """
ACCOUNT = boto3.client("sts").get_caller_identity().get("Account", "none")
class Asking(User):
    @task
    def t(self):
        call("a")
        boto3.client("cloudwatch").put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1}])
"""
    ),
    "greenlets": Case(
        HEAD
        + """
import gevent
class Parallel(User):
    @task
    def t(self): gevent.joinall([gevent.spawn(call, model) for model in ("a", "b")], raise_error=True)
"""
    ),
    "impatient": Case(
        HEAD
        + """
QUICK = boto3.client("sagemaker-runtime", region_name="us-east-1", config=Config(read_timeout=5, connect_timeout=2))
class Impatient(User):
    @task
    def t(self): QUICK.invoke_endpoint(EndpointName="mme", Body=b"x")["Body"].read()
"""
    ),
    "mixed": Case(
        HEAD
        + """
class Hasty(FastHttpUser):
    network_timeout = 1.5
    @task
    def t(self): self.client.post("/endpoints/mme/invocations", data="x", headers={"Content-Type": "text/csv"}).text
class Slow(User):
    @task
    def t(self): call("slow")["Body"].read()
""",
        {"host": "https://h"},
    ),
    "unseen": Case(
        HEAD
        + """
import numpy
GENERATOR = numpy.random.default_rng(5)
class Normal(User):
    @task
    def t(self): call("above" if GENERATOR.normal() > 0 else "below")
"""
    ),
    "named": Case(
        HEAD
        + """
class Named(FastHttpUser):
    def send(self, number):
        CLIENT.invoke_endpoint(EndpointName=self.host.split("/")[-1], Body=b"1", TargetModel=f"model-{number}.tar.gz")
    @task(8)
    def few(self): self.send(random.randint(0, 10))
    @task
    def rest(self): self.send(random.randint(11, 49))
""",
        {"host": "https://my-mme"},
    ),
    "newer": Case(
        HEAD
        + """
class Own(TaskSet):
    tasks = [lambda self: call("a"), lambda self: call("b")]
    def get_next_task(self): return self.tasks[random.choice([0, 0, 0, 1])]
class Chooser(User):
    tasks = [Own]
"""
    ),
}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Read]:
    """All of them are looked into by one process, and converted when a test asks."""
    folder: Path = tmp_path_factory.mktemp("locustfiles")
    found = look(folder, CASES)
    return lambda name: read(folder, *found[name])


def test_the_file_that_this_project_began_with(imported: Callable[[str], Read]) -> None:
    """Two models, 3 : 1, with a note on the retries that hide refusals, and on the row that both share."""
    result = imported("beginning")
    assert [(model.name, model.weight, model.payload) for model in result.scenario.models] == [
        ("xgboost-0.tar.gz", 3, "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"),
        ("xgboost-1.tar.gz", 1, "0.345,0.224414,0.131102,0.042329,0.279923,-0.110329,-0.099358,0.0"),
    ]
    assert (result.scenario.endpoint.name, result.scenario.endpoint.region) == ("xgboost-mme", "us-east-1")
    [retries] = result.notes("retries")
    assert "one call becomes 101 requests" in retries
    assert "legacy mode, 101 attempts in all" in retries
    line = BEGINNING.splitlines().index("    @task(3)") + 1
    assert f"task popular (line {line})" in retries
    assert result.notes("rows") == ["the file reports several targets as 'SageMaker'; here each has a row of its own"]
    assert result.notes("rate")


@pytest.mark.parametrize(
    ("name", "shares"),
    [
        ("nested", {"read": 10 / 11, "buy": 1 / 11}),  # a visit is ten reads, and half of the picks are visits
        ("sequence", {"one": 0.25, "two": 0.5, "three": 0.25}),
        ("markov", {"a": 8 / 19, "b": 7 / 19, "c": 4 / 19}),
        ("dict_and_functions", {"first": 0.25 * 0.6 + 0.75 * 0.25, "second": 0.25 * 0.4 + 0.75 * 0.75}),
        ("tags", {"one": 1 / 6, "three": 5 / 6}),
        ("classes", {"one": 0.5, "three": 0.5}),
        ("fixed", {"few": 0.2, "many": 0.8}),
        ("own_model", {"a": 2 / 3, "b": 1 / 3}),
        ("counted", {"m0": 0.25, "m1": 0.25, "x": 1 / 3, "y": 1 / 6}),
        ("several", {"first": 1 / 3, "second": 2 / 3}),
        ("newer", {"a": 0.75, "b": 0.25}),
        ("greenlets", {"a": 0.5, "b": 0.5}),
    ],
)
def test_shares_are_those_of_the_file(imported: Callable[[str], Read], name: str, shares: dict[str, float]) -> None:
    """Class weights, nested task sets, sequences, chains, tags and draws make the shares that Locust would make."""
    assert imported(name).shares == pytest.approx(shares, rel=1e-9)


def test_draws_are_exact_and_payloads_kept(imported: Callable[[str], Read]) -> None:
    """`random`'s and NumPy's draws are walked, wherever their names came from; a row of random numbers is sampled."""
    result = imported("draws")
    weighted = {f"m{i}.tar.gz": (6 - i) / 21 / 4 for i in range(6)}
    others = {"hot": 0.2, "cold": 0.05, "n": 0.1875, "o": 0.0625, "with-id": 0.25}
    assert result.shares == pytest.approx(weighted | others, rel=1e-9)
    assert sorted(result.payloads["m5.tar.gz"]) == [b"r1", b"r2", b"r3"]
    assert len(set(result.payloads["cold"])) == 100
    assert sorted(result.payloads["n"]) == [b"row 0", b"row 1", b"row 2"]
    assert result.notes("sampled") == []
    assert "task threshold" in result.notes("payloads")[0]
    assert [model.inference_id for model in result.scenario.models if model.name == "with-id"] == [True]


def test_what_is_drawn_out_of_sight_is_sampled(imported: Callable[[str], Read]) -> None:
    """A normal law of NumPy's decides in C: shares are those of 2,000 runs, and their standard error is told."""
    result = imported("unseen")
    assert result.shares["above"] == pytest.approx(0.5, abs=0.05)
    [sampled] = result.notes("sampled")
    assert "2000 runs at random, the standard error of a share is at most 1.1 %" in sampled


def test_a_catalogue_is_one_family(imported: Callable[[str], Read]) -> None:
    """300 targets by cumulative weights and 500 rows are one entry, its law known by its weights."""
    result = imported("many")
    [model] = result.scenario.models
    assert (model.name, model.count) == ("xgb-{i}.tar.gz", 300)
    assert result.imported.document["models"] == [
        {
            "name": "xgb-{i}.tar.gz",
            "count": 300,
            "popularity": {"zipf": 1.1},
            "content_type": "text/csv",
            "payload": {"file": "many-payloads/xgb-i.csv", "each": "line"},
        }
    ]
    assert sorted(result.payloads["xgb-7.tar.gz"]) == sorted(f"{i},{i + 1}".encode() for i in range(500))


def test_what_a_task_does_beside_its_calls_is_noted(imported: Callable[[str], Read]) -> None:
    """Several calls, sleeps, tasks without a call, headers, and the wait that belongs to a task and not to a call."""
    result = imported("several")
    assert "task session (line 12) makes up to 4 calls" in result.notes("several calls")[0]
    assert result.notes("sleeps") == ["tasks sleep, and calls do not wait for that here: 5 s (line 15)"]
    assert result.notes("no call") == ["no call of InvokeEndpoint is made by task nothing (line 19)"]
    assert result.headers["second"]["X-Amzn-SageMaker-Target-Variant"] == "blue"
    assert result.headers["second"]["X-Amzn-SageMaker-Custom-Attributes"] == "k=v"
    assert result.headers["first"]["Accept"] == "application/json"
    # (3 + 0) / 2 calls a task, one task every 2 s
    assert result.imported.document["phases"] == [{"users": 50, "pace": "1.333333333s", "for": "1m"}]


def test_calls_in_on_start_are_no_traffic(imported: Callable[[str], Read]) -> None:
    result = imported("own_model")
    assert result.notes("on_start") == ["calls outside of tasks are left out: on_start (line 8)"]


def test_orders_that_are_not_drawn_are_told(imported: Callable[[str], Read]) -> None:
    """A cycle of models is one round; users that are numbered when they start are a sample."""
    result = imported("counted")
    assert "goes through 3 runs in an order of its own" in result.notes("order")[0]
    assert result.notes("sampled") == ["Counted draws when it starts: 200 starts at random are taken"]


def test_every_http_client_is_recorded(imported: Callable[[str], Read]) -> None:
    """requests, urllib3, Python's own library and both of Locust's clients end at the same wire."""
    result = imported("http")
    third = 1 / 2.5 / 3
    expected = {"requests": 0.5 / 2.5, "fast": 1 / 2.5, "bare": third, "pool": third, "library": third}
    assert result.shares == pytest.approx(expected, rel=1e-9)
    assert result.scenario.endpoint.url == "http://127.0.0.1:8089"
    assert all(pool == [b"1,2"] for pool in result.payloads.values())
    assert result.notes("other requests") == [
        "not InvokeEndpoint, and left out: GET http://127.0.0.1:8089/ping (line 18)"
    ]
    assert result.notes("headers") == ["a scenario has no key for x-own"]
    assert result.notes("signature")
    assert "(line 22)" in result.notes("failures")[0]


def test_sessions_profiles_and_regions_of_the_environment(imported: Callable[[str], Read]) -> None:
    """A profile of any name works, its region is left to where asyncload runs, and bytes are bytes."""
    result = imported("session")
    assert (result.scenario.endpoint.region, result.scenario.endpoint.url) == (None, None)
    assert result.notes("profile") == ["the file uses the AWS profile prod: run with AWS_PROFILE=prod"]
    assert result.notes("region")
    assert result.payloads == {"ic-1": [b"\xff"]}
    assert "standard mode" in result.notes("retries")[0]


def test_options_of_the_files_own(imported: Callable[[str], Read]) -> None:
    """Listeners of init and test_start run, and the file's own options are parsed by Locust's parser."""
    result = imported("options")
    assert result.payloads == {"chosen": [b"1"]}


def test_a_reply_is_tried_until_a_task_takes_it(imported: Callable[[str], Read]) -> None:
    """A reply that was given is the only one; a task that does not take it is left out with --keep-going, and told."""
    result = imported("replies")
    assert set(result.shares) == {"number", "predictions", "listed", "own"}  # each has called before it failed
    left = "\n".join(result.notes("left out"))
    assert "task number" in left
    assert "task listed" in left
    assert "task predictions" not in left
    assert "task own" not in left


def test_a_loop_of_the_files_own_retries_too(imported: Callable[[str], Read]) -> None:
    """Attempts are counted, not read from a configuration: who tries for ever is stopped at a thousand."""
    [retries] = imported("retrying").notes("retries")
    assert "one call becomes 1000 requests" in retries


def test_a_load_shape_of_paced_users_is_a_rate(imported: Callable[[str], Read]) -> None:
    result = imported("shape")
    assert result.imported.document["phases"] == [
        {"law": "poisson", "rate": "5/s", "for": "10s"},
        {"law": "poisson", "rate": "20/s", "for": "20s"},
    ]


def test_patience_carries_over(imported: Callable[[str], Read]) -> None:
    """How long the file waits for a reply is the scenario's timeout, where that is its own and the same for all."""
    assert imported("impatient").scenario.limits.timeout_ns == 5_000_000_000
    assert imported("beginning").scenario.limits.timeout_ns == 70_000_000_000
    mixed = imported("mixed")
    assert mixed.scenario.limits.timeout_ns == 70_000_000_000
    [note] = mixed.notes("timeouts")
    assert "1.5 s, 60 s" in note


def test_a_name_in_the_place_of_a_host(imported: Callable[[str], Read]) -> None:
    """`-H https://NAME`, from which many files take the endpoint's name, names it here too; two ranges join."""
    result = imported("named")
    assert (result.scenario.endpoint.name, result.scenario.endpoint.url) == ("my-mme", None)
    assert result.notes("host") == ["-H https://my-mme is taken for the endpoint's name, as the file takes it"]
    [model] = result.scenario.models
    assert (model.name, model.count) == ("model-{i}.tar.gz", 50)
    assert model.popularity == Top(top=11, share=0.888888888889)


def test_nothing_is_written(imported: Callable[[str], Read]) -> None:
    """A file that is opened for writing forgets; a folder is not made; and both are told."""
    result = imported("writing")
    assert result.shares == {"a": 1.0}
    folder = Path.cwd()
    assert not (folder / "results.csv").exists()
    assert not (folder / "out").exists()
    [files] = result.notes("files")
    assert "writes results.csv (line 10)" in files
    assert "makes the folder" in files


def test_other_services_are_answered_with_nothing(imported: Callable[[str], Read]) -> None:
    """STS and CloudWatch have empty replies in their own forms; what was asked is told."""
    result = imported("asking")
    assert result.shares == {"a": 1.0}
    [others] = result.notes("other requests")
    assert "sts" in others
    assert "monitoring" in others


def test_what_a_task_set_chooses_itself_is_taken_for_a_draw(imported: Callable[[str], Read]) -> None:
    assert "Own choose the next task in a way of their own" in imported("newer").notes("order")[0]


def test_a_wait_time_of_a_task_set_is_left_out(imported: Callable[[str], Read]) -> None:
    assert imported("nested").notes("waits") == ["Reading have a wait time of their own, which is left out"]
