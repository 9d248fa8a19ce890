"""What is asked of a GPU, and whether a measurement shows it."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.gpu.cases import Json
from benchmarks.gpu.parts import AUTHORS, PLAIN, WITHOUT
from benchmarks.gpu.speed import BASE


def speed(found: Json, peak: float) -> float:
    """Return images per second as trained."""
    return float(found["images_per_second"][BASE])


def share_of_peak(found: Json, peak: float) -> float:
    """Return the training's own FLOP/s as a share of the peak, that of products in bfloat16."""
    return float(found["flops_per_image"]) * speed(found, peak) / peak


def host_share(found: Json, peak: float) -> float:
    """Return the part of a step in which the host still asks for it."""
    return float(found["host_share"])


def over(rival: str) -> Callable[[Json, float], float]:
    """Return what reads how many times a rival's speed Ganache's is; raises KeyError where there was no such rival."""
    return lambda found, peak: speed(found, peak) / found["images_per_second"][rival]


def cost(found: Json, peak: float) -> float:
    """Return how many times as long a step with penalties takes as one without."""
    return 1.0 / over(WITHOUT)(found, peak)


def same_bits(found: Json, peak: float) -> float:
    """Return 1 when the resumed run ended in the bits of the undisturbed one, else 0."""
    return float(found["same_bits_after_resume"])


@dataclass(frozen=True)
class Target:
    """One number that is asked for."""

    what: str
    part: str  # in which it is measured
    bound: float
    read: Callable[[Json, float], float]  # from what the part found, and the peak
    form: str = "{:,.0f}"
    at_most: bool = False
    rival: str = ""  # the option without which there is nothing to compare with

    def met(self, value: float) -> bool:
        """Whether a measured value is what is asked for."""
        return value <= self.bound if self.at_most else value >= self.bound

    def told(self, value: float) -> str:
        """Return a value in words."""
        return ("yes" if value else "no") if self.read is same_bits else self.form.format(value)

    @property
    def asked(self) -> str:
        """What is asked for, in words."""
        sign = "" if self.read is same_bits else "≤ " if self.at_most else "≥ "
        return f"{sign}{self.told(self.bound)}"


def _trained(name: str, images: float) -> Target:
    return Target(f"{_words(name)}, images/s as trained", name, images, speed)


def _host(name: str) -> Target:
    return Target(f"{_words(name)}, host's share of a step", name, 0.2, host_share, "{:.1%}", at_most=True)


def _plain(name: str) -> Target:
    return Target(f"{_words(name)}, times a plain PyTorch loop", name, 5, over(PLAIN), "{:.1f}", rival="--peer")


def _penalties(name: str, words: str) -> Target:
    what = f"{words}, a step with penalties over one without"
    return Target(what, f"penalties {name}", 3, cost, "{:.2f}", at_most=True)


def _resumed(recipe: str) -> Target:
    return Target(f"`{recipe}` resumes in the same bits", f"resume {recipe}", 1, same_bits)


def _words(name: str) -> str:
    recipe, side = name.split()
    return f"`{recipe}` {side}²"


TARGETS = (
    _trained("dcgan 32", 40_000),
    _trained("dcgan 64", 22_000),
    _trained("dcgan 128", 10_000),
    _trained("r3gan 32", 8_000),
    _penalties("r3gan", "`r3gan` 32²"),
    _penalties("r3gan 96-384", "`r3gan` 32² of width 96–384, 2 blocks, batch 256"),
    Target("`dcgan` of width 128, 64², batch 256: share of the bf16 peak", "dcgan 128 wide 64", 0.25, share_of_peak,
           "{:.1%}"),
    _plain("dcgan 32"),
    _plain("dcgan 64"),
    Target("`r3gan` at the CIFAR-10 preset, times the authors' code", "r3gan preset", 2, over(AUTHORS), "{:.2f}",
           rival="--peer-r3gan"),
    *[_host(name) for name in ("dcgan 32", "dcgan 64", "dcgan 128", "r3gan 32")],
    _resumed("dcgan"),
    _resumed("r3gan"),
)  # fmt: skip


def verdicts(parts: list[Json]) -> list[Json]:
    """Return every target with what was measured and whether that is enough, or why nothing was measured."""
    by_name = {part["name"]: part for part in parts}
    return [_verdict(target, by_name) for target in TARGETS]


def _verdict(target: Target, parts: dict[str, Json]) -> Json:
    part, peaks = parts.get(target.part, {}), parts.get("matrix products", {})
    told = {"what": target.what, "asked": target.asked}
    if "found" not in part:
        return {**told, "measured": "", "verdict": why_not(part)}
    if target.read is share_of_peak and "found" not in peaks:
        return {**told, "measured": "", "verdict": why_not(peaks)}
    rivals = part["found"].get("failed", {})
    try:
        peak = peaks["found"]["bf16"]["flops_per_second"] if "found" in peaks else 0.0
        value = target.read(part["found"], peak)
    except KeyError:
        reason = "; ".join(rivals.values()) or f"without {target.rival}"
        return {**told, "measured": "", "verdict": f"not measured: {reason}"}
    return {**told, "measured": target.told(value), "verdict": "met" if target.met(value) else "missed"}


def why_not(part: Json) -> str:
    """Return in words why a part has found nothing."""
    return f"not measured: {part.get('failed') or part.get('skipped') or 'not asked for'}"
