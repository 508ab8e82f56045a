"""Our quicker reader gives what botocore's own gives."""

import pytest
from botocore.exceptions import BotoCoreError
from botocore.loaders import Loader

from lambdadesk.aws.models import ModelLoader


@pytest.mark.parametrize("service", ["lambda", "logs", "sts"])
def test_models_are_the_same_as_botocore_reads(service: str) -> None:
    ours, theirs = ModelLoader(), Loader()
    for kind in ("service-2", "endpoint-rule-set-1"):
        assert ours.load_service_model(service, kind) == theirs.load_service_model(service, kind)


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sdk-default-configuration"])
def test_other_documents_are_the_same(name: str) -> None:
    assert ModelLoader().load_data(name) == Loader().load_data(name)


def test_every_service_is_known() -> None:
    assert set(Loader().list_available_services("service-2")) <= set(
        ModelLoader().list_available_services("service-2")
    )


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(BotoCoreError):
        ModelLoader().load_service_model("no-such-service", "service-2")
