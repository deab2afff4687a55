"""Evaluation packs that a training pack is compared with, fetched and indexed."""

from sluice_api import reasons
from sluice_api.contracts.requests import PackRequest
from sluice_api.errors import InputWrong
from sluice_trainer.context import Context
from sluice_trainer.data.against import Against
from sluice_trainer.data.rows import read_rows
from sluice_trainer.data.splitting import EVAL
from sluice_trainer.evals.suites import fetch_pack, preamble


def load_against(request: PackRequest, ctx: Context) -> Against:
    """All packs of the request, proven by their digests."""
    against = Against()
    for pack in request.contamination_against:
        folder = ctx.work / "against" / pack.name
        details = fetch_pack(pack.dataset, ctx, folder, (EVAL,))
        if details.purpose != "Evaluation":
            raise InputWrong(
                reasons.REFERENCE_UNUSABLE,
                f"contaminationAgainst: DatasetPack {pack.name} has purpose {details.purpose}; "
                "name one of purpose Evaluation",
            )
        against.add(pack, tuple(read_rows(folder, EVAL)), preamble(details))
    return against
