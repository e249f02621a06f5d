"""Batches in a bucket, run as a shell runs them, on a server of one's choice: what `test_endurance` stands on."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from math import inf
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import numpy as np
import pytest

from nst_engine.images import encode
from tasks.records.csv_files import read_results
from tasks.records.row import ManifestRow
from tasks.records.sidecar import read_sidecar
from tasks.reporting.outputs import BACKBONES, REPORT, RESULTS
from tasks.storage import Storage, open_storage, s3
from tests.tasks.storage.buckets import forget_client, moto_server, s3_at

SERVER = "NIGHTBRUSH_TEST_S3"
"""Environment variable: the address, `http://host:port`, of the S3 server to hold batches against.

Its credentials stand in the AWS_ variables. Unless it is set, a server on loopback is started.
"""

_POLL = 0.02
_MADE = re.compile(r" \d+/\d+ \S+ (?:completed|converged) in ")

Stamps = dict[str, tuple[str, str]]
"""The ETag of each object, and when it was written, by its key."""


@contextmanager
def s3_server(home: Path) -> Iterator[str]:
    """The address of the server, and boto3 told to use it."""
    given = os.environ.get(SERVER)
    if given is None:
        with moto_server() as url, s3_at(url, home):
            yield url
        return
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL_S3", given)
        forget_client()
        yield given
        forget_client()


@dataclass(frozen=True)
class Run:
    """A batch under way in a process of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def made(self) -> int:
        """The pictures it has made so far, as it says itself."""
        return len(_MADE.findall(self.said()))

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, made: int, patience: float = inf) -> bool:
        """Wait, so many seconds at most, until it has made so many pictures; False where it has not."""
        until = monotonic() + patience
        while self.made() < made:
            if self.process.poll() is not None or monotonic() > until:
                return False
            sleep(_POLL)
        return True

    def memory(self) -> int:
        """What of it is in memory now, in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmRSS:")[2].split()[0])

    def kill(self) -> bool:
        """`kill -9` it and what it started; whether it was still there."""
        alive = self.process.poll() is None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return alive


@dataclass(frozen=True)
class Place:
    """A bucket with contents and styles, each content to be had in each style.

    Attributes:
        bucket: its name.
        home: folder for what the runs keep on this machine and what they say.
        contents, styles: how many there are.
    """

    bucket: str
    home: Path
    contents: int
    styles: int

    def storage(self, folder: str) -> Storage:
        return open_storage(f"s3://{self.bucket}/{folder}")

    @contextmanager
    def run(self, *settings: str, output: str = "out", **environment: str) -> Iterator[Run]:
        """A batch that is under way, and over in the end.

        Args:
            settings: fields of its configuration.
            output: folder in the bucket.
            environment: variables that it finds besides those of this process.
        """
        places = {"content": "contents", "style": "styles", "output": output}
        arguments = [f"--{side}=s3://{self.bucket}/{folder}" for side, folder in places.items()]
        arguments += [f"--set={setting}" for setting in ("weights=random", "levels=1", "precision=float32", *settings)]
        program = [sys.executable, "-c", "from flows.cli import main; main()", "run", "--backbone=tiny", *arguments]
        known = os.environ | {"PREFECT_HOME": str(self.home / "prefect"), "COLUMNS": "1000"} | environment
        log = self.home / f"{uuid4().hex}.log"
        with log.open("wb") as told:
            process = subprocess.Popen(program, env=known, stdout=told, stderr=told, start_new_session=True)  # noqa: S603 - ourselves
        run = Run(process, log)
        try:
            yield run
        finally:
            run.kill()

    def stamps(self) -> Stamps:
        """What the bucket holds."""
        pages = s3.client().get_paginator("list_objects").paginate(Bucket=self.bucket)
        items = (item for page in pages for item in page.get("Contents", ()))
        return {item["Key"]: (item["ETag"], str(item["LastModified"])) for item in items}

    def rows(self, output: str = "out") -> list[ManifestRow]:
        """The table in an output that holds every pair: each has one row, its picture and its sidecar, all in accord.

        Nothing else lies there.
        """
        storage = self.storage(output)
        rows = read_results(storage.read(RESULTS))
        names = {f"tiny/{content:04}--{style:04}" for content in range(self.contents) for style in range(self.styles)}
        assert sorted(f"tiny/{row.pair}" for row in rows) == sorted(names)
        expected = {f"{name}{suffix}" for name in names for suffix in (".png", ".json")} | {RESULTS, BACKBONES, REPORT}
        assert {entry.key for entry in storage.list()} == expected
        for row in rows:
            sidecar = read_sidecar(storage, f"tiny/{row.pair}.json")
            assert sidecar is not None
            assert row.error is None
            picture = sha256(storage.read(f"tiny/{row.pair}.png")).hexdigest()
            assert picture == row.output_sha256 == sidecar.row.output_sha256
        return list(rows)


@contextmanager
def a_place(home: Path, contents: int, styles: int) -> Iterator[Place]:
    """A bucket of coloured noise; it and all that came to lie in it is removed in the end."""
    bucket = f"nightbrush-{uuid4().hex}"
    client = s3.client()
    client.create_bucket(Bucket=bucket)
    place = Place(bucket, home, contents, styles)
    try:
        generator = np.random.default_rng(0)
        for folder, count in (("contents", contents), ("styles", styles)):
            for number in range(count):
                picture = encode(generator.random((96, 128, 3), dtype=np.float32), "png", 90)
                place.storage(folder).write(f"{number:04}.png", picture)
        yield place
    finally:
        while items := client.list_objects(Bucket=bucket).get("Contents"):
            client.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": item["Key"]} for item in items]})
        client.delete_bucket(Bucket=bucket)
