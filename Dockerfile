# The hub for real: `web` serves, `worker` works. Secrets come from files at run time, never at build time.

FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt /tmp/
RUN /venv/bin/pip install --quiet --requirement /tmp/requirements.txt
WORKDIR /app
COPY manage.py ./
COPY hub hub
COPY sync sync
COPY templates templates
# Static files are gathered with keys made for this one step; none of them is kept.
RUN SECRET_KEY="$(/venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(60))')" \
    HUB_KEYS="$(/venv/bin/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    HUB_URL=https://hub.example.com \
    /venv/bin/python manage.py collectstatic --no-input --verbosity 0 --ignore redoc \
    && /venv/bin/python -m compileall -q hub sync

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin hub && install -d -o hub -g hub /data
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --chmod=755 entry.sh /usr/local/bin/entry
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATABASE_URL=sqlite:////data/hub.sqlite3
WORKDIR /app
USER hub
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["entry"]
CMD ["web"]
