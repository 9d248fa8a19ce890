"""The section of RESULTS.md that is made from a measurement."""

from pathlib import Path

from benchmarks.gpu.cases import Json
from benchmarks.gpu.checks import FARTHEST, WINDOWS
from benchmarks.gpu.speed import BASE, RATIOS
from benchmarks.markdown import table, write_section

BEGIN, END = "<!-- gpu: begin -->", "<!-- gpu: end -->"


def write(page: Path, results: Json) -> None:
    """Put the section between its two comments, at the end of the page when it has none; the rest stays."""
    write_section(page, BEGIN, END, section(results))


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
        "",
        *_checks(results["recipes"], scale),
        *_speeds(results["speed"], scale),
        *_ratios(results["speed"]),
    ]
    return "\n".join(lines)


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
    ]
    rows: list[tuple[str, ...]] = [
        ("recipe", "images/s", "resumed: same bits", "bf16 apart", "waits", "kernels that may not repeat")
    ]
    for name, found in recipes.items():
        if "failed" in found:
            rows.append((f"`{name}`", f"failed: {found['failed']}", *[""] * (len(rows[0]) - 2)))
            continue
        trained, agreed = found["training"], found["agreement"]
        same = "yes" if trained["same_bits_after_resume"] else f"no ({len(trained['differing_tensors'])} tensors)"
        same += "" if trained["same_bits_when_repeated"] else ", nor when repeated"
        apart = max((loss["times_the_noise"] for loss in agreed["losses"].values()), default=0.0) if agreed else None
        rows.append(
            (
                f"`{name}`",
                f"{trained['images_per_second']:,.0f}",
                same,
                "" if apart is None else f"{apart:.2f}",
                ", ".join(trained["synchronisations"]) or "none",
                ", ".join(trained["nondeterministic"]) or "none",
            )
        )
    return [*lines, table(rows), ""]


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
    ]
    rows: list[tuple[str, ...]] = [
        ("recipe", "pixels", "batch", "precision", "images/s", "GFLOP/image", "of the peak", "memory", "host")
    ]
    for case in cases:
        if "failed" in case and isinstance(case["failed"], str):
            told = ("", f"failed: {case['failed']}")
            rows.append((f"`{case['recipe']}`", f"{case['side']}", *told, *[""] * (len(rows[0]) - 4)))
            continue
        rows.append(
            (
                f"`{case['recipe']}`",
                f"{case['side']}",
                f"{case['batch']}",
                case["precision"],
                f"{case['images_per_second'][BASE]:,.0f}",
                f"{case['flops_per_image'] / 1e9:.3g}",
                f"{case['shares_of_peak'][BASE]:.1%}",
                f"{case['memory_bytes'] / 2**20:,.0f} MiB",
                f"{case['host_share']:.0%}",
            )
        )
    return [*lines, table(rows), ""]


def _ratios(cases: list[Json]) -> list[str]:
    if not cases:
        return []
    rows: list[tuple[str, ...]] = [("recipe", "pixels", *RATIOS)]
    for case in cases:
        if isinstance(case.get("failed"), str):
            continue
        ratios = [f"{case['ratios'][title]:.2f}" if title in case["ratios"] else "refused" for title in RATIOS]
        rows.append((f"`{case['recipe']}`", f"{case['side']}", *ratios))
    refused = {f"{name}: {why}" for case in cases if isinstance(case.get("failed"), dict)
               for name, why in case["failed"].items()}  # fmt: skip
    lines = ["Ratios of images per second, above 1 where the first is faster:", "", table(rows)]
    return [*lines, *(["", *(f"- {each}" for each in sorted(refused))] if refused else [])]
