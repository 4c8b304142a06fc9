"""The judgement of a call within its time: where that is not enough, of the names alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from cds_service.config.limits import BY_NAME_SECONDS
from cds_service.errors import OutOfTimeError
from cds_service.hooks.evaluation import Evaluation
from cds_service.hooks.judge import Judge
from cds_service.services import Service
from cds_service.time_limit import within
from cds_service.trust.tenant import Tenant


def evaluate_within(
    seconds: float,
    judge: Judge,
    tenant: Tenant,
    service: Service,
    received: bytes,
    on: Callable[[], date],
) -> Evaluation:
    """The evaluation of a call.

    Where it takes longer than ``seconds``, the sedatives and opioids are told by name, in ``BY_NAME_SECONDS``; where
    that takes too long as well, those of the drafts alone. An answer without a card would say that there is nothing:
    a call without drafts is given up, and so is one whose drafts were to be judged and raised no card by name.

    Args:
        seconds: how long the judgement may take.
        judge: who judges.
        tenant: who calls.
        service: the service that is called.
        received: the body of the request.
        on: tells the day to judge.

    Raises:
        CallError: as :meth:`Judge.evaluate` raises it.
        OutOfTimeError: not even the names could be told in time, they raised no card, or there are no drafts.
    """
    try:
        return within(seconds, lambda: judge.evaluate(tenant, service, received, on()))
    except OutOfTimeError as error:
        if service.drafts is None:
            raise

        def by_name(*, drafts_alone: bool) -> Evaluation:
            return judge.evaluate_by_name(tenant, service, received, on(), drafts_alone=drafts_alone)

        for drafts_alone in (False, True):
            try:
                evaluation = within(BY_NAME_SECONDS, partial(by_name, drafts_alone=drafts_alone))
            except OutOfTimeError:
                continue
            if evaluation.cards or evaluation.assessment is None:
                return evaluation
            break
        raise error from None
