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
    # Coding agents are logged in as a person, so the daemon runs as the person who called sudo.
    SERVICE_USER=${NEKODE_DAEMON_USER:-${SUDO_USER:-root}}
    id -u "$SERVICE_USER" >/dev/null 2>&1 || die "there is no user $SERVICE_USER." 'Set NEKODE_DAEMON_USER to the user that the daemon is to run as.'
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

# make_folder PATH MODE: a folder that is there already keeps its mode.
make_folder() {
  [ -d "$1" ] && return 0
  (umask 022 && mkdir -p "$1") || die "the folder $1 cannot be made."
  chmod "$2" "$1"
}
