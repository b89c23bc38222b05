# Starting the daemon and keeping it running: systemd, launchd, or a plain process with a pid file.

# Sets MANAGER: systemd, launchd or none.
detect_manager() {
  MANAGER=${NEKODE_DAEMON_SERVICE_MANAGER:-}
  case $MANAGER in
    systemd | launchd | none) return 0 ;;
    '') ;;
    *) die "NEKODE_DAEMON_SERVICE_MANAGER is $MANAGER." 'It can be systemd, launchd or none.' ;;
  esac
  MANAGER=none
  if [ "$(uname -s)" = Darwin ]; then
    MANAGER=launchd
  elif [ -d /run/systemd/system ] && has systemctl; then
    if [ "$MODE" = system ] || systemctl --user show-environment >/dev/null 2>&1; then MANAGER=systemd; fi
  fi
}

manage() {
  if [ "$MODE" = user ]; then systemctl --user "$@"; else systemctl "$@"; fi
}

domain() {
  if [ "$MODE" = user ]; then echo "gui/$(id -u)"; else echo system; fi
}

# A word of a unit file: quoted, with the characters that systemd expands taken literally.
unit_word() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g; s/%/%%/g; s/\$/$$/g')"; }

unit_text() {
  cat <<UNIT
[Unit]
Description=Nekode daemon: runs coding agents for a Nekode server
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
ExecStart=$(unit_word "$BIN_PATH") run --config $(unit_word "$CONFIG_PATH")
Restart=always
RestartSec=5
KillMode=mixed
TimeoutStopSec=30
LimitNOFILE=65536
Delegate=cpu memory pids
OOMPolicy=continue
UNIT
  if [ "$MODE" = system ]; then printf 'User=%s\n' "$SERVICE_USER"; fi
  # Who asks for root means it.
  if [ "$MODE" = system ] && [ "$SERVICE_USER" != root ]; then
    cat <<UNIT
NoNewPrivileges=true
ProtectSystem=full
ProtectKernelModules=true
ProtectHostname=true
RestrictRealtime=true
CapabilityBoundingSet=
ReadWritePaths=$(unit_word "-$(dirname "$CONFIG_PATH")")
UNIT
  fi
  if [ -n "${NEKODE_HOME:-}" ]; then printf 'Environment=%s\n' "$(unit_word "NEKODE_HOME=$NEKODE_HOME")"; fi
  printf '\n[Install]\nWantedBy='
  if [ "$MODE" = system ]; then echo multi-user.target; else echo default.target; fi
}

xml() { printf '%s' "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'; }

plist_text() {
  cat <<PLIST
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>$LABEL</string>
  <key>ProgramArguments</key>
  <array>
    <string>$(xml "$BIN_PATH")</string>
    <string>run</string>
    <string>--config</string>
    <string>$(xml "$CONFIG_PATH")</string>
  </array>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>5</integer>
  <key>StandardOutPath</key>
  <string>$(xml "$LOG_PATH")</string>
  <key>StandardErrorPath</key>
  <string>$(xml "$LOG_PATH")</string>
PLIST
  if [ "$MODE" = system ]; then printf '  <key>UserName</key>\n  <string>%s</string>\n' "$(xml "$SERVICE_USER")"; fi
  if [ -n "${NEKODE_HOME:-}" ]; then
    printf '  <key>EnvironmentVariables</key>\n  <dict>\n    <key>NEKODE_HOME</key>\n    <string>%s</string>\n  </dict>\n' "$(xml "$NEKODE_HOME")"
  fi
  printf '</dict>\n</plist>\n'
}

# write FILE: standard input as a file that everybody may read, whole or not at all.
write_public() {
  make_folder "$(dirname "$1")" 755
  cat >"$1.new.$$"
  chmod 644 "$1.new.$$"
  mv -f "$1.new.$$" "$1"
}

# The log belongs to the user that writes it.
prepare_log() {
  make_folder "$(dirname "$LOG_PATH")" 755
  [ -e "$LOG_PATH" ] || : >"$LOG_PATH"
  chmod 600 "$LOG_PATH"
  if [ "$(id -u)" -eq 0 ]; then chown "$SERVICE_USER" "$LOG_PATH"; fi
}

as_service_user() {
  if [ "$(id -un)" = "$SERVICE_USER" ]; then
    "$@"
  elif has runuser; then
    runuser -u "$SERVICE_USER" -- "$@"
  elif has sudo; then
    sudo -H -u "$SERVICE_USER" -- "$@"
  elif has su; then
    # As one text: busybox takes what follows for options of its own.
    words=''
    for word in "$@"; do words="$words '$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"; done
    su -s /bin/sh "$SERVICE_USER" -c "exec$words"
  else
    die "neither runuser nor sudo nor su is there to start the daemon as $SERVICE_USER." 'Set NEKODE_DAEMON_USER=root, or install one of them.'
  fi
}

# The pid of the daemon that the pid file names; nothing when that process is gone or is another program.
daemon_pid() {
  pid=$(cat "$PID_PATH" 2>/dev/null || true)
  case $pid in '' | *[!0-9]*) return 0 ;; esac
  if [ -r "/proc/$pid/cmdline" ]; then
    command=$(tr '\0' ' ' <"/proc/$pid/cmdline")
  else
    command=$(ps -o args= -p "$pid" 2>/dev/null || true)
  fi
  case $command in *"$BIN_PATH run"*) echo "$pid" ;; esac
}

