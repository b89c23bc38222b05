# What the install, upgrade, reinstall and uninstall scripts share. bash 3.2 (macOS) and busybox ash run it too.

log() { printf 'nekode: %s\n' "$*"; }
warn() { printf 'nekode: warning: %s\n' "$*" >&2; }
die() {
  printf 'nekode: error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '        %s\n' "$line" >&2; done
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

WORK=''
STAGED=''
cleanup() {
  if [ -n "$WORK" ]; then rm -rf -- "$WORK"; fi
  if [ -n "$STAGED" ]; then rm -f -- "$STAGED"; fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Sets MODE: system for root, user for everybody else, unless an argument says which.
choose_mode() {
  MODE=''
  for arg in "$@"; do
    case $arg in
      --user) MODE=user ;;
      --system) MODE=system ;;
      *) die "unknown argument: $arg" 'Known are --user (for this user only) and --system (for the whole machine, needs root).' ;;
    esac
  done
  if [ -z "$MODE" ]; then
    if [ "$(id -u)" -eq 0 ]; then MODE=system; else MODE=user; fi
  fi
  if [ "$MODE" = system ] && [ "$(id -u)" -ne 0 ]; then
    die 'this needs root.' 'Run it with sudo, or give --user to install for your own user only.'
  fi
  if [ "$MODE" = user ] && [ -z "${HOME:-}" ]; then die 'HOME is not set, so there is no place for a user installation.'; fi
}

set_paths() {
  SERVICE_NAME=${NEKODE_DAEMON_SERVICE_NAME:-nekode-daemon}
  LABEL=tech.nekode.daemon
  if [ "$MODE" = system ]; then
    BIN_PATH=${NEKODE_DAEMON_BIN_PATH:-/usr/local/bin/nekode-daemon}
    CONFIG_PATH=${NEKODE_DAEMON_CONFIG_PATH:-/etc/nekode/daemon.json}
    UNIT_PATH=${NEKODE_DAEMON_UNIT_PATH:-/etc/systemd/system/$SERVICE_NAME.service}
    PLIST_PATH=${NEKODE_DAEMON_PLIST_PATH:-/Library/LaunchDaemons/$LABEL.plist}
    PID_PATH=${NEKODE_DAEMON_PID_PATH:-/var/run/$SERVICE_NAME.pid}
    LOG_PATH=${NEKODE_DAEMON_LOG_PATH:-/var/log/$SERVICE_NAME.log}
    choose_user
  else
    BIN_PATH=${NEKODE_DAEMON_BIN_PATH:-$HOME/.local/bin/nekode-daemon}
    CONFIG_PATH=${NEKODE_DAEMON_CONFIG_PATH:-${NEKODE_HOME:-$HOME/.nekode}/daemon.json}
    UNIT_PATH=${NEKODE_DAEMON_UNIT_PATH:-$HOME/.config/systemd/user/$SERVICE_NAME.service}
    PLIST_PATH=${NEKODE_DAEMON_PLIST_PATH:-$HOME/Library/LaunchAgents/$LABEL.plist}
    PID_PATH=${NEKODE_DAEMON_PID_PATH:-${NEKODE_HOME:-$HOME/.nekode}/$SERVICE_NAME.pid}
    LOG_PATH=${NEKODE_DAEMON_LOG_PATH:-${NEKODE_HOME:-$HOME/.nekode}/$SERVICE_NAME.log}
    SERVICE_USER=$(id -un)
  fi
}

# Sets SERVICE_USER. Coding agents are logged in as a person, so the daemon runs as the person who called sudo. Where nobody did it gets
# a user of its own: agents run commands, and as root only when somebody says so.
choose_user() {
  OWN_USER=nekode
  OWN_HOME=/var/lib/nekode
  SERVICE_USER=${NEKODE_DAEMON_USER:-${SUDO_USER:-}}
  if [ -z "${NEKODE_DAEMON_USER:-}" ] && [ "$SERVICE_USER" = root ]; then SERVICE_USER=''; fi
  if [ -z "$SERVICE_USER" ]; then SERVICE_USER=$OWN_USER; fi
  [ "$SERVICE_USER" = "$OWN_USER" ] || id -u "$SERVICE_USER" >/dev/null 2>&1 ||
    die "there is no user $SERVICE_USER." 'Set NEKODE_DAEMON_USER to the user that the daemon is to run as.'
}

# Makes the user of the daemon's own where it is to be used and is not there.
make_user() {
  [ "$MODE" = system ] && [ "$SERVICE_USER" = "${OWN_USER:-}" ] || return 0
  id -u "$OWN_USER" >/dev/null 2>&1 && return 0
  if has useradd; then
    useradd --system --user-group --home-dir "$OWN_HOME" --create-home --shell /bin/sh "$OWN_USER" || die "the user $OWN_USER cannot be made." "$USER_HINT"
  elif has adduser && has addgroup; then
    addgroup -S "$OWN_USER" || die "the group $OWN_USER cannot be made." "$USER_HINT"
    adduser -S -D -h "$OWN_HOME" -s /bin/sh -G "$OWN_USER" "$OWN_USER" || die "the user $OWN_USER cannot be made." "$USER_HINT"
  else
    die "the daemon does not run as root, and nothing here can make the user $OWN_USER for it." "$USER_HINT"
  fi
  chmod 700 "$OWN_HOME"
  log "made the user $OWN_USER for the daemon, with its home in $OWN_HOME"
}
USER_HINT='Set NEKODE_DAEMON_USER to the user that the daemon is to run as; root if it has to be.'

# make_folder PATH MODE: a folder that is there already keeps its mode.
make_folder() {
  [ -d "$1" ] && return 0
  (umask 022 && mkdir -p "$1") || die "the folder $1 cannot be made."
  chmod "$2" "$1"
}
