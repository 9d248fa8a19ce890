"""CycleGAN as a plain PyTorch loop, written as its paper writes it (Zhu et al. 2017, sections 3, 4 and appendix 7).

Eager, float32, `torch.optim.Adam` by default; batches, networks and pools have the sizes of Ganache's recipe. Pictures
of A are the first half of those given, pictures of B the second, each read in random order.
"""

import random
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from benchmarks.speed.plain import Pictures

CycleNetworks = tuple[nn.Module, nn.Module, nn.Module, nn.Module]  # G, F, D_A, D_B


class Block(nn.Module):
    """Two convolutions whose result is added to what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=False), nn.InstanceNorm2d(width), nn.ReLU()),
            *(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=False), nn.InstanceNorm2d(width)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, width, H, W) to the same shape."""
        changed: Tensor = self.layers(features)
        return features + changed


def translator(width: int, blocks: int) -> nn.Module:
    """Return the translator of appendix 7.2, with the taps of the doublings as Ganache has them."""
    return nn.Sequential(
        *(nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7, bias=False), nn.InstanceNorm2d(width), nn.ReLU()),
        *(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False), nn.InstanceNorm2d(2 * width), nn.ReLU()),
        *(nn.Conv2d(2 * width, 4 * width, 3, 2, 1, bias=False), nn.InstanceNorm2d(4 * width), nn.ReLU()),
        *(Block(4 * width) for _ in range(blocks)),
        *(nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False), nn.InstanceNorm2d(2 * width), nn.ReLU()),
        *(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.InstanceNorm2d(width), nn.ReLU()),
        *(nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()),
    )


def judge(width: int) -> nn.Module:
    """Return the PatchGAN that sees 70×70 pixels."""
    return nn.Sequential(
        *(nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.InstanceNorm2d(2 * width), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.InstanceNorm2d(4 * width), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(4 * width, 8 * width, 4, 1, 1, bias=False), nn.InstanceNorm2d(8 * width), nn.LeakyReLU(0.2)),
        nn.Conv2d(8 * width, 1, 4, 1, 1),
    )


def cyclegan_networks(width: int = 16, blocks: int = 3, judges_width: int = 32) -> CycleNetworks:
    """Return both translators and both discriminators."""
    return translator(width, blocks), translator(width, blocks), judge(judges_width), judge(judges_width)


class Shown:
    """The last 50 translations, one of which is shown in the place of every second new one."""

    def __init__(self, size: int = 50) -> None:
        self.size, self.kept = size, list[Tensor]()

    def __call__(self, made: Tensor) -> Tensor:
        """Return as many translations as are given."""
        shown = []
        for image in made.detach():
            if len(self.kept) < self.size:
                self.kept.append(image)
            elif random.random() > 0.5:
                place = random.randrange(self.size)
                image, self.kept[place] = self.kept[place], image
            shown.append(image)
        return torch.stack(shown)


def cyclegan(
    pictures: Pictures, batch_size: int = 4, networks: CycleNetworks | None = None, freeze: bool = True
) -> Iterator[int]:
    """Least squares, cycles, identities; with `freeze` discriminators are not differentiated in the others' half."""
    a_to_b, b_to_a, judge_a, judge_b = networks or cyclegan_networks()
    judges = nn.ModuleList([judge_a, judge_b])
    both = [*a_to_b.parameters(), *b_to_a.parameters()]
    optimizer_g = torch.optim.Adam(both, lr=2e-4, betas=(0.5, 0.999))
    optimizer_d = torch.optim.Adam(judges.parameters(), lr=2e-4, betas=(0.5, 0.999))
    pool_a, pool_b = Shown(), Shown()
    mse, apart = nn.MSELoss(), nn.L1Loss()
    halves = torch.from_numpy(pictures).chunk(2)

    def told(logits: Tensor, real: bool) -> Tensor:
        found: Tensor = mse(logits, torch.full_like(logits, float(real)))
        return found

    while True:
        orders = (torch.randperm(len(half)).view(-1, batch_size) for half in halves)
        for rows in zip(*orders, strict=True):
            a, b = (half[some].to(torch.float32) / 127.5 - 1 for half, some in zip(halves, rows, strict=True))
            judges.requires_grad_(not freeze)
            optimizer_g.zero_grad()
            made_b, made_a = a_to_b(a), b_to_a(b)
            loss = told(judge_b(made_b), True) + told(judge_a(made_a), True)
            loss = loss + 10.0 * (apart(b_to_a(made_b), a) + apart(a_to_b(made_a), b))
            loss = loss + 5.0 * (apart(a_to_b(b), b) + apart(b_to_a(a), a))
            loss.backward()
            optimizer_g.step()

            judges.requires_grad_(True)
            optimizer_d.zero_grad()
            for network, real, pool, made in ((judge_a, a, pool_a, made_a), (judge_b, b, pool_b, made_b)):
                loss_d = 0.5 * (told(network(real), True) + told(network(pool(made)), False))
                loss_d.backward()  # type: ignore[no-untyped-call]
            optimizer_d.step()
            yield batch_size