# Home folder of the service user: what sudo or this terminal has in HOME may be somebody else's.
user_home() {
  home=''
  if has getent; then
    home=$(getent passwd "$SERVICE_USER" | cut -d : -f 6)
  elif [ -r /etc/passwd ]; then
    home=$(awk -F : -v name="$SERVICE_USER" '$1 == name { print $6; exit }' /etc/passwd)
  fi
  echo "${home:-${HOME:-/}}"
}

stop_process() {
  pid=$(daemon_pid)
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
      [ -n "$(daemon_pid)" ] || break
      sleep 1
    done
    if [ -n "$(daemon_pid)" ]; then kill -9 "$pid" 2>/dev/null || true; fi
  fi
  rm -f -- "$PID_PATH"
}

start_process() {
  prepare_log
  make_folder "$(dirname "$PID_PATH")" 755
  # Deaf to a hang-up and, where that can be, in a session of its own: closing this terminal must not end the daemon.
  detached=''
  if has setsid; then detached='setsid '; fi
  # shellcheck disable=SC2016 # the inner shell expands them
  start='log=$1; shift; trap "" HUP; '$detached'"$@" >>"$log" 2>&1 </dev/null & echo "$!"'
  home=${HOME:-/}
  if [ "$(id -un)" != "$SERVICE_USER" ]; then home=$(user_home); fi
  pid=$(cd / && as_service_user env HOME="$home" sh -c "$start" nekode "$LOG_PATH" "$BIN_PATH" run --config "$CONFIG_PATH")
  echo "$pid" >"$PID_PATH"
}

service_stop() {
  case $MANAGER in
    systemd) manage stop "$SERVICE_NAME" 2>/dev/null || true ;;
    launchd) launchctl bootout "$(domain)/$LABEL" 2>/dev/null || true ;;
    none) stop_process ;;
  esac
}

# Installs the service, or brings it up to date, and starts it anew.
service_start() {
  make_user
  case $MANAGER in
    systemd)
      unit_text | write_public "$UNIT_PATH"
      manage daemon-reload
      manage enable "$SERVICE_NAME" >/dev/null 2>&1 || warn "$SERVICE_NAME cannot be enabled, so it does not start with the machine."
      manage restart "$SERVICE_NAME" || die "$SERVICE_NAME does not start." "Its log: $(log_command)"
      if [ "$MODE" = user ]; then
        loginctl enable-linger "$(id -un)" >/dev/null 2>&1 || warn "the daemon stops when you log out; this changes it: sudo loginctl enable-linger $(id -un)"
      fi
      ;;
    launchd)
      prepare_log
      plist_text | write_public "$PLIST_PATH"
      launchctl bootout "$(domain)/$LABEL" 2>/dev/null || true
      launchctl bootstrap "$(domain)" "$PLIST_PATH" || die 'launchd does not take the service.' "Look at: launchctl print $(domain)/$LABEL"
      ;;
    none)
      stop_process
      start_process
      warn 'there is no service manager here: the daemon runs now, but does not start again by itself.'
      ;;
  esac
}

service_running() {
  case $MANAGER in
    systemd) manage is-active --quiet "$SERVICE_NAME" ;;
    launchd) launchctl print "$(domain)/$LABEL" 2>/dev/null | grep -q 'state = running' ;;
    none) [ -n "$(daemon_pid)" ] ;;
  esac
}

log_command() {
  case $MANAGER-$MODE in
    systemd-system) echo "journalctl -u $SERVICE_NAME" ;;
    systemd-user) echo "journalctl --user -u $SERVICE_NAME" ;;
    *) echo "tail $LOG_PATH" ;;
  esac
}

# A daemon that cannot work ends within a moment: a wrong token, a locked home, a missing library.
service_came_up() {
  for _ in 1 2 3; do
    sleep 1
    service_running || return 1
  done
}

service_remove() {
  service_stop
  case $MANAGER in
    systemd)
      manage disable "$SERVICE_NAME" >/dev/null 2>&1 || true
      rm -f -- "$UNIT_PATH"
      manage daemon-reload 2>/dev/null || true
      ;;
    launchd) rm -f -- "$PLIST_PATH" ;;
  esac
}

# Whom the daemon of this installation runs as: the owner of its configuration, whoever runs this script.
keep_user() {
  [ "$MODE" = system ] && [ -z "${NEKODE_DAEMON_USER:-}" ] && [ -e "$CONFIG_PATH" ] || return 0
  # shellcheck disable=SC2012 # stat has other options on every system; the name of a user has no blank
  SERVICE_USER=$(ls -ld "$CONFIG_PATH" | awk '{ print $3 }')
}

# An installation to work on: in the mode that was asked for, else wherever there is one.
find_installation() {
  set_paths
  keep_user
  if [ -e "$CONFIG_PATH" ] || [ -e "$BIN_PATH" ]; then return 0; fi
  if [ "$MODE" = user ] && [ -e /etc/nekode/daemon.json ]; then
    die 'the daemon is installed for the whole machine.' 'Run this with sudo.'
  fi
  return 1
}
