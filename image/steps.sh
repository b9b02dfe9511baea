#!/bin/sh
# Every step by which podlane's image is made, for image/Containerfile and for the packer of the suite alike
# (tests/cluster/kubernetes/image): whatever is in the image, one of these has put there.
#   steps.sh packages            the Debian packages it needs, with commas between them
#   steps.sh system              in a Debian root: the packages, less what no job needs
#   steps.sh pip                 in a root that is thrown away: what the next step needs
#   steps.sh dependencies LAYER  Python packages of requirements-core.lock; $PIP: another pip than Debian's
#   steps.sh compile LAYER       byte-compile a layer by the Python that will read it
#   steps.sh program LAYER       podlane itself, its names and its bill of materials
# LAYER is a folder that becomes a layer of the image. Sources lie beside this folder.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
project=$(dirname "$here")
place=usr/local/lib/podlane # podlane and what it needs, apart from Debian's own Python packages
packages="python3 git git-lfs ca-certificates procps"
user=1000

packages() { echo "$packages" | tr ' ' ','; }

system() {
  [ "$project" = /podlane ] || { echo "this step is for the image's own root" >&2; exit 2; }
  # shellcheck disable=SC2086
  dpkg-query -W $packages >/dev/null 2>&1 || {
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages </dev/null
  }
  without_perl
  trim
  python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3.11
  rm -rf "$project" # the steps are no part of the image
}

# Debian's git wants all of Perl (50 MB) for commands that nothing here calls, such as send-email. An empty package takes
# its place, so that dpkg and apt still work in an image made from this one; the small perl-base stays.
without_perl() {
  dpkg-query -W perl-modules-5.36 >/dev/null 2>&1 || return 0
  made=$(mktemp -d)
  mkdir -p "$made/DEBIAN"
  cat >"$made/DEBIAN/control" <<END_OF_CONTROL
Package: podlane-without-perl
Version: 1
Architecture: all
Maintainer: podlane
Provides: perl, liberror-perl
Description: stands for the Perl that git asks for and podlane's image has no use for
END_OF_CONTROL
  chmod 755 "$made"
  dpkg-deb --root-owner-group -Zgzip --build "$made" "$made.deb" >/dev/null
  dpkg -i "$made.deb" >/dev/null
  dpkg --purge perl liberror-perl libperl5.36 perl-modules-5.36 libgdbm-compat4 libgdbm6 >/dev/null
  rm -rf "$made" "$made.deb"
}

trim() {
  rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/* /var/log/*
  rm -rf /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian /usr/share/zoneinfo/right
  rm -rf /usr/share/git-core/contrib /usr/share/gitweb /usr/share/pixmaps /usr/lib/python3.11/pydoc_data
  cd /usr/lib/git-core && rm -f git-add--interactive git-archimport git-cvs* git-instaweb git-send-email git-svn \
    git-imap-send git-daemon # the first ones are Perl's
  mkdir -p /usr/share/man /tmp /var/lib/apt/lists/partial && chmod 1777 /tmp
  find / -xdev -name '__pycache__' -prune -exec rm -rf {} +
  rm -rf /var/tmp/* /tmp/*
}

pip() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-pip </dev/null
}

dependencies() { # for the root's Python, wherever pip itself runs
  mkdir -p "$1/$place"
  ${PIP:-python3 -m pip} install --quiet --disable-pip-version-check --no-deps --no-compile --target "$1/$place" \
    --python-version 3.11 --implementation cp --only-binary :all: --require-hashes -r "$project/requirements-core.lock"
  rm -rf "$1/$place/bin"
}

compile() {
  python3 -m compileall -q -s "$1" --invalidation-mode unchecked-hash "$1/$place"
}

program() {
  mkdir -p "$1/$place" "$1/usr/local/bin" "$1/usr/share/podlane"
  account "$1"
  cp -R "$project/src/podlane" "$1/$place/podlane"
  find "$1" -name '__pycache__' -prune -exec rm -rf {} +
  # isolated, without site: it starts in a third of the time
  cat >"$1/usr/local/bin/podlane" <<END_OF_COMMAND
#!/usr/bin/python3 -IS
import sys

sys.path.insert(0, "/$place")
from podlane.cli.main import main

sys.exit(main())
END_OF_COMMAND
  chmod 755 "$1/usr/local/bin/podlane"
  ln -s podlane "$1/usr/local/bin/gitlab-runner" # for probes and scripts that know the other name
  python3 "$here/sbom.py" "$project" /var/lib/dpkg/status >"$1/usr/share/podlane/sbom.cdx.json"
  compile "$1"
}

account() { # any uid may run it; this one has a name, and a home that root's group may write
  mkdir -p "$1/etc/gitlab-runner" "$1/usr/local/share/podlane/certs" "$1/home/podlane"
  { cat /etc/passwd; echo "podlane:x:$user:$user::/home/podlane:/bin/sh"; } >"$1/etc/passwd"
  { cat /etc/group; echo "podlane:x:$user:"; } >"$1/etc/group"
  chown "$user:0" "$1/home/podlane" && chmod 775 "$1/home/podlane"
  # what somebody bakes in there is still found when a ConfigMap is mounted over /etc/gitlab-runner
  ln -s /usr/local/share/podlane/certs "$1/etc/gitlab-runner/certs"
}

case ${1:-} in
  packages | system | pip) "$1" ;;
  dependencies | compile | program) "$1" "$2" ;;
  *) sed -n '2,12p' "$0" >&2; exit 2 ;;
esac
