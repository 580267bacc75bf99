#!/usr/bin/env bash
# Asks a running server, started with its default limits, whether it keeps those of anonymous callers,
# and whether it asks the platform once for what it then answers from its cache:
#   [ADMIN_API_KEY=...] acceptance.sh [URL]
# The caches are cleared for that, by the key of operators, or without one from the server's own host.
# Each part asks from another address of 127.0.0.0/8, so nothing has to be waited for and the script
# can be repeated. A server elsewhere sees one address: there, a minute passes between the parts, and
# the analyses count for the hour.
set -euo pipefail

url=${1:-http://127.0.0.1:3000}
url=${url%/}
command -v curl >/dev/null || { echo 'The acceptance needs curl' >&2; exit 2; }
case $url in
    http://127.0.0.1 | http://127.0.0.1:* | http://localhost | http://localhost:*) local=yes ;;
    *) local=no ;;
esac
url=${url/localhost/127.0.0.1}

failed=0
parts=0
interface=()
fail() { printf 'FAILED  %s\n' "$*"; failed=1; }
pass() { printf 'ok      %s\n' "$*"; }

# Another caller for the next part.
anew() {
    if [ $local = yes ]; then
        interface=(--interface "127.$((RANDOM % 254 + 1)).$((RANDOM % 256)).$((RANDOM % 254 + 1))")
    elif [ $parts -gt 0 ]; then
        sleep 66
    fi
    parts=$((parts + 1))
}

ask() { curl -sS -m 20 "${interface[@]}" "$@"; }

# NAME TOTAL GOOD ARGUMENTS...: of TOTAL requests the first GOOD are answered, the others refused.
counts() {
    local name=$1 total=$2 good=$3 answered='' expected=''
    shift 3
    for number in $(seq "$total"); do
        answered+="$(ask -o /dev/null -w '%{http_code}' "$@") "
        expected+=$([ "$number" -le "$good" ] && echo '200 ' || echo '429 ')
    done
    if [ "$answered" = "$expected" ]; then
        pass "$name: $good of $total"
    else
        fail "$name: expected the first $good of $total, got $answered"
    fi
}

# NAME TEXT PATTERN: some line of the text matches.
has() {
    if grep -Eqi -- "$3" <<<"$2"; then
        pass "$1"
    else
        fail "$1: no match for $3 in:"$'\n'"$(head -c 2000 <<<"$2")"
    fi
}

# A server that has just been started gets half a minute.
until curl -sf -m 5 -o /dev/null "$url/ready"; do
    [ $SECONDS -lt 30 ] || { echo "No 200 from $url/ready within 30 s" >&2; exit 2; }
    sleep 0.5
done

anew
answer=$(ask -i "$url/api/workflows" | tr -d '\r')
for line in 'http/[0-9.]+ 200.*' 'x-ratelimit-tier: free' 'x-ratelimit-limit: 20' 'x-ratelimit-window: 60' \
    'x-ratelimit-remaining: 19' 'x-ratelimit-reset: [0-9]{10}' 'ratelimit-policy: "api";q=20;w=60' \
    'ratelimit: "api";r=19;t=[0-9]+'; do
    has "the first answer has $line" "$answer" "^$line\$"
done
counts 'GET /api/workflows, then' 24 19 "$url/api/workflows"
refusal=$(ask -i -H 'origin: http://localhost:5173' "$url/api/workflows" | tr -d '\r')
has 'the literal body' "$refusal" '^\{"success":false,"error":\{"message":"Free tier rate limit exceeded\. Upgrade to Pro for higher limits\.","code":"RATE_LIMIT_EXCEEDED","retryAfter":[0-9]+,"currentTier":"free","upgradeUrl":"/api/subscription/checkout","limits":\{"current":20,"pro":100\}\}\}$'
for header in 'x-ratelimit-tier: free' 'x-ratelimit-limit: 20' 'x-ratelimit-window: 60' \
    'x-ratelimit-remaining: 0' 'x-ratelimit-reset: [0-9]{10}' 'ratelimit-policy: "api";q=20;w=60' \
    'ratelimit: "api";r=0;t=[0-9]+' 'retry-after: [0-9]+' 'access-control-expose-headers: .*retry-after.*' \
    'content-security-policy: .+'; do
    has "a refusal has $header" "$refusal" "^$header\$"
done
has 'a probe is not limited' "$(ask -i "$url/live")" '^HTTP/[0-9.]+ 200'

anew
counts 'POST /api/analyze' 12 10 -H 'content-type: application/json' -d '{"workflowId":"wf_test"}' \
    "$url/api/analyze"

# NAME SECONDS COMPARISON BOUND: of two numbers with fractions.
compares() {
    if awk -v one="$2" -v other="$4" "BEGIN { exit !(one $3 other) }"; then
        pass "$1: $2 s"
    else
        fail "$1: expected $3 $4 s, got $2 s"
    fi
}

anew
operator=()
[ -z "${ADMIN_API_KEY:-}" ] || operator=(-H "x-api-key: $ADMIN_API_KEY")
cleared=$(ask -X POST -o /dev/null -w '%{http_code}' "${operator[@]}" "$url/api/performance/clear-cache")
if [ "$cleared" = 200 ]; then
    anew
    compares 'the first list takes as long as the platform' \
        "$(ask -o /dev/null -w '%{time_total}' "$url/api/workflows")" '>=' 0.8
    compares 'the next list does not' \
        "$(ask -o /dev/null -w '%{time_total}' "$url/api/workflows")" '<' 0.01
else
    fail "clearing the caches: expected 200, got $cleared (is ADMIN_API_KEY that of the server?)"
fi

anew
counts 'GET /api/v1/leads' 20 5 "$url/api/v1/leads"

# Elsewhere a proxy before the server may rightly be believed.
if [ $local = yes ]; then
    anew
    forged=''
    for number in $(seq 21); do
        forged=$(ask -o /dev/null -w '%{http_code}' -H "x-forwarded-for: 203.0.113.$number" \
            "$url/api/workflows")
    done
    if [ "$forged" = 429 ]; then
        pass 'a forged address frees nobody'
    else
        fail "a forged address: expected 429, got $forged (is 127.0.0.0/8 among TRUSTED_PROXIES?)"
    fi
fi

exit $failed
