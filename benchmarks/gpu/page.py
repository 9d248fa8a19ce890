"""The section of RESULTS.md that is made from a measurement."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.gpu.cases import Json
from benchmarks.gpu.checks import FARTHEST, WINDOWS
from benchmarks.gpu.parts import AUTHORS, PLAIN, WITHOUT
from benchmarks.gpu.speed import BASE, RATIOS
from benchmarks.gpu.targets import why_not
from benchmarks.markdown import table, write_section

BEGIN, END = "<!-- gpu: begin -->", "<!-- gpu: end -->"
RIVALS = {PLAIN: "a plain PyTorch loop", AUTHORS: "the authors' code", WITHOUT: "without penalties"}
Rows = list[tuple[str, ...]]


def write(page: Path, results: Json) -> None:
    """Put the section between its two comments, at the end of the page when it has none; the rest stays."""
    write_section(page, BEGIN, END, section(results))


def section(results: Json) -> str:
    """Return a measurement as markdown."""
    parts, scale = results["parts"], results["scale"]
    return "\n".join(
        [
            *_head(results),
            *_targets(results["targets"]),
            *_speeds(_of_kind(parts, "speed", "penalties", "preset"), _peak(parts), scale),
            *_checks(parts, scale),
            *_ratios(_of_kind(parts, "ratios")),
            *_times(parts, results["budget"]),
        ]
    )


def _of_kind(parts: Iterable[Json], *kinds: str) -> list[Json]:
    return [part for part in parts if part["kind"] in kinds]


def _peak(parts: list[Json]) -> float | None:
    """Return the FLOP/s of products in bfloat16, where they were measured."""
    found = [part["found"] for part in _of_kind(parts, "peaks") if "found" in part]
    return found[0]["bf16"]["flops_per_second"] if found else None


def _head(results: Json) -> list[str]:
    machine, scale = results["machine"], results["scale"]
    peaks: Json = next((part["found"] for part in _of_kind(results["parts"], "peaks") if "found" in part), {})
    rates = ", ".join(f"{peak['flops_per_second'] / 1e12:.3g} TFLOP/s in {name}" for name, peak in peaks.items())
    return [
        "## On a GPU",
        "",
        f"    {results['command']}",
        "",
        f"{machine['device_name']}, torch {machine['torch']}, {machine['processor']}, {machine['platform']}.",
        f"Measured matrix products: {rates or 'none'}.",
        f"Batches are the recipes' own unless {scale['batch'] or 'a number'} is asked for.",
        "",
    ]


def _targets(targets: list[Json]) -> list[str]:
    rows: Rows = [("what", "asked for", "measured", "")]
    rows += [(each["what"], each["asked"], each["measured"], each["verdict"]) for each in targets]
    return ["### What is asked for", "", table(rows), ""]


def _speeds(parts: list[Json], peak: float | None, scale: Json) -> list[str]:
    if not parts:
        return []
    lines = [
        "### Speed",
        "",
        f"Images per second as trained (medians of {scale['rounds']} rounds or fewer, all of a row in turns), share",
        "of the bf16 peak (FLOPs by the formulas of `torch.utils.flop_counter`), peak memory, and the host's share of",
        "an iteration that starts on an idle device: until all is asked for over until all is done (near 100% the",
        "device waits for the host).",
        "",
    ]
    rows: Rows = [
        ("", "pixels", "batch", "precision", "images/s", "GFLOP/image", "of the peak", "memory", "host", "beside")
    ]
    for part in parts:
        if "found" not in part:
            rows.append((part["name"], "", "", "", why_not(part), *[""] * (len(rows[0]) - 5)))
            continue
        found = part["found"]
        speeds, flops = found["images_per_second"], found["flops_per_image"]
        rows.append(
            (
                part["name"],
                f"{found['side']}",
                f"{found['batch']}",
                found["precision"],
                f"{speeds[BASE]:,.0f}",
                f"{flops / 1e9:.3g}",
                f"{flops * speeds[BASE] / peak:.1%}" if peak else "",
                f"{found['memory_bytes'] / 2**20:,.0f} MiB",
                f"{found['host_share']:.0%}",
                _beside(found),
            )
        )
    return [*lines, table(rows), ""]


def _beside(found: Json) -> str:
    """Return in words how fast the rivals were, or why there is none."""
    speeds = found["images_per_second"]
    told = [f"{speeds[name]:,.0f}: {words}" for name, words in RIVALS.items() if name in speeds]
    told += [found["operators"]] if found.get("operators") else []
    told += [f"{RIVALS[name]}: {why}" for name, why in found["failed"].items() if name in RIVALS]
    return ", ".join(told)


def _checks(parts: list[Json], scale: Json) -> list[str]:
    resumed, agreed = _of_kind(parts, "resume"), _of_kind(parts, "agreement")
    if not resumed and not agreed:
        return []
    lines = [
        "### Whether it is right",
        "",
        f"Each recipe for {scale['steps']} iterations: a run that was interrupted and resumed has the same bits in",
        "every tensor of its last checkpoint as one that was not; waits are lines at which the host waits for the",
        "device between two ticks.",
        "",
    ]
    rows: Rows = [("recipe", "images/s", "resumed: same bits", "waits", "kernels that may not repeat")]
    rows += [_resumed(part) for part in resumed]
    losses: Rows = [("recipe", "bf16 apart")]
    losses += [_apart(part) for part in agreed]
    explained = [
        "",
        "bf16's losses differ from float32's by so many times the noise "
        f"({scale['seeds']} seeds each, {WINDOWS} windows;",
        f"the noise is the deviation among float32 seeds; up to {FARTHEST:g} counts as agreement):",
        "",
    ]
    return [*lines, table(rows), *explained, table(losses), ""]


def _resumed(part: Json) -> tuple[str, ...]:
    name = f"`{part['name'].split()[-1]}`"
    if "found" not in part:
        return name, why_not(part), "", "", ""
    found = part["found"]
    same = "yes" if found["same_bits_after_resume"] else f"no ({len(found['differing_tensors'])} tensors)"
    same += "" if found["same_bits_when_repeated"] else ", nor when repeated"
    waits, may_differ = (", ".join(found[which]) or "none" for which in ("synchronisations", "nondeterministic"))
    return name, f"{found['images_per_second']:,.0f}", same, waits, may_differ


def _apart(part: Json) -> tuple[str, ...]:
    name = f"`{part['name'].split()[-1]}`"
    if "found" not in part:
        return name, why_not(part)
    apart = [loss["times_the_noise"] for loss in part["found"]["losses"].values()]
    return name, f"{max(apart):.2f}" if apart else "only in float32"


def _ratios(parts: list[Json]) -> list[str]:
    if not parts:
        return []
    rows: Rows = [("", *RATIOS)]
    refused: set[str] = set()
    for part in parts:
        if "found" not in part:
            rows.append((part["name"], why_not(part), *[""] * (len(rows[0]) - 2)))
            continue
        speeds = part["found"]["images_per_second"]
        rows.append((part["name"], *[_ratio(speeds, above, below) for above, below in RATIOS.values()]))
        refused |= {f"{name}: {why}" for name, why in part["found"]["failed"].items()}
    lines = ["### What would change it", "", "Ratios of images per second, above 1 where the first is faster:", ""]
    return [*lines, table(rows), *(["", *(f"- {each}" for each in sorted(refused))] if refused else []), ""]


def _ratio(speeds: Json, above: str, below: str) -> str:
    return f"{speeds[above] / speeds[below]:.2f}" if above in speeds and below in speeds else "refused"


def _times(parts: list[Json], budget: float | None) -> list[str]:
    """Return what the parts took, of what they were given."""
    taken = sum(part["seconds"] for part in parts)
    of = f" of a budget of {budget:g} s" if budget else ""
    told = [
        f"{part['name']} {part['seconds']:.0f} ({part['stated_seconds']:g})" for part in parts if "skipped" not in part
    ]
    left_out = [part["name"] for part in parts if "skipped" in part]
    lines = ["### Where the time went", "", f"{taken:.0f} s{of}; seconds of each part (and how many it was given): "
             f"{', '.join(told)}."]  # fmt: skip
    return [*lines, *(["", f"Not measured, out of time: {', '.join(left_out)}."] if left_out else [])]
