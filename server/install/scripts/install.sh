# Installs nekode-daemon and lets this computer into the server.

main() {
  choose_mode "$@"
  set_paths
  detect_manager
  log "installing the daemon of $SERVER_URL on this computer${DISPLAY_NAME:+ as $DISPLAY_NAME}"
  if [ "$MODE" = user ]; then log "for the user $SERVICE_USER only; run as root to install for the whole machine"; fi
  case $DAEMON_URL in
    https://* | http://localhost* | http://127.* | http://\[::1\]*) ;;
    *) warn "the connection to $DAEMON_URL is not encrypted; the computer's token travels in the clear" ;;
  esac
  stage_daemon
  make_user
  enroll
  place_daemon
  again="Once that is solved: bash -c \"\$(curl -fsSL '$SERVER_URL/api/daemon/scripts/reinstall.sh')\""
  service_start
  service_came_up || die 'the daemon is installed but does not stay up.' "Its log: $(log_command)" "$again"
  log "done: the daemon runs as $SERVICE_USER, and the computer turns green in the console"
  log "configuration: $CONFIG_PATH   log: $(log_command)"
  log "to remove it: bash -c \"\$(curl -fsSL '$SERVER_URL/api/daemon/scripts/uninstall.sh')\""
}

# Exchanges the code for the token, which goes straight into the configuration file.
enroll() {
  folder=$(dirname "$CONFIG_PATH")
  made=''
  [ -d "$folder" ] || made=$folder
  make_folder "$folder" 700
  set -- enroll --server "$DAEMON_URL" --enrollment "$ENROLLMENT_ID" --config "$CONFIG_PATH"
  if [ -n "${NEKODE_CA_FILE:-}" ]; then set -- "$@" --ca-file "$NEKODE_CA_FILE"; fi
  # Through the environment, because arguments of a process can be read by others.
  if ! NEKODE_ENROLL_CODE=$ENROLL_CODE "$STAGED" "$@"; then
    if [ -n "$made" ]; then rmdir "$made" 2>/dev/null || true; fi
    die 'this computer could not be enrolled, so nothing was installed.' 'An install code works once and expires. Get a new command from the console: Computers > Add computer.'
  fi
  chmod 600 "$CONFIG_PATH"
  if [ "$(id -u)" -eq 0 ]; then
    chown "$SERVICE_USER" "$CONFIG_PATH"
    # The daemon replaces its configuration whole, which takes a folder that it may write.
    if [ -n "$made" ]; then chown "$SERVICE_USER" "$made"; fi
  fi
  log "enrolled; the token is in $CONFIG_PATH, which only $SERVICE_USER can read"
}

main "$@"
