"""`asyncload emulate`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

EXAMPLES = """
Examples:

\b
  asyncload emulate
  asyncload emulate --preset thrash --truth truth.sqlite
  asyncload emulate emulator.yaml --port 8090 --tls
  asyncload emulate --container mms --models models/
  AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY \\
      asyncload run scenario.yaml --endpoint-url http://127.0.0.1:8089
"""


def emulate(
    config: Annotated[
        Optional[Path], typer.Argument(metavar="[CONFIG]", help="YAML, TOML or JSON file.", show_default=False)
    ] = None,
    preset: Annotated[str | None, typer.Option(help="A configuration that comes with asyncload.")] = None,
    host: Annotated[str, typer.Option(help="Address to bind.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to bind; 0 takes a free one.", min=0, max=65535)] = 8089,
    truth: Annotated[Path | None, typer.Option(help="Write the ground-truth log, an SQLite file.")] = None,
    time_scale: Annotated[float | None, typer.Option(help="Factor on the platform's times, such as 0.01.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all draws.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Speak TLS, with a certificate made on the spot.")] = False,
    ca_file: Annotated[
        Path | None, typer.Option(help="With --tls: where clients find its authority; asyncload-emulator-ca.pem.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM file; speak TLS with it.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
    container: Annotated[
        list[str] | None,
        typer.Option(metavar="URL|mms", help="A model server for each instance; mms starts Multi Model Server."),
    ] = None,
    models: Annotated[Path | None, typer.Option(help="With --container: the folder of the models' artefacts.")] = None,
    disk: Annotated[Path | None, typer.Option(help="With --container URL: where artefacts are unpacked.")] = None,
    disk_as: Annotated[str | None, typer.Option(help="The same folder as the container sees it.")] = None,
    handler: Annotated[
        str | None, typer.Option(help="With --container mms: module:function of artefacts that name none.")
    ] = None,
) -> None:
    """Play a SageMaker multi-model endpoint on this machine."""
    from asyncload.cli.emulate import CA_FILE, Asked
    from asyncload.cli.emulate import emulate as play
    from asyncload.emulator.process import Listen

    asked = Asked(
        config=config, preset=preset, truth=truth, time_scale=time_scale, seed=seed,
        ca_file=ca_file, containers=tuple(container or ()), models=models, disk=disk, disk_as=disk_as, handler=handler,
    )  # fmt: skip
    made = (ca_file or CA_FILE) if tls else None
    play(asked, Listen(host=host, port=port, authority=made, certificate=certificate, key=key))
