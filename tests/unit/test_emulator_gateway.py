"""The limits of what a request may say, held against AWS's own model of the service."""

from botocore.session import get_session

from asyncload.emulator.gateway import _LONGEST


def test_no_header_may_be_longer_than_at_aws() -> None:
    """Each header of InvokeEndpoint that has a limit in botocore's service model has the same one here."""
    service = get_session().get_service_model("sagemaker-runtime")
    members = service.operation_model("InvokeEndpoint").input_shape.members.values()
    limits = {
        shape.serialization["name"].lower(): shape.metadata["max"]
        for shape in members
        if shape.serialization.get("location") == "header"
    }
    assert limits == _LONGEST
