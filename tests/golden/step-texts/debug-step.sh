set -o xtrace
export A='1'
{ set +o xtrace; } 2>/dev/null
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
set -o xtrace
cd '/b/p'
printf '%s\n' '[32;1m$ echo one[0;m'
echo one
podlane_status=$?; if [ $podlane_status -ne 0 ]; then exit $podlane_status; fi
