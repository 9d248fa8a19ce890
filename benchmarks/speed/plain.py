"""Four GANs as plain PyTorch loops, written as their documents write them: what Ganache's speed is compared with.

Eager, float32, Adam as `torch.optim.Adam` is by default. Each loop takes pictures (N, C, H, W) uint8, of which the
batch size is a divisor, and yields the number of reals that the discriminator learnt from in one iteration. What the
documents say is kept even where it costs time, and nothing is added that they do not say; where they leave a choice
(or are not in Python), it is the faster plain one:

S2   the document's DataLoader reads torchvision's MNIST; here it reads the array, without that set's detour by PIL
S3   the same; its images stay planes, where the document flattens them in the generator and unflattens them again
S4   from Swift: pixels converted once, batches in order; padding "same" as symmetric padding of two
S1   `ralsgan`, from Rust: bytes stay in memory, random rows are converted in each batch

In the generator's half the loss is differentiated with respect to the discriminator's weights too, and nothing uses
that: so it is in S2 and S3. S4 (by `gradient` of one network) and S1 (by `freeze`) do without: with `freeze` so do
the loops here.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from ganache.networks.layers import glorot_initialised

Pictures = npt.NDArray[np.uint8]  # (N, C, H, W)
Networks = tuple[nn.Sequential, nn.Sequential]  # generator, discriminator


class Digits(Dataset[Tensor]):
    """Pictures one at a time, converted as torchvision's ToTensor does, then transformed."""

    def __init__(self, pictures: Pictures, transform: Callable[[Tensor], Tensor] | None = None) -> None:
        self.pictures = torch.from_numpy(pictures)
        self.transform = transform

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def __getitem__(self, index: int) -> Tensor:
        """Return one picture (C, H, W) in [0, 1], or what the transform makes of it."""
        image = self.pictures[index].to(torch.float32).div(255)
        return self.transform(image) if self.transform else image


def vanilla_networks() -> Networks:
    """Return S2's pair of fully connected networks."""
    generator = nn.Sequential(
        *(nn.Linear(100, 256), nn.ReLU()),
        *(nn.Linear(256, 512), nn.ReLU()),
        *(nn.Linear(512, 1024), nn.ReLU()),
        *(nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28))),
    )
    discriminator = nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(784, 1024), nn.ReLU(), nn.Dropout(0.3)),
        *(nn.Linear(1024, 512), nn.ReLU(), nn.Dropout(0.3)),
        *(nn.Linear(512, 256), nn.ReLU(), nn.Dropout(0.3)),
        *(nn.Linear(256, 1), nn.Sigmoid()),
    )
    return generator, discriminator


def vanilla(pictures: Pictures, batch_size: int = 32, networks: Networks | None = None) -> Iterator[int]:
    """S2: reals and fakes go through the discriminator as one shuffled batch; binary cross entropy."""
    generator, discriminator = networks or vanilla_networks()
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=1e-4)
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-4)
    criterion = nn.BCELoss()
    loader = DataLoader(Digits(pictures, lambda image: (image - 0.5) / 0.5), batch_size, shuffle=True)
    while True:
        for reals in loader:
            with torch.no_grad():
                fakes = generator(torch.randn(batch_size, 100))
            fake_labels, real_labels = torch.zeros(batch_size, 1), torch.ones(batch_size, 1)
            images, labels = torch.cat([reals, fakes]), torch.cat([real_labels, fake_labels])
            order = torch.randperm(len(images))
            images, labels = images[order], labels[order]

            discriminator.zero_grad()
            criterion(discriminator(images), labels).backward()
            optimizer_d.step()

            generator.zero_grad()
            fakes = generator(torch.randn(batch_size, 100))
            criterion(discriminator(fakes), real_labels).backward()
            optimizer_g.step()
            yield batch_size


def lsgan_networks() -> Networks:
    """Return S3's pair: dense layers and transposed convolutions; convolutions with max-pooling and dense layers."""
    generator = nn.Sequential(
        *(nn.Linear(96, 1024), nn.ReLU(), nn.BatchNorm1d(1024)),
        *(nn.Linear(1024, 6272), nn.ReLU(), nn.BatchNorm1d(6272), nn.Unflatten(1, (128, 7, 7))),
        *(nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.ReLU(), nn.BatchNorm2d(64)),
        *(nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Conv2d(1, 32, 5), nn.LeakyReLU(0.01), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.LeakyReLU(0.01), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1024, 1024), nn.LeakyReLU(0.01), nn.Linear(1024, 1)),
    )
    return generator, discriminator


def lsgan(pictures: Pictures, batch_size: int = 128, networks: Networks | None = None) -> Iterator[int]:
    """S3: least squares; latents are drawn by NumPy in float64, pixels move to [-1, 1] in each batch."""
    generator, discriminator = networks or lsgan_networks()
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
    random = np.random.default_rng(torch.initial_seed())

    def sample_noise() -> Tensor:
        return torch.from_numpy(random.uniform(-1.0, 1.0, (batch_size, 96))).to(torch.float32)

    while True:
        for images in DataLoader(Digits(pictures), batch_size):
            optimizer_d.zero_grad()
            logits_real = discriminator(2 * (images - 0.5))
            logits_fake = discriminator(generator(sample_noise()).detach())
            loss_d = 0.5 * torch.square(logits_real - 1).mean() + 0.5 * torch.square(logits_fake).mean()
            loss_d.backward()  # type: ignore[no-untyped-call]
            optimizer_d.step()

            optimizer_g.zero_grad()
            loss_g = 0.5 * torch.square(discriminator(generator(sample_noise())) - 1).mean()
            loss_g.backward()  # type: ignore[no-untyped-call]
            optimizer_g.step()
            yield batch_size


