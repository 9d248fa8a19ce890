"""The library's front door: what the commands do, as functions."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganache.data.dataset import Progress
from ganache.data.python_arrays import Given, as_source
from ganache.drawing import onnx_export
from ganache.drawing.onnx_graph import OPSET
from ganache.drawing.onnx_parity import Parity
from ganache.drawing.onnx_translators import export_translator
from ganache.evaluation import compare as comparing
from ganache.evaluation import evaluate as evaluating
from ganache.evaluation import judgement as judging
from ganache.evaluation.asked import Asked
from ganache.evaluation.compare import Comparison
from ganache.evaluation.doctor import examination
from ganache.evaluation.doctor.examination import Examination
from ganache.evaluation.judgement import Judgement
from ganache.evaluation.records import Evaluation
from ganache.games import Game
from ganache.runs import products
from ganache.runs.products import TrainedGenerator
from ganache.runs.trained_translators import is_translator, load_translator
from ganache.scratch import by_hand  # noqa: F401, so that its games are known when a run names one
from ganache.support.errors import UserError
from ganache.support.files import at_home
from ganache.support.requests import as_names, as_settings, collected
from ganache.training import sessions
from ganache.training.notebook import in_notebook
from ganache.training.plan import Plan, Request, make_plan
from ganache.training.sessions import Outcome
from ganache.uses.tuning import tune as tuning
from ganache.uses.tuning.study import Study, Tuning
from ganache.uses.tuning.trials import Trial
from ganache.uses.tuning.tune import Tuned
from ganache.web.export import generator_page
from ganache.web.report import writing as reports
from ganache.web.report.study_page import write_study_page


def train(
    recipe: str | Game | None = None,
    *,
    data: Given,
    out: str | Path | None = None,
    images: str | int | None = None,
    time: str | float | None = None,
    size: str | tuple[int, int] | None = None,
    channels: int | None = None,
    labels: Sequence[str] = (),
    batch: int | None = None,
    seed: int = 0,
    device: str = "auto",
    precision: str = "auto",
    settings: Sequence[str] | Mapping[str, Any] = (),
    max_skipped: float = 0.01,
    evaluate_every: str | int | None = None,
    value_range: str | tuple[float, float] | None = None,
    mirror: bool = False,
    start: str | Path | None = None,
    second: Given | None = None,
    domains: str | Sequence[str] = (),
    task: str = "",
    crop: str | tuple[int, int] | None = None,
    label_column: str = "",
    columns: Sequence[str] = (),
    missing: str = "refuse",
    numbers: str = "quantiles",
    hold_out: float = 0.0,
    quiet: bool | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Train a GAN into a new run directory and return how it ended.

    `recipe` is a name, a Python file that defines one, a Game, or None for the data's default; `data` a folder, a zip,
    a .npz, a store or a name (a Path is never a name), pictures as one array of NumPy or torch (N, H, W[, C]), or
    (pictures, classes), which are copied into the user's cache; `images` (``"200k"``) or `time` (``"10m"``) the budget;
    `size` (height, width) in pixels; `labels` restricts the data to classes; `settings` are ``"field=value"``, or a
    dictionary; `max_skipped` is the share of images that may be unreadable; every `evaluate_every` images the averaged
    networks are scored; `value_range` (``"0:4095"``) are the values that become 0 and 255 in files of more than 8 bits;
    with `mirror` every training picture is taken mirrored left to right, too; `start` is a run with whose weights it
    begins, and whose recipe is taken if none is given; `quiet` is, if left out, that nothing is shown but in a
    notebook; `progress` hears of packing, (done, total). A recipe that translates pictures takes what is wanted from
    `second`, or both sides as two classes of the data, `domains` (``"A,B"``), or makes inputs by a `task`
    (``"colorize"``). With `crop` (height, width) it trains on parts of the pictures, at another place every time. Of a
    table `label_column` names each row's class, `columns` alone are taken, `missing` cells are refused, filled
    (``"mean"``, ``"median"``) or their rows left out (``"drop"``), `numbers` placed by ``"quantiles"``, ``"standard"``
    or ``"deviations"``, and the share `hold_out` of the rows is kept from the training.

    Raises UserError for what cannot be done as asked and RunError when the run fails on the way.
    """
    request = collected(Request, _as_requested(locals()))
    place = at_home(out) if out is not None else None
    outcome = sessions.begin(request, place, quiet=_is_quiet(quiet), progress=progress)
    reports.report_after(outcome.run)
    return outcome


