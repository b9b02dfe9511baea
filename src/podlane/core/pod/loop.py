"""The build container's command: a loop in POSIX sh, builtins only, that runs scripts.

    sh -c LOOP podlane LANE SCOPE

They talk by four FIFOs in LANE/fifo, made by the helper, which opens say and out for reading and
req and ctl for both before anything else:

    req  helper → loop  `run N FILE`
    say  loop → helper  `hello 1 uid= gid= shell= begun= USED`, `begin N PID`, `end N STATUS USED`,
                        `did term`, `did kill`, `did used USED`
    ctl  helper → loop  `term`, `kill`, `used`; each is answered, and the first two before the next
                        `run` may be sent, else a late kill hits the next step
    out  output of the steps

USED is what the container has used since it began, from its cgroup, v2 or v1: `limit=`, `peak=`
(with page cache) and `held=` (without, now) in bytes, `oom=` kernel kills, `hits=` of the limit,
`cpu=` microseconds, `forks=` processes that were one too many. A privileged container sees the
node's whole tree on v2, and looks for its own place in it. `begun` is when the loop began, in clock ticks since boot.

End of file on req and ctl: the helper is gone, everything is stopped. End of file on say: the loop
is gone. SCOPE says whose processes a stop ends: `container`, those in this container's cgroup;
`session`, those of this session, if the loop leads it, and the loop's descendants (a laptop, where
the cgroup is the user's, and the session may be a terminal's).
What was there at hello is never touched. Where there is no /proc, a step's process group is.

Kubernetes turns two dollar signs into one, and expands a name in $() if the container has a
variable of that name: the text has no two dollars in a row, and no such name, which a test
asserts. The helper decides what a signal means, so TERM only wakes the loop.
"""

from __future__ import annotations

LOOP = r"""
L=$1/fifo scope=$2 told= ear= step=
trap 'exit 143' TERM
until [ -p "$L/say" ]; do sleep 0.02 2>/dev/null || sleep 1; done
me() { read -r pid _ </proc/self/stat; } 2>/dev/null
stat() { rest=; { IFS= read -r rest; } </proc/$1/stat || return 1; rest=${rest##*) }; } 2>/dev/null
group() { cg=; { IFS= read -r cg; } </proc/$1/cgroup || return 1; } 2>/dev/null
next() {
  until read -r word n file; do [ "$told" ] || return 1; told=; done
}
ours() {
  case $scope in
    session) [ "$4" = "$session" ] || case " $root $list " in *" $2 "*) ;; *) return 1 ;; esac ;;
    *) group "$p" || cg=; case $cg in "$home" | "${home%/}"/[!.]*) ;; *) return 1 ;; esac ;;
  esac
}
pids() {
  list= before=none
  [ "$session" ] || { read -r p <"$L/step" && list="-$p"; return; }
  until [ "$list" = "$before" ]; do
    before=$list
    for p in /proc/[0-9]*; do
      p=${p#/proc/}; stat "$p" || continue; set -- $rest
      [ "$1" = Z ] || [ "$p" = "$pid" ] && continue
      case "$seen $list " in *" $p:${20} "* | *" $p "*) continue ;; esac
      ours "$@" && list="$list $p"
    done
  done
  [ "$list" ]
}
slay() { k=0; while [ $k -lt 9 ] && pids; do kill -KILL $list; k=$((k+1)); done; } 2>/dev/null
number() { value=; { read -r value; } <"$1"; } 2>/dev/null
sum() { value=; { while read -r k v _; do case $k in "$2" | "$3") value=$((${value:-0}+v)) ;; esac; done; } <"$1"; } 2>/dev/null
field() { value=; { while read -r k v _; do [ "$k" = "$2" ] && { value=$v; break; }; done; } <"$1"; } 2>/dev/null
used() {
  c=/sys/fs/cgroup u=
  [ "$scope" = session ] && return
  [ -e $c/memory.current ] || [ -d $c/memory ] || { c=$c${home#0::}; [ -e $c/memory.current ] || return; }
  number $c/memory.max || number $c/memory/memory.limit_in_bytes; u="limit=$value"
  number $c/memory.peak || number $c/memory/memory.max_usage_in_bytes; u="$u peak=$value"
  sum $c/memory.stat anon shmem; [ "$value" ] || sum $c/memory/memory.stat total_rss total_shmem; u="$u held=$value"
  field $c/memory.events oom_kill; [ "$value" ] || field $c/memory/memory.oom_control oom_kill; u="$u oom=$value"
  field $c/memory.events max; [ "$value" ] || number $c/memory/memory.failcnt; u="$u hits=$value"
  field $c/cpu.stat usage_usec; [ "$value" ] || { number $c/cpuacct/cpuacct.usage; value=${value%???}; }; u="$u cpu=$value"
  field $c/pids.events max; [ "$value" ] || field $c/pids/pids.events max; u="$u forks=$value"
}
listen() {
  me; trap told=1 TERM INT HUP
  while next <&6; do
    case $word in
      term) pids && kill -TERM $list 2>/dev/null ;;
      kill) slay ;;
      used) used; word="used $u" ;;
    esac
    printf 'did %s\n' "$word" >"$L/say"
  done
  pids && { kill -TERM $list; sleep 3; } 2>/dev/null
  slay
}
exec 5>"$L/say" 4>"$L/out" 3<"$L/req" 6<"$L/ctl"
pid= root= session= home= begun= seen=' '
if me && stat self; then
  set -- $rest; root=$pid session=$4 begun=${20}
  [ "$scope" = session ] && [ "$session" != "$pid" ] && session=none
  group self || cg=
  home=$cg
  for p in /proc/[0-9]*; do stat "${p#/proc/}" && { set -- $rest; seen="$seen${p#/proc/}:${20} "; }; done
else
  set -m
fi
shell=$(command -v bash || command -v sh)
uid= gid=
{ while read -r k _ v _; do case $k in Uid:) uid=$v ;; Gid:) gid=$v ;; esac; done </proc/self/status; } 2>/dev/null
used
printf 'hello 1 uid=%s gid=%s shell=%s begun=%s %s\n' "$uid" "$gid" "$shell" "$begun" "$u" >&5
trap told=1 TERM INT HUP
while next <&3 && [ "$word" = run ]; do
  [ "$ear" ] && kill -0 $ear 2>/dev/null || {
    listen 3<&- 4>&- 5>&- & ear=$!
    stat $ear && { set -- $rest; seen="$seen$ear:${20} "; }
  }
  "$shell" "$file" </dev/null >&4 2>&4 3<&- 4>&- 5>&- 6<&- & step=$!
  [ "$session" ] || echo $step >"$L/step"
  printf 'begin %s %s\n' "$n" "$step" >&5
  while wait $step; s=$?; [ $s -gt 128 ] && kill -0 $step 2>/dev/null; do :; done
  used
  printf 'end %s %s %s\n' "$n" "$s" "$u" >&5
done
exit 0
""".strip("\n")
