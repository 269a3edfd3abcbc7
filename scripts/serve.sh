#!/bin/sh
# A local Prefect server on loopback, a work pool, the deployments of prefect.yaml and one worker, until Ctrl-C.
# CHEONGGU_SITE names the site file (default: the rehearsal's), CHEONGGU_PORT the server's port.
set -eu
cd "$(dirname "$0")/.."

export CHEONGGU_HOME="$PWD"
export CHEONGGU_SITE="${CHEONGGU_SITE:-$PWD/demo/site.toml}"
PORT="${CHEONGGU_PORT:-4200}"
export PREFECT_HOME="${PREFECT_HOME:-$PWD/demo/.prefect-server}"
export PREFECT_API_URL="http://127.0.0.1:$PORT/api"
export DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=false
export PREFECT_FLOWS_HEARTBEAT_FREQUENCY=30 PREFECT_WORKER_QUERY_SECONDS=3
export PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE=100
export PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE=100
export PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL=1
export PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE=prefect.server.concurrency.lease_storage.filesystem
# A run that waits a little for its turn is not late; one that waits ten minutes has no worker.
export PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS=600
export PREFECT_LOGGING_EXTRA_LOGGERS=cheonggu,tasks

[ -f "$CHEONGGU_SITE" ] || { echo "설정 파일이 없습니다. No site file $CHEONGGU_SITE: run 'make demo' first." >&2; exit 3; }
mkdir -p "$PREFECT_HOME"

prefect server start --host 127.0.0.1 --port "$PORT" >"$PREFECT_HOME/server.log" 2>&1 &
SERVER=$!
WORKER=
stop() { kill $WORKER "$SERVER" 2>/dev/null || true; wait 2>/dev/null || true; }
trap stop EXIT
trap 'exit 130' INT TERM

tries=0
until python -c "import urllib.request as u; u.urlopen('$PREFECT_API_URL/health', timeout=2)" 2>/dev/null; do
  tries=$((tries + 1))
  kill -0 "$SERVER" 2>/dev/null && [ "$tries" -lt 90 ] || { cat "$PREFECT_HOME/server.log" >&2; exit 3; }
  sleep 1
done

prefect work-pool create cheonggu --type process --overwrite >/dev/null
prefect --no-prompt deploy --all >"$PREFECT_HOME/deploy.log" 2>&1 || { cat "$PREFECT_HOME/deploy.log" >&2; exit 3; }
python -m flows.automations || echo "자동 알림 설정에 실패했습니다. The automations were not set; the server goes on." >&2
echo "Prefect UI: http://127.0.0.1:$PORT · Ctrl-C로 종료 (Ctrl-C ends it)"
prefect worker start --pool cheonggu --limit 2 &
WORKER=$!
wait "$WORKER"