def dcgan_mnist_networks() -> Networks:
    """Return S4's pair, batch norm over every feature, with TensorFlow's constants and first weights."""

    def norm(features: int) -> nn.Module:
        return nn.BatchNorm1d(features, eps=1e-3, momentum=0.01)

    generator = nn.Sequential(
        *(nn.Linear(100, 7 * 7 * 256), norm(7 * 7 * 256), nn.LeakyReLU(0.2), nn.Unflatten(1, (256, 7, 7))),
        *(nn.ConvTranspose2d(256, 128, 5, 1, 2), nn.Flatten(), norm(7 * 7 * 128)),
        *(nn.LeakyReLU(0.2), nn.Unflatten(1, (128, 7, 7))),
        *(nn.ConvTranspose2d(128, 64, 5, 2, 2, output_padding=1), nn.Flatten(), norm(14 * 14 * 64)),
        *(nn.LeakyReLU(0.2), nn.Unflatten(1, (64, 14, 14))),
        *(nn.ConvTranspose2d(64, 1, 5, 2, 2, output_padding=1), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Conv2d(1, 64, 5, 2, 2), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
        *(nn.Conv2d(64, 128, 5, 2, 2), nn.LeakyReLU(0.2), nn.Dropout(0.3)),
        *(nn.Flatten(), nn.Linear(6272, 1)),
    )
    for network in (generator, discriminator):
        glorot_initialised(network)  # as the document's library does
    return generator, discriminator


def dcgan_mnist(
    pictures: Pictures, batch_size: int = 512, networks: Networks | None = None, freeze: bool = True
) -> Iterator[int]:
    """S4: sigmoid cross entropy on logits; the generator moves first."""
    generator, discriminator = networks or dcgan_mnist_networks()
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-4)
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=1e-4)
    criterion = nn.BCEWithLogitsLoss()
    images = torch.from_numpy(pictures).to(torch.float32) / 255 * 2 - 1
    ones, zeros = torch.ones(batch_size, 1), torch.zeros(batch_size, 1)
    while True:
        for start in range(0, len(images), batch_size):
            reals = images[start : start + batch_size]

            discriminator.requires_grad_(not freeze)
            optimizer_g.zero_grad()
            criterion(discriminator(generator(torch.randn(batch_size, 100))), ones).backward()
            optimizer_g.step()

            discriminator.requires_grad_(True)
            optimizer_d.zero_grad()
            fakes = generator(torch.randn(batch_size, 100)).detach()
            loss = criterion(discriminator(reals), ones) + criterion(discriminator(fakes), zeros)
            loss.backward()
            optimizer_d.step()
            yield batch_size


def ralsgan_networks(width: int = 128) -> Networks:
    """Return S1's pair of convolutional networks for 64×64 pixels in RGB; `width` features at 32×32."""
    generator = nn.Sequential(
        *(nn.ConvTranspose2d(128, 8 * width, 4, 1, 0, bias=False), nn.BatchNorm2d(8 * width), nn.ReLU()),
        *(nn.ConvTranspose2d(8 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width), nn.ReLU()),
        *(nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU()),
        *(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()),
        *(nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False), nn.Tanh()),
    )
    discriminator = nn.Sequential(
        *(nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(2 * width), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(2 * width, 4 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(4 * width), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(4 * width, 8 * width, 4, 2, 1, bias=False), nn.BatchNorm2d(8 * width), nn.LeakyReLU(0.2)),
        nn.Conv2d(8 * width, 1, 4, 1, 0, bias=False),
    )
    return generator, discriminator


def ralsgan(
    pictures: Pictures, batch_size: int = 32, networks: Networks | None = None, freeze: bool = True
) -> Iterator[int]:
    """S1: relativistic average least squares; other reals are drawn for the generator's half."""
    generator, discriminator = networks or ralsgan_networks()
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=1e-4, betas=(0.5, 0.999))
    optimizer_g = torch.optim.Adam(generator.parameters(), lr=1e-4, betas=(0.5, 0.999))
    images, mse = torch.from_numpy(pictures), nn.functional.mse_loss

    def random_images() -> Tensor:
        rows = torch.randint(len(images), (batch_size,))
        return images.index_select(0, rows).to(torch.float32) / 127.5 - 1

    def random_latents() -> Tensor:
        return torch.rand(batch_size, 128, 1, 1) * 2 - 1

    while True:
        discriminator.requires_grad_(True)
        real = discriminator(random_images())
        fake = discriminator(generator(random_latents()).detach())
        loss_d = mse(real, (fake.mean() + 1).expand_as(real)) + mse(fake, (real.mean() - 1).expand_as(fake))
        optimizer_d.zero_grad()
        loss_d.backward()  # type: ignore[no-untyped-call]
        optimizer_d.step()

        discriminator.requires_grad_(not freeze)
        real = discriminator(random_images())
        fake = discriminator(generator(random_latents()))
        loss_g = mse(real, (fake.mean() - 1).expand_as(real)) + mse(fake, (real.mean() + 1).expand_as(fake))
        optimizer_g.zero_grad()
        loss_g.backward()  # type: ignore[no-untyped-call]
        optimizer_g.step()
        yield batch_size
