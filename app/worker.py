"""The job worker: which job follows which event, and the loop that works them off."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from procrastinate import App, PsycopgConnector, RetryStrategy
from procrastinate.job_context import JobContext

from app.accounts import jobs as accounts_jobs
from app.core.jobs import BULK, PROMPT, Follower, JobEnvironment
from app.exports import jobs as exports_jobs
from app.imports import jobs as imports_jobs
from app.notifications import jobs as notifications_jobs
from app.notifications import searches as searches_jobs
from app.notifications.mailing import jobs as mailing_jobs
from app.practices import jobs as practices_jobs
from app.similar import jobs as similar_jobs

log = structlog.get_logger("worker")

FOLLOWERS: Mapping[str, Sequence[Follower]] = {
    "case.changed": [notifications_jobs.tell_people, similar_jobs.index_case],
    "practice.changed": [notifications_jobs.tell_people, similar_jobs.index_case],
    "practice.used": [notifications_jobs.tell_people],
    "plan.based_on_practice": [practices_jobs.count_as_tried],
    "plan.based_on_case": [notifications_jobs.tell_people],
    "person.told": [mailing_jobs.mail_news],
    "week.over": [mailing_jobs.mail_weekly],
    "comment.written": [notifications_jobs.tell_people],
    "comment.changed": [notifications_jobs.tell_people],
    "model.changed": [similar_jobs.index_organisation],
    "generation.replaced": [similar_jobs.delete_replaced_vectors],
    "export.asked": [exports_jobs.write_export],
    "import.started": [imports_jobs.work_through],
    "account.link_created": [accounts_jobs.mail_link],
    "account.reset_requested": [accounts_jobs.mail_reset],
}

PERIODIC: Mapping[str, tuple[str, Follower]] = {
    "idempotency.grown_old": ("17 * * * *", accounts_jobs.forget_old_answers),
    "imports.grown_old": ("47 * * * *", imports_jobs.delete_old_imports),
    "exports.grown_old": ("37 * * * *", exports_jobs.delete_old_exports),
    "notifications.grown_old": ("41 3 * * *", notifications_jobs.forget_old),
    "week.ends": ("23 * * * *", mailing_jobs.start_weekly),
    "searches.due": ("29 * * * *", searches_jobs.tell_what_is_found),
    "searches.grown_old": ("43 3 * * *", similar_jobs.forget_old_searches),
    "outcome.due": ("11 * * * *", notifications_jobs.tell_what_is_due),
}
"""What runs by the clock: by name, when (as cron writes it) and what."""

CONCURRENCY = {PROMPT: 4, BULK: 1}
STALLED_EVERY_SECONDS = 15
CONNECTION_WITHIN_SECONDS = 5
AGAIN_AFTER_SECONDS = 5
RETRY = RetryStrategy(max_attempts=5, exponential_wait=3)


class WorkerStopped(RuntimeError):
    """A loop ended without being told to."""


def create_job_app(conninfo: str) -> App:
    """A procrastinate app that knows every event as a task and has a connection pool of its own."""
    connector = PsycopgConnector(
        conninfo=conninfo, min_size=1, max_size=sum(CONCURRENCY.values()) + 3, timeout=CONNECTION_WITHIN_SECONDS
    )
    app = App(connector=connector)
    for event, followers in FOLLOWERS.items():
        app.task(name=event, pass_context=True, retry=RETRY)(_run_followers(followers))
    for name, (cron, follower) in PERIODIC.items():
        task = app.task(name=name, queue=BULK, pass_context=True, retry=RETRY)(_run_followers([follower]))
        app.periodic(cron=cron)(task)
    return app


def _run_followers(followers: Sequence[Follower]):  # type: ignore[no-untyped-def] # noqa: ANN202
    async def run(context: JobContext, **arguments: str) -> None:
        environment: JobEnvironment = context.additional_context["environment"]
        for follower in followers:
            await follower(environment, **arguments)

    return run


async def run_worker(environment: JobEnvironment, conninfo: str) -> None:
    """Work off jobs until cancelled; a job under way is given time to finish. A database that went away is awaited."""
    while True:
        try:
            await _work(environment, conninfo)
        except Exception as error:  # noqa: BLE001 - the worker's edge: whatever broke, it is tried again.
            log.warning("worker_interrupted", error=str(error))
        await asyncio.sleep(AGAIN_AFTER_SECONDS)


async def _work(environment: JobEnvironment, conninfo: str) -> None:
    """Until one of the loops ends, as it does when connections are lost. The connections are closed after the jobs."""
    app = create_job_app(conninfo)
    async with app.open_async():
        works = [_work_off(app, queue, environment) for queue in CONCURRENCY]
        loops = [asyncio.create_task(loop) for loop in (take_up_stalled(app), *works)]
        try:
            await asyncio.wait(loops, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for loop in loops:
                loop.cancel()
            ends = await asyncio.gather(*loops, return_exceptions=True)
    raise WorkerStopped(next((str(end) for end in ends if isinstance(end, Exception)), ""))


async def _work_off(app: App, queue: str, environment: JobEnvironment) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=f"unstuck-{queue}",
        concurrency=CONCURRENCY[queue],
        additional_context={"environment": environment},
        install_signal_handlers=False,
        shutdown_graceful_timeout=20,
        delete_jobs="successful",
    )


async def take_up_stalled(app: App) -> None:
    """Run again, from now on, what a worker was doing when it was killed."""
    while True:
        for job in await app.job_manager.get_stalled_jobs():
            log.warning("job_taken_up", job=job.task_name, id=job.id)
            await app.job_manager.retry_job(job)
        await asyncio.sleep(STALLED_EVERY_SECONDS)
