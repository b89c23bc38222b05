# Getting a daemon for this machine, and refusing one whose checksum is wrong.

# Sets OS, ARCH and LIBC (empty, or _musl).
detect_platform() {
  LIBC=''
  case $(uname -s) in
    Linux) OS=linux ;;
    Darwin) OS=darwin ;;
    *) die "there is no daemon for $(uname -s)." 'Linux, macOS and Windows (install.ps1) are supported.' ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) ARCH=amd64 ;;
    aarch64 | arm64) ARCH=arm64 ;;
    *) die "there is no daemon for $(uname -m) processors." 'amd64 and arm64 are supported.' ;;
  esac
  # A shell under Rosetta says amd64 on an arm64 Mac.
  if [ "$OS" = darwin ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then ARCH=arm64; fi
  if [ "$OS" = linux ] && is_musl; then LIBC=_musl; fi
}

is_musl() {
  # musl's ldd prints its name and fails; glibc's prints its version.
  case $( (ldd --version 2>&1 || true) | head -n 1) in
    *musl*) return 0 ;;
    *GLIBC* | *GNU* | *glibc*) return 1 ;;
  esac
  for loader in /lib/ld-musl-*.so.1; do [ -e "$loader" ] && return 0; done
  return 1
}

# fetch URL FILE: a URL may also be a path on this machine.
fetch() {
  case $1 in
    file://*)
      cp -- "${1#file://}" "$2"
      return
      ;;
    /*)
      cp -- "$1" "$2"
      return
      ;;
  esac
  if has curl; then
    if [ -n "${NEKODE_CA_FILE:-}" ]; then set -- "$@" --cacert "$NEKODE_CA_FILE"; fi
    url=$1 file=$2
    shift 2
    curl -fsSL --retry 2 --connect-timeout 20 "$@" -o "$file" "$url"
  elif has wget; then
    if [ -n "${NEKODE_CA_FILE:-}" ]; then set -- "$@" --ca-certificate="$NEKODE_CA_FILE"; fi
    url=$1 file=$2
    shift 2
    wget -q "$@" -O "$file" "$url"
  else
    die 'neither curl nor wget is there.' 'Install one of them and run this again.'
  fi
}

sha256_of() {
  if has sha256sum; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif has shasum; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  elif has openssl; then
    openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
  else
    die 'nothing here can compute a SHA-256 checksum, and an unchecked download is not installed.' 'Install coreutils, perl (shasum) or openssl and run this again.'
  fi
}

# Sets SOURCE and EXPECTED: the first place that lists the archive, and its checksum there.
find_archive() {
  SOURCE=''
  if [ -n "${NEKODE_DAEMON_DOWNLOAD_BASE_URL:-}" ]; then
    set -- "$NEKODE_DAEMON_DOWNLOAD_BASE_URL"
  else
    set -- "$SERVER_URL/api/daemon/artifacts" "$(printf '%s' "$RELEASE_URL" | sed "s/{version}/$WANTED/g")"
  fi
  for place in "$@"; do
    place=${place%/}
    if fetch "$place/SHA256SUMS.txt" "$WORK/SHA256SUMS.txt" 2>"$WORK/why"; then
      EXPECTED=$(awk -v name="$ARCHIVE" '$2 == name || $2 == "*" name { print $1; exit }' "$WORK/SHA256SUMS.txt")
      if [ -n "$EXPECTED" ]; then
        SOURCE=$place
        return 0
      fi
      log "$place does not have $ARCHIVE."
    else
      log "$place/SHA256SUMS.txt cannot be read: $(tail -n 1 "$WORK/why")"
    fi
  done
  die "$ARCHIVE is nowhere to be had." \
    'Set NEKODE_DAEMON_DOWNLOAD_BASE_URL to a folder with it and its SHA256SUMS.txt,' \
    'or NEKODE_DAEMON_VERSION to a version that was released.'
}

# Puts a checked daemon beside BIN_PATH and sets STAGED. What runs already is not touched.
stage_daemon() {
  detect_platform
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/nekode.XXXXXXXX")
  WANTED=${NEKODE_DAEMON_VERSION:-$VERSION}
  WANTED=${WANTED#v}
  case $WANTED in
    '' | *[!A-Za-z0-9.+-]*) die "$WANTED is not a version." ;;
  esac
  FOLDER=nekode-daemon_${WANTED}_${OS}_$ARCH$LIBC
  ARCHIVE=$FOLDER.tar.gz
  find_archive
  log "downloading $ARCHIVE from $SOURCE"
  fetch "$SOURCE/$ARCHIVE" "$WORK/$ARCHIVE" || die "$SOURCE/$ARCHIVE cannot be downloaded." 'Nothing was installed. Check the network and run this again.'
  actual=$(sha256_of "$WORK/$ARCHIVE")
  if [ "$actual" != "$(printf '%s' "$EXPECTED" | tr 'A-F' 'a-f')" ]; then
    die "the checksum of $ARCHIVE does not match, so nothing was installed." \
      "expected $EXPECTED" "received $actual" \
      'The download was damaged or tampered with. Run this again; if it stays, tell the admin of the server.'
  fi
  log 'the checksum matches'
  tar -xzf "$WORK/$ARCHIVE" -C "$WORK" || die "$ARCHIVE cannot be unpacked." 'Nothing was installed.'
  unpacked=$WORK/$FOLDER/nekode-daemon
  if [ ! -f "$unpacked" ]; then unpacked=$WORK/nekode-daemon; fi
  if [ ! -f "$unpacked" ]; then die "$ARCHIVE does not hold nekode-daemon." 'Nothing was installed.'; fi
  make_folder "$(dirname "$BIN_PATH")" 755
  STAGED=$BIN_PATH.new.$$
  cp "$unpacked" "$STAGED" || die "$(dirname "$BIN_PATH") cannot be written." 'Nothing was installed.'
  chmod 755 "$STAGED"
  if ! found=$("$STAGED" version 2>&1); then
    set -- 'Nothing was installed. It said:' "$(printf '%s' "$found" | tail -n 3)"
    if [ -n "$LIBC" ]; then set -- "$@" 'On Alpine it needs: apk add libstdc++ libgcc'; fi
    die 'the downloaded daemon does not run on this machine.' "$@"
  fi
  rm -rf -- "$WORK"
  WORK=''
}

# The one moment of change: a rename, so that there is always a whole binary.
place_daemon() {
  mv -f "$STAGED" "$BIN_PATH" || die "$BIN_PATH cannot be replaced."
  STAGED=''
  log "installed $BIN_PATH"
}
