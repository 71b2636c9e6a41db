#!/usr/bin/env bash
# See it: three nodes on this machine, each with its own NATS server in it, a simulator of LINE, campaigns that run, and a Prometheus that
# scrapes all of it with the alert rules of grafana/. Everything stays below a temporary directory and ends with the script.
#
#   examples/see-it.sh             goes on until Ctrl-C; Prometheus at http://127.0.0.1:9090, or where PROMETHEUS_PORT says
#   examples/see-it.sh check       a minute of it, and exit 0 only if Prometheus has figures of all nodes
#   examples/see-it.sh draw DIR    the same, and the dashboards as pictures in DIR, drawn by grafana/cmd/draw
#
# It needs Prometheus in the PATH (Debian: apt install prometheus; there it is not started as a service, or stop that one first).
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-stay}
port=${PROMETHEUS_PORT:-9090}
pictures=${2:-}
[ -z "$pictures" ] || { mkdir -p "$pictures"; pictures=$(cd "$pictures" && pwd); }
command -v prometheus >/dev/null || { echo "prometheus is not there: apt install prometheus"; exit 3; }
work=$(mktemp -d)
declare -A pid
finish() {
  for p in "${pid[@]}"; do kill "$p" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

say "Building"
go build -o "$work/hayauma" ./cmd/hayauma
PATH="$work:$PATH"

say "A simulator of LINE, and three nodes"
hayauma line-sim --listen 127.0.0.1:9190 --faults latency=20ms,500-after=0.002 >"$work/sim.log" 2>&1 & pid[sim]=$!
for n in 1 2 3; do
  SHOP_TOKEN=any hayauma serve --node "node$n" --data "$work/node$n" --listen "127.0.0.1:848$n" --cluster-listen "127.0.0.1:748$n" \
    --nats-cluster-listen "127.0.0.1:648$n" --nats-routes 127.0.0.1:6481,127.0.0.1:6482,127.0.0.1:6483 >>"$work/node$n.log" 2>&1 &
  pid[node$n]=$!
done
for n in 1 2 3; do
  for _ in $(seq 600); do
    curl -sf "http://127.0.0.1:848$n/readyz" >/dev/null && break
    kill -0 "${pid[node$n]}" 2>/dev/null || break
    sleep 0.1
  done
  curl -sf "http://127.0.0.1:848$n/readyz" >/dev/null || { echo "node$n is not ready:"; tail -n 20 "$work/node$n.log"; exit 1; }
done
export HAYAUMA_SERVER=http://127.0.0.1:8481

say "Prometheus"
prometheus --config.file=grafana/prometheus.yml --storage.tsdb.path="$work/prometheus" --web.listen-address=127.0.0.1:$port --log.level=warn \
  >"$work/prometheus.log" 2>&1 & pid[prometheus]=$!
ask() { curl -sf http://127.0.0.1:$port/api/v1/query --data-urlencode "query=$1" || true; }
for _ in $(seq 300); do curl -sf http://127.0.0.1:$port/-/ready >/dev/null && break; sleep 0.1; done
kill -0 "${pid[prometheus]}" 2>/dev/null || { tail -n 5 "$work/prometheus.log"; exit 1; }

say "A campaign to 20,000 friends by push, 150 a second, and one to 5,000 by multicast each minute"
hayauma channel add shop --provider line --endpoint http://127.0.0.1:9190 --token-env SHOP_TOKEN --limits push=150,multicast=5
{ echo user_id,name; for i in $(seq 20000); do printf 'U%032x,friend %d\n' "$i" "$i"; done; } >"$work/friends.csv"
head -n 5001 "$work/friends.csv" >"$work/some.csv"
cat >"$work/personal.yaml" <<'YAML'
name: personal
channel: shop
messages: [{type: text, text: "Hello {{ name }}."}]
YAML
cat >"$work/each-minute.yaml" <<'YAML'
name: each minute
channel: shop
messages: [{type: text, text: "News for everybody."}]
schedule: {cron: "* * * * *"}
YAML
hayauma campaign submit -f "$work/personal.yaml" --audience "$work/friends.csv" >/dev/null
hayauma campaign submit -f "$work/each-minute.yaml" --audience "$work/some.csv" >/dev/null
hayauma campaign list

if [ "$mode" = stay ]; then
  say "Prometheus: http://127.0.0.1:$port (Alerts, Graph); nodes: http://127.0.0.1:8481, :8482, :8483; Ctrl-C ends all of it"
  echo "Pictures of the dashboards: (cd grafana && go run ./cmd/draw -prometheus http://127.0.0.1:$port -last 5m)"
  echo "Grafana itself: docker compose -f grafana/compose.yaml up --build, instead of this script"
  wait "${pid[prometheus]}"
  exit
fi

say "Does Prometheus have figures of all three nodes, while messages are sent?"
up='sum(up{job="hayauma"})' pulse='sum(rate(hayauma_actor_messages_handled_total{kind="poster"}[30s])) > bool 0'
for _ in $(seq 240); do
  got="$(ask "$up" | grep -o '"3"' || true)$(ask "$pulse" | grep -o '"1"' || true)"
  [ "$got" != '"3""1"' ] || break
  sleep 0.5
done
[ "$got" = '"3""1"' ] || { echo "no: $(ask "$up") $(ask "$pulse")"; exit 1; }
rules=$(curl -sf http://127.0.0.1:$port/api/v1/rules | grep -o '"health":"ok"' | wc -l)
echo "3 nodes are scraped, posters work, $rules rules are evaluated"
[ "$rules" -ge 14 ] || exit 1
if [ "$mode" = draw ]; then
  sleep 75 # something to see
  (cd grafana && go run ./cmd/draw -prometheus http://127.0.0.1:$port -to "$pictures" -last 90s -window 20s)
fi
