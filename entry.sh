#!/bin/sh
# What a container does: `web` (migrates, then serves), `worker`, or any command of manage.py.
set -eu

case "${1:-web}" in
web)
    python manage.py migrate --no-input
    # No access log: the secret of a hook stands in its address.
    exec gunicorn hub.wsgi --bind 0.0.0.0:8000 --worker-class gthread --workers "${WEB_CONCURRENCY:-2}" --threads 8 \
        --timeout 60 --graceful-timeout 20 --max-requests 5000 --max-requests-jitter 500 \
        --worker-tmp-dir /dev/shm --no-control-socket
    ;;
*)
    exec python manage.py "$@"
    ;;
esac
