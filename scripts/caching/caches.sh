# Sourced by `suite` and `cases`: starts a cache in front of an origin and stops it by its id.

here=scripts/caching
target=${CARGO_TARGET_DIR:-target}
all=(nginx varnish httpd trafficserver gateway-rfc gateway-secure)

work=$(mktemp -d "${TMPDIR:-/tmp}/caching-XXXXXX")
# Servers that give up root must reach their folders.
chmod 711 "$work"
running=()
finish() {
    local pid
    for pid in "${running[@]}"; do kill "$pid" 2>/dev/null || true; done
    for pid in "${running[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap finish EXIT

# Installs what the named caches need: Debian package and command.
provide() {
    local cache missing=()
    need() { command -v "$2" >/dev/null || missing+=("$1"); }
    need nodejs node
    for cache in "$@"; do
        case $cache in
            nginx) need nginx nginx ;;
            varnish) need varnish varnishd ;;
            httpd) need apache2 apache2 ;;
            trafficserver) need trafficserver traffic_server ;;
            gateway-*) cargo build -q -p bartizan-gateway ;;
            *) echo "No cache is called $cache" >&2; exit 1 ;;
        esac
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        printf 'Missing: sudo apt-get install -y %s\n' "${missing[*]}" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}

free_port() {
    node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => {
        console.log(s.address().port); s.close() })'
}

# Starts a command whose output goes to a log, and returns when it listens on the port.
start() {
    local port=$1 log=$2 waited=0
    shift 2
    "$@" >"$log" 2>&1 &
    running+=($!)
    until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        if ! kill -0 "${running[-1]}" 2>/dev/null || [ $((waited += 1)) -gt 300 ]; then
            cat "$log" >&2
            return 1
        fi
        sleep 0.1
    done
}

stop() {
    kill "${running[-1]}"
    wait "${running[-1]}" 2>/dev/null || true
    unset 'running[-1]'
}

# Starts the named cache on a free port, with all its files in a folder of its own; sets `port`.
start_cache() {
    local cache=$1 origin=$2 dir=$work/$1
    port=$(free_port)
    mkdir -m 711 "$dir"
    "run_$cache"
}

# Writes one of our configuration files with its places filled in.
fill() {
    sed -e "s|@PORT@|$port|g" -e "s|@ORIGIN@|$origin|g" -e "s|@DIR@|$dir|g" -e "s|@USER@|${user:-}|g" "$here/$1"
}

run_nginx() {
    fill nginx.conf >"$dir/nginx.conf"
    start "$port" "$dir/log" nginx -e "$dir/error.log" -c "$dir/nginx.conf"
}

run_varnish() {
    fill varnish.vcl >"$dir/varnish.vcl"
    start "$port" "$dir/log" varnishd -F -j none -n "$dir/state" -a "127.0.0.1:$port" -f "$dir/varnish.vcl" \
        -s malloc,64M -p default_ttl=0 -p default_grace=0 -p default_keep=3600
}

run_httpd() {
    mkdir "$dir/cache"
    [ "$(id -u)" -ne 0 ] || chown www-data "$dir/cache"
    fill httpd.conf >"$dir/httpd.conf"
    start "$port" "$dir/log" apache2 -DFOREGROUND -f "$dir/httpd.conf"
}

run_trafficserver() {
    local user=trafficserver
    [ "$(id -u)" -eq 0 ] || user=$(id -un)
    mkdir "$dir/config" "$dir/state" "$dir/cache"
    fill trafficserver.config >"$dir/config/records.config"
    echo "map http://127.0.0.1:$port/ http://127.0.0.1:$origin/" >"$dir/config/remap.config"
    echo "$dir/cache 64M" >"$dir/config/storage.config"
    cp /etc/trafficserver/ip_allow.yaml "$dir/config/"
    [ "$(id -u)" -ne 0 ] || chown -R trafficserver "$dir/state" "$dir/cache"
    start "$port" "$dir/log" env PROXY_CONFIG_CONFIG_DIR="$dir/config" PROXY_CONFIG_LOCAL_STATE_DIR="$dir/state" \
        PROXY_CONFIG_LOG_LOGFILE_DIR="$dir/state" traffic_server
}

run_gateway() {
    fill "gateway-$1.toml" >"$dir/gateway.toml"
    start "$port" "$dir/log" "$target/${profile:-debug}/bartizan-gateway" \
        --upstream "http://127.0.0.1:$origin" --config "$dir/gateway.toml"
}
run_gateway-rfc() { run_gateway rfc; }
run_gateway-secure() { run_gateway secure; }
