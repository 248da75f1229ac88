"""moto's KMS on 127.0.0.1, for tests of the AWS provider."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import boto3
from moto.server import ThreadedMotoServer

_FAKE = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


@dataclass
class Server:
    """A running server with one key behind the alias ``alias/alcove``."""

    endpoint: str
    process: ThreadedMotoServer

    @property
    def client(self):
        return boto3.client("kms", region_name="us-west-2", endpoint_url=self.endpoint, aws_access_key_id="test",
                            aws_secret_access_key="test")  # fmt: skip

    def new_key(self) -> str:
        """Make a key, point the alias at it, return its ARN."""
        made = self.client.create_key()["KeyMetadata"]
        try:
            self.client.create_alias(AliasName="alias/alcove", TargetKeyId=made["KeyId"])
        except self.client.exceptions.ClientError:
            self.client.update_alias(AliasName="alias/alcove", TargetKeyId=made["KeyId"])
        return made["Arn"]

    @property
    def environment(self) -> dict[str, str]:
        return {**_FAKE, **{f"ALCOVE_{name.upper()}": str(value) for name, value in self.settings.items()
                            if name != "key_provider"}}  # fmt: skip

    @property
    def settings(self) -> dict[str, object]:
        """Fields of ``Config``."""
        return {"key_provider": "aws-kms", "kms_key_id": "alias/alcove", "kms_region": "us-west-2",
                "kms_endpoint": self.endpoint}  # fmt: skip


@contextmanager
def server() -> Iterator[Server]:
    process = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    process.start()
    host, port = process.get_host_and_port()
    made = Server(f"http://{host}:{port}", process)
    try:
        made.new_key()
        yield made
    finally:
        with suppress(Exception):
            process.stop()
