"""The section of RESULTS.md that is made from a measurement."""

from pathlib import Path

from benchmarks.gpu.cases import Json
from benchmarks.gpu.checks import FARTHEST, WINDOWS
from benchmarks.gpu.speed import BASE, RATIOS
from ganache.files import replacing

BEGIN, END = "<!-- gpu: begin -->", "<!-- gpu: end -->"


def write_section(page: Path, results: Json) -> None:
    """Put the section between its two comments, at the end of the page when it has none; the rest stays."""
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    assert text.count(BEGIN) == text.count(END) <= 1, f"{page} holds {BEGIN} or {END} more than once"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2] or "\n"
    before = before.rstrip("\n") + "\n\n" if before.strip() else before
    with replacing(page) as temporary:
        temporary.write_text(f"{before}{BEGIN}\n{section(results)}{END}{after}", encoding="utf-8")


def section(results: Json) -> str:
    """Return a measurement as markdown."""
    machine, scale, peaks = results["machine"], results["scale"], results["peaks"]
    rates = ", ".join(f"{peak['flops_per_second'] / 1e12:.3g} TFLOP/s in {name}" for name, peak in peaks.items())
    lines = [
        "## On a GPU",
        "",
        f"    {results['command']}",
        "",
        f"{machine['device_name']}, torch {machine['torch']}, {machine['processor']}, {machine['platform']}. Measured",
        f"matrix products: {rates}. Batches are the recipes' own unless {scale['batch'] or 'a number'} is asked for.",
        *_rounding(results),
        "",
        *_checks(results["recipes"], scale),
        *_speeds(results["speed"], scale),
        *_ratios(results["speed"]),
    ]
    return "\n".join(lines) + "\n"


def _rounding(results: Json) -> list[str]:
    if results["device"] != "cuda":
        return []
    kinds = {name: "TF32" if rounded else "float32" for name, rounded in results["tf32"].items()}
    return [
        f"In float32, convolutions are computed in {kinds['convolutions']}, matrix products in {kinds['products']}."
    ]


def _checks(recipes: dict[str, Json], scale: Json) -> list[str]:
    if not recipes:
        return []
    lines = [
        f"Each recipe for {scale['steps']} iterations at {scale['sides'][0]}x{scale['sides'][0]}: a run that was "
        "interrupted and resumed has the same bits in every",
        "tensor of its last checkpoint as one that was not; bf16's losses differ from float32's by so many times the "
        f"noise ({scale['seeds']} seeds each,",
        f"{WINDOWS} windows; the noise is the deviation among float32 seeds; up to {FARTHEST:g} counts as agreement); "
        "waits are lines at which the host",
        "waits for the device between two ticks.",
        "",
        "| recipe | images/s | resumed: same bits | bf16 apart | waits | kernels that may not repeat |",
        "|---|---|---|---|---|---|",
    ]
    for name, found in recipes.items():
        if "failed" in found:
            lines.append(f"| `{name}` | failed: {found['failed']} | | | | |")
            continue
        trained, agreed = found["training"], found["agreement"]
        same = "yes" if trained["same_bits_after_resume"] else f"no ({len(trained['differing_tensors'])} tensors)"
        same += "" if trained["same_bits_when_repeated"] else ", nor when repeated"
        apart = max((loss["times_the_noise"] for loss in agreed["losses"].values()), default=0.0) if agreed else None
        cells = [
            f"`{name}`",
            f"{trained['images_per_second']:,.0f}",
            same,
            "" if apart is None else f"{apart:.2f}",
            ", ".join(trained["synchronisations"]) or "none",
            ", ".join(trained["nondeterministic"]) or "none",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _speeds(cases: list[Json], scale: Json) -> list[str]:
    if not cases:
        return []
    lines = [
        f"Images per second as trained (contiguous, medians of {scale['rounds']} interleaved rounds), share of "
        "the bf16 peak (FLOPs by",
        "`torch.utils.flop_counter`), peak memory, and the host's share of an iteration that starts on an idle device: "
        "until all is asked",
        "for over until all is done (near 100% the device waits for the host).",
        "",
        "| recipe | pixels | batch | precision | images/s | GFLOP/image | of the peak | memory | host |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for case in cases:
        if "failed" in case and isinstance(case["failed"], str):
            lines.append(f"| `{case['recipe']}` | {case['side']} | | failed: {case['failed']} | | | | | |")
            continue
        cells = [
            f"`{case['recipe']}`",
            f"{case['side']}",
            f"{case['batch']}",
            case["precision"],
            f"{case['images_per_second'][BASE]:,.0f}",
            f"{case['flops_per_image'] / 1e9:.3g}",
            f"{case['shares_of_peak'][BASE]:.1%}",
            f"{case['memory_bytes'] / 2**20:,.0f} MiB",
            f"{case['host_share']:.0%}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _ratios(cases: list[Json]) -> list[str]:
    if not cases:
        return []
    lines = [
        "Ratios of images per second, above 1 where the first is faster:",
        "",
        f"| recipe | pixels | {' | '.join(RATIOS)} |",
        "|---|---|" + "---|" * len(RATIOS),
    ]
    for case in cases:
        if isinstance(case.get("failed"), str):
            continue
        ratios = [f"{case['ratios'][title]:.2f}" if title in case["ratios"] else "refused" for title in RATIOS]
        lines.append(f"| `{case['recipe']}` | {case['side']} | {' | '.join(ratios)} |")
    refused = {f"{name}: {why}" for case in cases if isinstance(case.get("failed"), dict)
               for name, why in case["failed"].items()}  # fmt: skip
    return [*lines, *(["", *(f"- {each}" for each in sorted(refused))] if refused else [])]
