"""How the processes that `torchrun` starts meet: through a store, and over which network."""

import contextlib
import datetime
import importlib
import os
import socket
import struct
from collections.abc import Iterator

import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

from ganache.engine.pulse import PATIENCE
from ganache.support.errors import UserError, reason

# A module of torch whose functions' defaults keep the group that there is when it is first imported, with its threads,
# which abort the process if they still free a tensor while Python ends. So it is imported while there is none.
importlib.import_module("torch.distributed.nn.functional")

AGES = datetime.timedelta(days=30)  # that process 0 may keep the others waiting between iterations
SIOCGIFADDR = 0x8915  # Linux: the address of a network's interface


def met() -> tuple[Store, int, int]:
    """Return the store, this process's number and how many there are; raises UserError when nobody is there."""
    try:
        store, rank, size = next(rendezvous("env://", timeout=datetime.timedelta(seconds=PATIENCE)))
    except (ValueError, RuntimeError) as error:
        raise UserError(f"torchrun: the other processes cannot be met: {reason(error)}") from None
    return store, rank, size


def second_line() -> Store:
    """Return the same store for another thread: who waits on one line would keep the other from speaking."""
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    return PrefixStore(f"ganache/{attempt}", dist.TCPStore(address, port, is_master=False))  # type: ignore[attr-defined]


@contextlib.contextmanager
def group(store: Store, rank: int, size: int) -> Iterator[None]:
    """Be one of torch's processes inside; raises UserError when the others cannot be reached."""
    interface = interface_towards(os.environ["MASTER_ADDR"])
    if interface is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
    meeting = PrefixStore("ganache", store)
    try:
        dist.init_process_group("gloo", store=meeting, rank=rank, world_size=size, timeout=AGES)
    except RuntimeError as error:
        raise UserError(
            f"torchrun: the other processes cannot be reached ({reason(error)}); GLOO_SOCKET_IFNAME names the network"
        ) from None
    try:
        yield
    finally:
        dist.destroy_process_group()


def interface_towards(address: str) -> str | None:
    """Return by which of this machine's networks an address is reached; None where that cannot be told.

    gloo takes the one of the machine's own name, which is often a loopback that no other machine can reach.
    """
    try:
        from fcntl import ioctl

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((address, 9))  # sends nothing
            own = socket.inet_aton(probe.getsockname()[0])
            for _, name in socket.if_nameindex():
                with contextlib.suppress(OSError):  # one without an address
                    if ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))[20:24] == own:
                        return name
    except (ImportError, OSError):
        return None
    return None
