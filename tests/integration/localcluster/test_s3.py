"""The S3 server: conditional writes, accounts with scoped rights, data across an outage."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sluice_localcluster import S3Server
from sluice_localcluster.identity import marked


def client(server: S3Server, access_key: str | None = None, secret_key: str | None = None) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=access_key or server.access_key,
        aws_secret_access_key=secret_key or server.secret_key,
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as running:
        running.create_bucket("models")
        yield running


def test_a_second_create_only_write_is_refused(server: S3Server) -> None:
    s3 = client(server)
    s3.put_object(Bucket="models", Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="models", Key="once", Body=b"second", IfNoneMatch="*")
    assert s3.get_object(Bucket="models", Key="once")["Body"].read() == b"first"


def test_an_account_may_do_only_what_a_policy_grants(server: S3Server) -> None:
    server.add_account("scoped", "scoped-secret")
    scoped = client(server, "scoped", "scoped-secret")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": ["scoped"]},
        "Action": ["s3:GetObject", "s3:PutObject"],
        "Resource": ["arn:aws:s3:::models/mine/*"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client(server).put_bucket_policy(Bucket="models", Policy=policy)
    scoped.put_object(Bucket="models", Key="mine/a", Body=b"x")
    with pytest.raises(ClientError, match="AccessDenied"):
        scoped.put_object(Bucket="models", Key="theirs/a", Body=b"x")


def test_objects_outlive_an_outage(server: S3Server) -> None:
    client(server).put_object(Bucket="models", Key="kept", Body=b"x")
    server.restart()
    assert client(server).get_object(Bucket="models", Key="kept")["Body"].read() == b"x"


def test_nothing_runs_after_the_end(tmp_path: Path) -> None:
    with S3Server(tmp_path):
        assert marked(tmp_path)
    assert marked(tmp_path) == []
