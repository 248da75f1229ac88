"""A real SFTP server on 127.0.0.1, asyncssh's, which shares nothing with the client: keys only, one folder to be seen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncssh

from alcove.config import sftp
from alcove.operations.backups.sftp import Sftp
from alcove.operations.backups.tests.make import Shelf


class Disk(asyncssh.SFTPServer):
    """What answers: the folder, and faults that a test asks for."""

    faults: frozenset[str] = frozenset()

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if "full" in self.faults:
            raise asyncssh.SFTPFailure("No space left on device")
        if "drops" in self.faults:
            return len(data)
        return super().write(file_obj, offset, data)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        if "old" in self.faults:
            raise asyncssh.SFTPOpUnsupported("no such extension")
        super().posix_rename(oldpath, newpath)


@dataclass
class Machine:
    """A running server. ``folder`` is what its users see as /; ``faults`` are its disk's from now on."""

    folder: Path
    key: Path
    known_hosts: Path
    port: int = 0
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def url(self, path: str = "", **given: object) -> str:
        """Return an address of a folder that nobody used yet, as a setting has it."""
        told = {"key": self.key, "known_hosts": self.known_hosts, "port": self.port, "user": "alcove"} | given
        place = f"{told.pop('user')}@127.0.0.1:{told.pop('port')}/{path or uuid4().hex}/alcove"
        return f"sftp://{place}?" + "&".join(f"{name}={value}" for name, value in told.items())


class Rack(Shelf):
    """A folder on that machine as a place, and what lies in it behind everybody's back."""

    def __init__(self, machine: Machine, locks: Path) -> None:
        self.machine, self.locks, self.url = machine, locks, machine.url()
        self.folder = machine.folder / sftp(self.url).path.strip("/")

    @property
    def place(self) -> Any:
        return Sftp(sftp(self.url), self.locks)


@contextmanager
def server(folder: Path) -> Iterator[Machine]:
    """Run it until the context ends."""
    seen = folder / "seen"
    seen.mkdir()
    machine = Machine(seen, folder / "id_ed25519", folder / "known_hosts")
    ours, theirs = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    ours.write_private_key(machine.key)
    machine.key.chmod(0o600)

    async def listen() -> asyncssh.SSHAcceptor:
        allowed = asyncssh.import_authorized_keys(ours.export_public_key().decode())
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[theirs], authorized_client_keys=allowed,
            sftp_factory=lambda chan: Disk(chan, chroot=str(seen)), allow_scp=False,
        )  # fmt: skip

    thread = threading.Thread(target=machine.loop.run_forever, daemon=True)
    thread.start()
    acceptor = asyncio.run_coroutine_threadsafe(listen(), machine.loop).result(30)
    machine.port = acceptor.get_port()
    host = f"[127.0.0.1]:{machine.port} {theirs.export_public_key().decode()}"
    machine.known_hosts.write_text(host, "ascii")

    async def end() -> None:
        acceptor.close()
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    try:
        yield machine
    finally:
        asyncio.run_coroutine_threadsafe(end(), machine.loop).result(30)
        machine.loop.call_soon_threadsafe(machine.loop.stop)
        thread.join(30)