def _as_requested(given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of `train` as a request has them: sources and paths as texts, sequences as tuples."""
    start, second, domains = given["start"], given["second"], given["domains"]
    return {
        **given,
        **{name: as_names(given[name]) for name in ("labels", "columns")},
        "settings": as_settings(given["settings"]),
        "data": as_source(given["data"]),
        "start": None if start is None else at_home(start),
        "second": "" if second is None else as_source(second, "second"),
        "domains": domains if isinstance(domains, str) else tuple(domains),
    }


def _is_quiet(given: bool | None) -> bool:
    return not in_notebook() if given is None else given


def plan(request: Request) -> Plan:
    """Resolve a request without writing anything; ``plan(…).measure()`` gives images per second.

    Of data that is not packed yet its `dataset` holds some rows: enough to measure with, too few to train on.
    """
    return make_plan(request, write=False)


def tune(
    wanted: Tuning,
    *,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
    begun: Callable[[Study, list[Trial]], None] = lambda study, trials: None,
) -> Tuned:
    """Work on a study of a recipe's settings, as one of any number of workers, and write its page.

    ``tune(Tuning(request=Request(data="photos", recipe="dcgan"), out=Path("study"), budget="2h"))`` begins one, and
    ``tune(Tuning(out=Path("study")))`` goes on; `say` hears of every score, `begun` of the study first.
    Raises UserError for what cannot be as asked, RunError when the machine refuses; the study can be continued then.
    """
    found = tuning.tune(wanted, progress=progress, say=say, begun=begun)
    write_study_page(found.study.folder, found.findings, found.findings.shares)
    return found


def resume(
    run: str | Path,
    *,
    images: str | int | None = None,
    time: str | None = None,
    data: Given | None = None,
    quiet: bool | None = None,
) -> Outcome:
    """Continue a run from its newest readable checkpoint, to its own budget or a new total.

    After a crash the result has the same bits as a run that was never interrupted. `data` says where the same data
    lies now; `quiet` is as in `train`. Raises UserError when recipe or data changed, RunError when the run fails on the
    way.
    """
    source = as_source(data) if data is not None else None
    outcome = sessions.resume(at_home(run), images=images, time=time, data=source, quiet=_is_quiet(quiet))
    reports.report_after(outcome.run)
    return outcome


def load(run: str | Path, *, device: str = "cpu", precision: str = "fp32") -> TrainedGenerator:
    """Return the generator of a run or of a bare ``generator.safetensors``, ready to `sample`.

    In `precision` bf16, or auto where that is faster, images are approximate. Raises UserError when there is no
    generator, it is damaged, or its kind of network is not known.
    """
    return products.load(at_home(run), device, precision)


def export(
    run: str | Path,
    out: str | Path,
    *,
    opset: int = OPSET,
    truncation: float = 1.0,
    latents: int = 0,
    seed: int = 0,
    direction: str = "a-to-b",
) -> Parity:
    """Write a run's generator as a file that draws without torch, and say by how much that differs from torch.

    A page (``.html``) draws in any browser, all by itself. An ONNX model (``.onnx``) has the inputs ``latent``
    (N, Z), ``class`` (N, K) one-hot where it knows classes, and where it can be truncated ``truncation`` (1,), which is
    `truncation` if left out; its output is ``images`` (N, C, H, W) in [-1, 1]. The difference is kept in ``OUT.json``;
    with `latents` the inputs of so many images of `seed` are written beside it, as ``NAME.latents.npz``. Of a run that
    translates the model leads in a `direction` from ``given`` (N, C, H, W) to ``images`` (N, D, H, W). Raises UserError
    for what cannot be written, RunError for more than 1e-4 of difference.
    """
    out = at_home(out)
    if out.suffix.lower() not in (".onnx", ".html"):
        raise UserError(f"out: {out.name!r} is neither a model, NAME.onnx, nor a page, NAME.html")
    if is_translator(at_home(run)):
        if out.suffix.lower() == ".html" or latents or truncation != 1.0:
            raise UserError("out: a translator is written as a model, NAME.onnx, and has no latents and no truncation")
        return export_translator(load_translator(at_home(run), direction), out, opset=opset)
    generator = products.load(at_home(run)).truncated(truncation)
    if out.suffix.lower() == ".html":
        if latents:
            raise UserError("latents: a page holds its own; they are written beside a model, NAME.onnx")
        return generator_page.export_page(generator, out, opset=opset)
    return onnx_export.export_to(generator, out, opset=opset, latents=latents, seed=seed)


def plot(run: str | Path) -> list[Path]:
    """Draw a run's curves.png and progress animation, finished or not; return their paths."""
    return sessions.plot(at_home(run))


def report(*runs: str | Path, out: str | Path | None = None) -> Path:
    """Write the report of a run as one page, which needs nothing else, or compare several; return its path.

    `out` is its file: ``report.html`` in the folder of a single run if left out. Raises UserError for what is no run,
    and for several without `out`; RunError when the disk refuses.
    """
    return reports.report_on([at_home(run) for run in runs], None if out is None else at_home(out))


def judge(
    run: str | Path,
    *,
    data: Given,
    count: str | int = 10_000,
    seed: int = 0,
    labels: Sequence[str] = (),
    device: str = "auto",
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Judgement:
    """Have a classifier of the data, which is trained on its first use, judge `count` samples of a run's generator.

    `labels` restricts reals and requests to some classes; `progress` hears of packing, `say` of a training. Raises
    UserError for points, data of another shape or of fewer than two classes, classes that are not the generator's.
    """
    own: dict[str, Any] = {"samples": str(at_home(run)), "data": as_source(data), "labels": as_names(labels)}
    return judging.judge(Asked(count=count, seed=seed, device=device, **own), progress, say)


def evaluate(
    samples: Given,
    *,
    data: Given | None = None,
    metrics: Sequence[str] = (),
    features: str | None = None,
    weights: str | Path | None = None,
    count: str | int | None = None,
    seed: int = 0,
    split: str | None = None,
    direction: str = "a-to-b",
    paired: bool = False,
    labels: Sequence[str] = (),
    size: str | None = None,
    channels: int | None = None,
    device: str = "auto",
    value_range: str | tuple[float, float] | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Score samples against real images, and return every score as a record with its protocol.

    `samples` is a run, a ``.safetensors`` of a generator, a folder or zip of pictures, or a .npy or .npz; `data` what
    `train` takes, a run's own if left out; `metrics` and `features` what the data allows; `count` 10,000, or as many as
    there are reals where those are fewer. `labels` restricts reals and requests to some classes; `value_range` is as in
    `train`. Of a translator's run its translations of a `split` in a `direction` are judged, beside what was wanted
    where that is known, or with `paired` what has the same name; `split` is the reals', `train` if left out, and of a
    translator a held-out one. `progress` hears of packing and samples, `say` of what is prepared once. Raises UserError
    for what cannot be done as asked.
    """
    own = {
        "samples": str(samples) if isinstance(samples, str | Path) else as_source(samples, "samples"),
        "data": None if data is None else as_source(data),
        "weights": None if weights is None else at_home(weights),
    }
    asked = collected(Asked, {**locals(), **own, "metrics": as_names(metrics), "labels": as_names(labels)})
    return evaluating.evaluate(asked, progress, say).evaluation


def compare(*paths: str | Path, direction: str = "a-to-b") -> Comparison:
    """Compare evaluations: runs, or JSON files that `evaluate` wrote; values only where the protocols match.

    Of runs that translate those of a `direction` are meant. Raises UserError for fewer than two, and for a path that
    holds no evaluation.
    """
    return comparing.compare([at_home(path) for path in paths], direction)


def diagnose(
    run: str | Path, *, data: Given | None = None, device: str = "auto", progress: Progress | None = None
) -> Examination:
    """Say what is wrong with a run by its log, finished or not, and what to change.

    With `data`, where the run's data lies, its samples are also compared with the training images and held-out ones.
    Raises UserError when it is no run, has no log yet, or did not learn from these data.
    """
    source = as_source(data) if data is not None else None
    return examination.examine(at_home(run), source, progress, device=device)
