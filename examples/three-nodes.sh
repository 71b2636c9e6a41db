#!/usr/bin/env bash
# Three nodes on this machine, each with its own NATS server in it, and a simulator of LINE. A campaign begins, a node is killed,
# the campaign goes on. Everything stays below a temporary directory and ends with the script.
#
#   examples/three-nodes.sh          the whole story
#   examples/three-nodes.sh stay     … and then leaves the nodes running until Ctrl-C
set -euo pipefail
cd "$(dirname "$0")/.."
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
hayauma line-sim --listen 127.0.0.1:9090 >"$work/sim.log" 2>&1 & pid[sim]=$!
node() { # node N: starts node N
  SHOP_TOKEN=any hayauma serve --node "node$1" --data "$work/node$1" --listen "127.0.0.1:848$1" --cluster-listen "127.0.0.1:748$1" \
    --nats-cluster-listen "127.0.0.1:648$1" --nats-routes 127.0.0.1:6481,127.0.0.1:6482,127.0.0.1:6483 >>"$work/node$1.log" 2>&1 &
  pid[node$1]=$!
}
ready() { # ready N: waits until node N takes work
  for _ in $(seq 300); do
    curl -sf "http://127.0.0.1:848$1/readyz" >/dev/null && return
    kill -0 "${pid[node$1]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "node$1 is not ready:"; curl -s "http://127.0.0.1:848$1/readyz" || true; tail -n 20 "$work/node$1.log"; exit 1
}
for n in 1 2 3; do node $n; done
for n in 1 2 3; do ready $n; done
export HAYAUMA_SERVER=http://127.0.0.1:8481
hayauma cluster members

say "A campaign to 3,000 friends, 200 a second"
hayauma channel add shop --provider line --endpoint http://127.0.0.1:9090 --token-env SHOP_TOKEN --limits push=200
cat >"$work/campaign.yaml" <<'YAML'
name: three nodes
channel: shop
messages: [{type: text, text: "Hello {{ name }}."}]
YAML
{ echo user_id,name; for i in $(seq 3000); do printf 'U%032x,friend %d\n' "$i" "$i"; done; } >"$work/friends.csv"
hayauma campaign submit -f "$work/campaign.yaml" --audience "$work/friends.csv" --wait & pid[wait]=$!
sleep 5

say "kill -9 of node2, and what node1 makes of it"
kill -9 "${pid[node2]}"
wait "${pid[node2]}" 2>/dev/null || true
sleep 1
hayauma cluster members
hayauma campaign list

say "node2 comes back, and takes its share again"
node 2
ready 2
hayauma cluster members
wait "${pid[wait]}"

say "What the simulator has seen: 3,000 users, 3,000 deliveries, no duplicates"
ledger=$(curl -s http://127.0.0.1:9090/_sim/ledger)
echo "$ledger"
grep -q '"users":3000,"deliveries":3000,"duplicates":0' <<<"${ledger//[[:space:]]/}" || { echo "that is not what was ordered"; exit 1; }
if [ "${1:-}" = stay ]; then
  say "http://127.0.0.1:8481, :8482 and :8483 go on; Ctrl-C ends them"
  wait "${pid[node1]}"
fi
