"""The command: measure what is not measured yet, then write the page."""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import benchmarks.claims
from benchmarks.claims import (
    architectures,
    batch_and_rate,
    clipping,
    collapse,
    conditioning,
    divergences,
    page,
    relativism,
    saturation,
    sevens,
    stabilisers,
)
from benchmarks.claims.workshop import Workshop

CLAIMS = tuple(
    module.CLAIM
    for module in (
        saturation,
        divergences,
        clipping,
        collapse,
        stabilisers,
        conditioning,
        relativism,
        architectures,
        batch_and_rate,
        sevens,
    )
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the sections asked for and write the page from all that are measured."""
    parser = argparse.ArgumentParser(
        description=benchmarks.claims.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=[claim.slug for claim in CLAIMS], help="measure this section alone")
    parser.add_argument("--work", type=Path, default=Path("runs/claims"), help="where runs and measurements are kept")
    parser.add_argument("--page", type=Path, default=Path("docs/claims.md"))
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every budget, below 1 for a quick look")
    parser.add_argument("--sevens-document", type=Path, help="a run of ganache.scratch gan --preset document")
    parser.add_argument("--sevens", type=Path, help="a run of ganache.scratch gan")
    options = parser.parse_args(arguments)
    workshop = Workshop(options.work, options.scale, options.sevens_document, options.sevens)
    for claim in CLAIMS:
        protocol = claim.protocol(workshop)
        if protocol is not None and options.only in (None, claim.slug):
            print(f"{claim.slug}: {claim.title}", flush=True)
            workshop.measure(claim.slug, protocol, partial(claim.measure, workshop))
    written = page.write(CLAIMS, workshop, options.page)
    print(f"{options.page}: {', '.join(written)}")


if __name__ == "__main__":
    main()
