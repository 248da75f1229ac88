"""The AWS KMS provider: the root key is a KMS key; house keys are encrypted by it under an encryption context.

Alcove needs ``kms:Encrypt``, ``kms:Decrypt`` and ``kms:DescribeKey`` on that key and never makes or destroys one:
whoever runs the practice's AWS account does. To rotate, make a new key and point the alias (or
``ALCOVE_KMS_KEY_ID``) at it, then run ``alcove keys rotate --root``: each stored house key names the key that wrapped
it, so the old ones stay readable until that command has wrapped them anew. Then disable the old key, and let AWS
delete it after its own waiting time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from alcove.config import Config
from alcove.security.vault.errors import RootStays, VaultShut

_TIMES = BotoConfig(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 3, "mode": "standard"})


class AwsKmsProvider:
    """Wraps by ``Encrypt`` with the context as KMS's encryption context; the root id is the key's ARN."""

    name = "aws-kms"

    def __init__(self, config: Config) -> None:
        self._key_id = config.kms_key_id
        self._options: dict[str, Any] = {"config": _TIMES}
        if config.kms_region:
            self._options["region_name"] = config.kms_region
        if config.kms_endpoint:
            self._options["endpoint_url"] = config.kms_endpoint
        self._client: Any = None

    def root_id(self) -> str:
        found = self._ask("describe_key", KeyId=self._key_id)["KeyMetadata"]
        if found["KeyState"] != "Enabled":
            raise VaultShut(f"key provider aws-kms: the key is {found['KeyState']}, not Enabled")
        return str(found["Arn"])

    def roots(self) -> list[str]:
        return [self.root_id()]

    def wrap(self, secret: bytes, context: Mapping[str, str], root_id: str) -> bytes:
        answer = self._ask("encrypt", KeyId=root_id, Plaintext=secret, EncryptionContext=dict(context))
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, blob: bytes, context: Mapping[str, str], root_id: str) -> bytes:
        # Naming the key keeps KMS from opening the blob of a key we never chose.
        answer = self._ask("decrypt", KeyId=root_id, CiphertextBlob=blob, EncryptionContext=dict(context))
        return bytes(answer["Plaintext"])

    def create_root(self) -> str:
        raise RootStays(
            "key provider aws-kms: Alcove makes no keys in KMS. Make a new key there, point the alias or "
            "ALCOVE_KMS_KEY_ID at it, and run this again."
        )

    def retire_roots(self, keep: str) -> None:
        """Leave older keys to the AWS account: nothing of this practice is wrapped by them any more."""

    def _ask(self, call: str, **arguments: Any) -> dict[str, Any]:
        try:
            if self._client is None:
                self._client = boto3.session.Session().client("kms", **self._options)
            return getattr(self._client, call)(**arguments)  # type: ignore[no-any-return]  # boto3 is untyped
        except ClientError as error:
            # KMS's own text may quote a request, so only its code is shown.
            code = error.response.get("Error", {}).get("Code", "ClientError")
            raise VaultShut(f"key provider aws-kms: {call} was refused ({code})") from None
        except (BotoCoreError, ValueError) as error:
            raise VaultShut(f"key provider aws-kms: {call} got no answer ({type(error).__name__})") from None
