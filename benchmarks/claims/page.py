"""The page: an index of all claims, then a section for each, from what was measured."""

from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.claims.claim import Claim, Findings
from benchmarks.claims.workshop import Workshop
from benchmarks.markdown import table
from ganache.support.files import replacing
from ganache.support.machine import describe_machine

_HEAD = """# The documents' claims, measured

Ganache grew out of five texts about GANs. What they claim is measured here, with Ganache's own parts, on data that
every installation has. Each section has what the text says, one number, one plot, and how it was measured; where the
numbers contradict the text, the section says so. The budgets are small, of seconds to a minute a run: a claim about
large pictures and long trainings is not refuted by them, nor is one that holds here proved.

This page and its plots are written by `python -m benchmarks.claims`; `--only SECTION` measures one section. {machine}

The texts:

- **S0** "Writing Generative Adverserial Networks (GANs) in Rust!"
- **S1** "Generative Adversarial Networks (GANs)", chapter 11 of DLVR, a textbook of deep learning in Rust
- **S2** a walk through the paper "Generative Adversarial Nets" in PyTorch, from noise classifier to GAN
- **S3** "Generative Adversarial Networks (GANs)", 22 October 2023, the least-squares GAN with convolutions
- **S4** "An introduction to Generative Adversarial Networks (in Swift for TensorFlow)"

A **mode** of the densities `ring` (8 Gaussians) and `grid` (25) is *found* when at least one of 2,500 samples lies
within three standard deviations of its centre; *high quality* (HQ) is the share of samples that lie so at any mode. The
density's own points reach 98.9%. Where several seeds were trained, a cell has the mean and, in brackets, the least and
the greatest.
"""


def write(claims: Sequence[Claim], workshop: Workshop, page: Path) -> list[str]:
    """Write the page and its plots from all that is measured; return the slugs of its sections."""
    pictures = page.parent / "images" / "claims"
    found: list[tuple[Claim, Findings]] = []
    for claim in claims:
        results = workshop.measured(claim.slug, claim.protocol(workshop))
        if results is None:
            continue
        found.append((claim, claim.tell(results)))
        with replacing(pictures / f"{claim.slug}.png") as temporary:
            claim.draw(results, temporary)
    missing = [claim for claim in claims if claim.slug not in {known.slug for known, _ in found}]
    sections = [_section(number, claim, findings) for number, (claim, findings) in enumerate(found, 1)]
    text = "\n".join([_HEAD.format(machine=_machine()), _index(found), _missing(missing), *sections])
    with replacing(page) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return [claim.slug for claim, _ in found]


def _machine() -> str:
    known = describe_machine(torch.device("cpu"))
    return (
        f"It was last written with torch {known['torch']} and Python {known['python']} on one thread of an "
        f"{known['processor']}, in float32 and without a GPU."
    )


def _index(found: Sequence[tuple[Claim, Findings]]) -> str:
    rows = [
        (f"[{claim.title}](#{number}-{_anchor(claim.title)})", findings.verdict, findings.number)
        for number, (claim, findings) in enumerate(found, 1)
    ]
    return table([("claim", "here it", "measured"), *rows]) + "\n"


def _missing(claims: Sequence[Claim]) -> str:
    if not claims:
        return ""
    names = "; ".join(f'"{claim.title}" (`--only {claim.slug}`)' for claim in claims)
    return f"Prepared and not measured yet: {names}.\n"


def _section(number: int, claim: Claim, findings: Findings) -> str:
    parts = [
        f"## {number}. {claim.title}",
        f"**The text.** {claim.says}",
        f"**Measured.** {findings.number[0].upper()}{findings.number[1:]}.",
        f"![{findings.caption}](images/claims/{claim.slug}.png)",
        f"*{findings.caption}*",
        *([table([findings.table.head, *findings.table.rows])] if findings.table else []),
        f"**So it {findings.verdict}.** {findings.told}",
        f"*Protocol.* {findings.protocol} `python -m benchmarks.claims --only {claim.slug}`",
    ]
    return "\n\n".join(parts) + "\n"


def _anchor(title: str) -> str:
    kept = (letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return "".join(kept).replace(" ", "-")
