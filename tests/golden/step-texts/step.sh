export PLAIN='value'
export ODD='it'\''s ‘odd’ "$x" `y`
two'
export GITLAB_ENV='/b/p.tmp/env'
if [ -r "$GITLAB_ENV" ]; then
  while IFS= read -r podlane_line || [ -n "$podlane_line" ]; do
    case ${podlane_line%%=*} in
      "$podlane_line" | *[!A-Za-z0-9_]* | [0-9]* | '' | BASHOPTS | BASH_VERSINFO | EUID | PPID | SHELLOPTS | UID) ;;
      *) export "$podlane_line" ;;
    esac
  done <"$GITLAB_ENV"
  unset podlane_line
fi
if (set -o pipefail) 2>/dev/null; then set -o pipefail; fi
set -o errexit
set +o noclobber
if [ -d "${HOME:-}" ] && [ -w "${HOME:-}" ]; then :; else export HOME='/b/p.tmp/.home'; fi
cd '/b/p'
printf '%s\n' '[32;1mRunning after script...[0;m'
printf '%s\n' '[32;1m$ echo one[0;m'
echo one
echo
printf 'section_start:%s:section_script_step_2[hide_duration=true,collapsed=true]\r%s\n' "$(date +%s 2>/dev/null || echo 0)" '[0K[32;1m$ echo two
echo '\''three'\''[0;m'
printf 'section_end:%s:section_script_step_2\r%s' "$(date +%s 2>/dev/null || echo 0)" '[0K'
echo two
echo 'three'
printf '%s\n' '[32;1m$ Write-Output "$PLAIN"[0;m'
Write-Output "$PLAIN"
