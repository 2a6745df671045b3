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
}

start_weir() {  # returns when it is ready
  local pid tries=200
  STREAMVIBE_API="http://127.0.0.1:$api_port" STREAMVIBE_RECOMMENDATIONS="http://127.0.0.1:$recommendations_port" \
    WEIR_LISTEN="127.0.0.1:$port" WEIR_ADMIN_LISTEN="127.0.0.1:$admin_port" \
    build/weir run -c conf/streamvibe.yaml >"$state/weir.log" 2>&1 &
  pid=$!
  started+=("$pid")
  note_process weir "$pid"
  until curl -fs -m 1 -o /dev/null "http://127.0.0.1:$admin_port/ready"; do
    alive "$pid" || { cat "$state/weir.log" >&2; die "weir did not start"; }
    ((tries-- > 0)) || die "weir is not ready after 20 seconds; see $state/weir.log"
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

Ctrl-C stops all of it.
EOT
}

call_up() {
  local scale=1
  port=8080
  while (($#)); do
    case $1 in
      --scale) scale=${2:-} ;;
      --port) port=${2:-} ;;
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
  mkdir -p "$state"
  note_process dev $$
  on_exit+=("rm -f $pid_file")
  need build up node
  need_npm bench/streamvibe
  build default weir
  say "Starting StreamVibe (PostgreSQL and two Node services; the data is made the first time)"
  start_streamvibe "$scale"
  say "Starting weir"
  start_weir
  welcome
  wait -n "${started[@]}" || true
  die "one of the processes ended by itself; see above and $state/weir.log"
}

