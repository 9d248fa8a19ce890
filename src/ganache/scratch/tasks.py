"""What is trained: a GAN or a classifier, as the training loop sees them, with all state that a resume needs."""

import abc
from typing import Any

from ganache.data import Dataset
from ganache.scratch import mlp_and_dcgan
from ganache.scratch.array_module import Array, HostArray, from_host, to_host, xp
from ganache.scratch.classifier import Classifier
from ganache.scratch.descent import SGD, AdamDescent, Descent
from ganache.scratch.examples import images_of, pixels, train_and_test
from ganache.scratch.gan import Gan, Learner
from ganache.scratch.randomness import Random
from ganache.scratch.sequence import Sequence
from ganache.scratch.settings import ClassifierSettings, GanSettings

PICTURES, POINTS = 64, 2_500  # images or points on a sheet
ENDLESS_PASS = 10_000  # points of a density that are called one pass
TRAINING, SHEET = 0, 1  # random streams
_GROUP = 500  # images that are judged or drawn at once


class Task(abc.ABC):
    """Players that learn from a numbered sequence of images, `count` of which are one pass."""

    reals: HostArray | None = None  # what a sheet of points is drawn over

    def __init__(self, players: dict[str, Learner], random: Random, count: int) -> None:
        self.players, self.random, self.count = players, random, count

    @abc.abstractmethod
    def learn(self, position: int, count: int) -> dict[str, float]:
        """Take one step on images `position … position + count`; return what it measured, by names for the log."""

    def measure(self) -> dict[str, float]:
        """Return what takes longer to measure, and is measured less often."""
        return {}

    def draw(self) -> HostArray | None:
        """Return the images of a sheet, always from the same latents, or None where there is nothing to see."""
        return None

    def arrays(self) -> dict[str, Array]:
        """Return the state in numbers: every weight, running statistic and moment, the arrays themselves."""
        return {
            f"{role}.{part}.{name}": array
            for role, player in self.players.items()
            for part, arrays in (("network", player.network.state()), ("optimizer", player.descent.state()))
            for name, array in arrays.items()
        }

    def facts(self) -> dict[str, Any]:
        """Return the rest of the state as JSON values."""
        steps = {role: player.descent.steps for role, player in self.players.items()}
        return {"steps": steps, "random": self.random.state()}

    def load(self, arrays: dict[str, HostArray], facts: dict[str, Any]) -> None:
        """Continue where `arrays` and `facts` were taken."""
        own = self.arrays()
        assert own.keys() == arrays.keys(), own.keys() ^ arrays.keys()
        for name, array in own.items():
            array[...] = from_host(arrays[name])
        for role, player in self.players.items():
            player.descent.steps = facts["steps"][role]
        self.random.load(facts["random"])

    def is_finite(self) -> bool:
        """Whether no number of the state is infinite or undefined."""
        return all(bool(xp.isfinite(array).all()) for array in self.arrays().values())


class GanTask(Task):
    """Algorithm 1 on shuffled images of a data set, only of the named classes if any are named."""

    def __init__(self, settings: GanSettings, dataset: Dataset, labels: tuple[str, ...]) -> None:
        random = Random(settings.seed, TRAINING)
        self._stream, self._shape = dataset.stream(settings.seed, labels), dataset.shape
        generator, discriminator = _networks(settings, dataset, random)
        players = {"generator": _player(generator, settings), "discriminator": _player(discriminator, settings)}
        super().__init__(players, random, self._stream.count or ENDLESS_PASS)
        self.gan = Gan(**players, latent=settings.latent, random=random, real_target=settings.real_target)
        count = POINTS if self._shape.is_point else PICTURES
        self._sheet = Random(settings.seed, SHEET).normal(count, settings.latent)
        if self._shape.is_point:
            self.reals = self._stream.batch(0, POINTS).images.transpose(0, 2, 3, 1)

    def learn(self, position: int, count: int) -> dict[str, float]:
        """Move the discriminator once and the generator once; return their losses."""
        return self.gan.step(pixels(self._stream.batch(position, count).images))

    def draw(self) -> HostArray:
        """Return 64 images (N, H, W, C), or 2,500 points."""
        return images_of(self.gan.draw(self._sheet), self._shape)


class ClassifierTask(Task):
    """Minibatches of labelled images; the accuracy is measured on others."""

    def __init__(self, settings: ClassifierSettings, dataset: Dataset) -> None:
        random = Random(settings.seed, TRAINING)
        self._examples, self._held = train_and_test(dataset, settings.seed)
        widths, classes = (settings.width, settings.width), len(dataset.label_names)
        network = mlp_and_dcgan.mlp_classifier(widths, dataset.shape, classes, random, settings.dropout)
        player = _player(network, settings)
        super().__init__({"classifier": player}, random, self._examples.count)
        self.classifier = Classifier(player)

    def learn(self, position: int, count: int) -> dict[str, float]:
        """Move once; return loss and accuracy on this minibatch."""
        batch = self._examples.batch(position, count)
        return self.classifier.step(pixels(batch.images), from_host(batch.labels))

    def measure(self) -> dict[str, float]:
        """Return the accuracy on the images that are held out."""
        images, labels = self._held.images, self._held.labels
        starts = range(0, len(images), _GROUP)
        right = [
            self.classifier.accuracy(pixels(images[at : at + _GROUP]), from_host(labels[at : at + _GROUP]))
            * len(images[at : at + _GROUP])
            for at in starts
        ]
        return {"accuracy/test": sum(right) / len(images)}


def to_files(arrays: dict[str, Array]) -> dict[str, HostArray]:
    """Return arrays of the engine as NumPy's."""
    return {name: to_host(array) for name, array in arrays.items()}


def _networks(settings: GanSettings, dataset: Dataset, random: Random) -> tuple[Sequence, Sequence]:
    shape, widths = dataset.shape, (settings.width, settings.width)
    if settings.network == "dcgan":
        generator = mlp_and_dcgan.dcgan_generator(settings.latent, settings.width, shape, random)
        return generator, mlp_and_dcgan.dcgan_discriminator(settings.width, shape, random)
    generator = mlp_and_dcgan.mlp_generator(settings.latent, widths, shape, random)
    return generator, mlp_and_dcgan.mlp_discriminator(widths, shape, settings.dropout, random)


def _player(network: Sequence, settings: GanSettings | ClassifierSettings) -> Learner:
    descent: Descent = SGD(settings.learning_rate)
    if settings.optimizer == "adam":
        descent = AdamDescent(network.parameters(), settings.learning_rate, (settings.beta1, settings.beta2))
    return Learner(network, descent)
