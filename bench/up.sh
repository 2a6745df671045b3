# ./dev up and ./dev down: StreamVibe with weir in front of it, on this machine. Sourced by `dev`, whose functions it uses.
# Data, logs and process ids are in .weir/; everything listens on loopback only.
# shellcheck shell=bash disable=SC2154

state=.weir
pid_file=$state/up.pid    # a line a process: NAME ID BIRTH

note_process() { echo "$1 $2 $(birth "$2")" >>"$pid_file"; }

# The ids in the pid file that still are what they were.
noted_processes() {
  local name id born
  [[ -f $pid_file ]] || return 0
  while read -r name id born; do
    if [[ $id && $(birth "$id") == "$born" ]]; then echo "$name $id"; fi
  done <"$pid_file"
}

down() {
  local left name id
  left=$(noted_processes)
  [[ $left ]] || { rm -f "$pid_file"; return 1; }
  while read -r name id; do
    alive "$id" || continue
    say "Stopping $name ($id)"
    stop "$id" 40
  done <<<"$left"
  rm -f "$pid_file"
}

call_down() {
  (($#)) && wrong_use "down takes no arguments" down
  down || say "Nothing of ./dev up is running"
}

free_port() {  # PORT OPTION: or says who has it and what to do
  local holder
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
  holder=$(ss -Hltnp "sport = :$1" 2>/dev/null | grep -o '"[^"]*",pid=[0-9]*' | head -n 1 || true)
  die "port $1 is taken${holder:+ by ${holder/,pid=/, process }}. Stop that, or use another: $2"
}

start_streamvibe() {  # SCALE: returns when it answers
  local line='' pid
  mkdir -p "$state"
  # It ends when its standard input does: even if this script is killed, it does not stay behind.
  coproc streamvibe { exec node bench/streamvibe/up.js --data "$state/streamvibe" --scale "$1" --port "$api_port" \
    --recommendations-port "$recommendations_port" --watch-stdin; }
  pid=${streamvibe_PID:-}
  started+=("$pid")
  note_process StreamVibe "$pid"
  # Copies of our own: bash closes its own as soon as the process has ended.
  # shellcheck disable=SC2034
  exec {streamvibe_out}<&"${streamvibe[0]}" {streamvibe_in}>&"${streamvibe[1]}"
  while ! [[ $line == *'"ready":true'* ]]; do
    IFS= read -r line <&"$streamvibe_out" || die "StreamVibe did not start; its words stand above"
  done
  cat <&"$streamvibe_out" >/dev/null &
  [[ $line =~ \"postgres\":\"([^\"]+)\" ]] && database_url=${BASH_REMATCH[1]}
}

# Tells PostgreSQL to write down what a change makes invalid; weir reads it there.
prepare_database() {
  local arguments
  mapfile -t arguments < <(node -e "import('./bench/streamvibe/invalidation.js').then(({ kInvalidation }) => \
    console.log(kInvalidation.join('\n')))")
  build/weir postgres-sql "${arguments[@]}" | psql -q -v ON_ERROR_STOP=1 "$database_url" >/dev/null ||
    die "the database took no triggers"
}

start_redis() {  # returns when it answers
  local pid tries=100
  redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --maxmemory 256mb --maxmemory-policy allkeys-lru \
    --dir "$state" >"$state/redis.log" 2>&1 &
  pid=$!
  started+=("$pid")
  note_process Redis "$pid"
  until [[ $(redis-cli -p "$redis_port" ping 2>/dev/null) == PONG ]]; do
    alive "$pid" || { cat "$state/redis.log" >&2; die "Redis did not start"; }
    ((tries-- > 0)) || die "Redis does not answer after 10 seconds; see $state/redis.log"
    sleep 0.1
  done
}

# Once: an authority of this folder's own, and what it signs for this machine. Anew where that is about to end.
make_certificate() {
  local folder=$state/tls
  openssl x509 -checkend 86400 -noout -in "$folder/weir.crt" >/dev/null 2>&1 && return 0
  say "Making a certificate for localhost ($folder)"
  rm -rf "$folder"
  (
    umask 077
    mkdir -p "$folder"
    cd "$folder"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj '/CN=weir on this machine' -keyout ca.key -out ca.crt
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout weir.key -out weir.csr
    printf '%s\n' 'subjectAltName=DNS:localhost,IP:127.0.0.1' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' >weir.ext
    openssl x509 -req -in weir.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile weir.ext -out weir.crt
  ) >"$state/tls.log" 2>&1 || { cat "$state/tls.log" >&2; die "openssl made no certificate"; }
}

start_weir() {  # PORT ADMIN_PORT LOG [TLS_PORT]: returns when it is ready
  local pid tries=200
  STREAMVIBE_API="http://127.0.0.1:$api_port" STREAMVIBE_RECOMMENDATIONS="http://127.0.0.1:$recommendations_port" \
    WEIR_LISTEN="127.0.0.1:$1" WEIR_ADMIN_LISTEN="127.0.0.1:$2" DATABASE_URL=$database_url \
    WEIR_TLS_LISTEN="${4:+127.0.0.1:$4}" WEIR_TLS_CERTIFICATE="${4:+$PWD/$state/tls/weir.crt}" WEIR_TLS_KEY="${4:+$PWD/$state/tls/weir.key}" WEIR_TLS_OCSP='' \
    REDIS_URL=${redis_port:+redis://127.0.0.1:$redis_port} WEIR_REDIS_SECRET=$redis_secret build/weir run -c conf/streamvibe.yaml >"$3" 2>&1 &
  pid=$!
  started+=("$pid")
  note_process weir "$pid"
  until curl -fs -m 1 -o /dev/null "http://127.0.0.1:$2/ready"; do
    alive "$pid" || { cat "$3" >&2; die "weir did not start"; }
    ((tries-- > 0)) || die "weir is not ready after 20 seconds; see $3"
    sleep 0.1
  done
}

welcome() {
  local admin=''
  [[ $admin_port == 9090 ]] || admin=" --admin http://127.0.0.1:$admin_port"
  cat <<EOT

${bold}StreamVibe through weir${plain}   http://127.0.0.1:$port/api/videos/trending
straight to StreamVibe    http://127.0.0.1:$api_port/api/videos/trending
weir's admin endpoint     http://127.0.0.1:$admin_port/admin/cache/stats
weir's log                $state/weir.log

Try, in another terminal:
  curl -si http://127.0.0.1:$port/api/videos/42 | grep -i cache-status     # twice: a miss, then a hit
  build/weir purge --tag video:42$admin
  build/weir explain -c conf/streamvibe.yaml 'GET /api/videos/42'
  psql $database_url -c "UPDATE videos SET title = 'New' WHERE id = 42"    # the next answer has it
EOT
  if [[ $tls_port ]]; then
    cat <<EOT

Over TLS, by HTTP/2 or HTTP/1.1; who signed the certificate is in $state/tls/ca.crt:
  curl -si --cacert $state/tls/ca.crt https://localhost:$tls_port/api/videos/42
EOT
  fi
  if [[ $redis_port ]]; then
    cat <<EOT

A second weir shares a Redis with the first:
  curl -si -H 'Host: 127.0.0.1:$port' http://127.0.0.1:$((port + 1))/api/videos/42 | grep -i cache-status    # what the first one fetched
  build/weir purge --tag video:42 --wait 5s$admin                              # gone from both
  curl -s http://127.0.0.1:$admin_port/admin/nodes
EOT
  fi
  printf '\nCtrl-C stops all of it.\n'
}

call_up() {
  local scale=1 with_redis=''
  port=8080 redis_port='' tls_port='' database_url=''
  redis_secret=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
  while (($#)); do
    case $1 in
      --scale) scale=${2:-} ;;
      --port) port=${2:-} ;;
      --redis) with_redis=yes; shift; continue ;;
      --tls) tls_port=${WEIR_TLS_PORT:-8443}; shift; continue ;;
      *) wrong_use "unknown option $1" up ;;
    esac
    shift $(($# > 1 ? 2 : 1))
  done
  [[ $port =~ ^[0-9]{1,5}$ ]] || wrong_use "--port wants a number" up
  [[ $scale =~ ^[0-9]+(\.[0-9]+)?$ ]] || wrong_use "--scale wants a number such as 1 or 0.01" up
  api_port=${STREAMVIBE_API_PORT:-3000}
  recommendations_port=${STREAMVIBE_RECOMMENDATIONS_PORT:-3001}
  admin_port=${WEIR_ADMIN_PORT:-9090}
  if [[ $(noted_processes) == dev\ * ]]; then die "up is running already; ./dev down stops it"; fi
  down || true  # what a killed `up` left behind
  free_port "$port" "./dev up --port 8081"
  free_port "$api_port" "STREAMVIBE_API_PORT=3010 ./dev up"
  free_port "$recommendations_port" "STREAMVIBE_RECOMMENDATIONS_PORT=3011 ./dev up"
  free_port "$admin_port" "WEIR_ADMIN_PORT=9091 ./dev up"
  if [[ $tls_port ]]; then free_port "$tls_port" "WEIR_TLS_PORT=8444 ./dev up --tls"; fi
  if [[ $with_redis ]]; then
    redis_port=${REDIS_PORT:-6390}
    free_port "$redis_port" "REDIS_PORT=6391 ./dev up --redis"
    free_port $((port + 1)) "./dev up --redis --port 8090"
    free_port $((admin_port + 1)) "WEIR_ADMIN_PORT=9190 ./dev up --redis"
  fi
  mkdir -p "$state"
  note_process dev $$
  on_exit+=("rm -f $pid_file")
  need build up node ${with_redis:+redis} ${tls_port:+tls}
  need_npm bench/streamvibe
  build default weir
  say "Starting StreamVibe (PostgreSQL and two Node services; the data is made the first time)"
  start_streamvibe "$scale"
  prepare_database
  if [[ $with_redis ]]; then
    say "Starting Redis"
    start_redis
  fi
  if [[ $tls_port ]]; then make_certificate; fi
  say "Starting weir"
  start_weir "$port" "$admin_port" "$state/weir.log" "$tls_port"
  if [[ $with_redis ]]; then start_weir $((port + 1)) $((admin_port + 1)) "$state/weir2.log"; fi
  welcome
  wait -n "${started[@]}" || true
  die "one of the processes ended by itself; see above and $state/weir.log"
}

