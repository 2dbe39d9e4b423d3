"""Training in several processes (`torchrun`), or in one: the same code for both."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from movix_core.encoders.device import choose_device

_PATIENCE = datetime.timedelta(hours=12)  # the others wait while the first renders clips


@dataclass(frozen=True)
class Processes:
    """This process among those that train together: its rank of count."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this one writes files and shows progress."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module, its gradients averaged over the processes."""
        return module if self.count == 1 else DistributedDataParallel(module)

    def accumulating(self, net: nn.Module, last: bool) -> contextlib.AbstractContextManager[None]:
        """Gradients are exchanged in the backward pass of a step's last batch only."""
        return net.no_sync() if isinstance(net, DistributedDataParallel) and not last else contextlib.nullcontext()

    def share(self, tensors: Iterable[torch.Tensor]) -> None:
        """Give all processes the first one's: each has seen other batches, so statistics of batches differ."""
        if self.count > 1:
            for tensor in tensors:
                distributed.broadcast(tensor, 0)

    def mean(self, value: float) -> float:
        """Mean of a value over the processes: all know it, so all go on or stop together."""
        if self.count == 1:
            return value
        device = "cuda" if distributed.get_backend() == "nccl" else "cpu"
        total = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.all_reduce(total)
        return total.item() / self.count

    @contextlib.contextmanager
    def first_before_others(self) -> Iterator[None]:
        """The first process runs the block alone, then the others, who find its files made."""
        if self.count > 1 and not self.first:
            distributed.barrier()
        yield
        if self.count > 1 and self.first:
            distributed.barrier()


@contextlib.contextmanager
def joined_processes(device_name: str) -> Iterator[tuple[Processes, torch.device]]:
    """Join the processes that torchrun started, if it did; gives this process's place and its device."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    device = choose_device(device_name)
    if count == 1:
        yield Processes(), device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Processes(distributed.get_rank(), count), device
    finally:
        distributed.destroy_process_group()
