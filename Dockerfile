# The site and its worker in one image. Unbuilt until someone has built it where there is an engine; it runs the
# same steps as scripts/serve.
#
#   docker build --tag unstuck .
#   docker run --publish 8000:8000 --volume unstuck:/var/lib/unstuck unstuck
#
# The second line brings its own database and worker, like scripts/serve. In production the database is elsewhere
# and three containers share one environment (DATABASE_URL, UNSTUCK_SECRET_KEY, UNSTUCK_BASE_URL,
# UNSTUCK_ENV=production); only the first one is given UNSTUCK_OWNER_DATABASE_URL, and ends before the others start:
#
#   docker run --rm --env-file … unstuck .venv/bin/python -m app db upgrade
#   docker run --env-file … --publish 8000:8000 unstuck
#   docker run --env-file … unstuck .venv/bin/python -m app worker
FROM python:3.11-slim

RUN useradd --system --user-group --uid 10001 --home-dir /var/lib/unstuck --create-home unstuck
WORKDIR /srv/unstuck

COPY requirements.lock .
RUN python -m venv .venv && .venv/bin/python -m pip install --no-cache-dir --requirement requirements.lock

COPY . .
RUN .venv/bin/python -m app model build --data-dir /srv/unstuck/built \
    && chmod -R a+rX /srv/unstuck

ENV UNSTUCK_MODEL=/srv/unstuck/built/models/multilingual-e5-small \
    UNSTUCK_DATA_DIR=/var/lib/unstuck \
    PYTHONUNBUFFERED=1
USER unstuck
VOLUME /var/lib/unstuck
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD [".venv/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz')"]
CMD [".venv/bin/python", "-m", "app", "serve", "--host", "0.0.0.0"]
