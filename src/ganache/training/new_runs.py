"""The folder of a run that begins, and what it says of itself."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ganache.engine.state import TrainingState
from ganache.runs.cadence import Cadence
from ganache.runs.checkpoints import save_state
from ganache.runs.folder import Run, now_text
from ganache.support.machine import describe_machine
from ganache.training.plan import Plan


def created(out: Path, plan: Plan, state: TrainingState, cadence: Cadence) -> Run:
    """Make the folder of a run; where it begins with the weights of another run, they are in its first checkpoint.

    So it can be resumed from its first moment on without that other run. Raises UserError where they do not fit.
    """
    record = make_record(plan, cadence)
    if plan.start is None:
        return Run.create(out, plan.recipe, record)
    record["start"] = plan.start.put_into(state, plan.data.label_names)
    return Run.create(out, plan.recipe, record, lambda run: save_state(run, state, plan.dataset.fingerprint))


def make_record(plan: Plan, cadence: Cadence) -> dict[str, Any]:
    """Return what run.json says of a run that begins."""
    approximations = (
        ["passes and their slopes in bfloat16 (automatic mixed precision)"] if plan.precision == "bf16" else []
    )
    return {
        **describe_machine(plan.device),
        "device": plan.device.type,
        "precision": plan.precision,
        "threads": plan.threads,
        "approximations": approximations,
        **({"asked_recipe": plan.asked.model_dump(mode="json")} if plan.asked is not None else {}),
        "seed": plan.seed,
        "source": plan.source.to_json(),
        "data": plan.data.summary(),
        "selection": plan.data.describe(),
        "budget": asdict(plan.budget),
        "expected_images": plan.expected,
        "cadence": cadence.to_json(),
        "evaluate_every": plan.evaluate_every,
        "created": now_text(),
        "sessions": [],
        "images_seen": 0,
        "training_seconds": 0.0,
        "outcome": "running",
    }
