# Replaces the installed nekode-daemon by another version. Its configuration stays as it is.

main() {
  choose_mode "$@"
  find_installation || die 'no daemon is installed here.' 'Get an install command from the console: Computers > Add computer.'
  [ -e "$CONFIG_PATH" ] || die "the configuration $CONFIG_PATH is missing." 'Install anew: Computers > Add computer in the console.'
  detect_manager
  stage_daemon
  previous=''
  if [ -e "$BIN_PATH" ]; then
    previous=$BIN_PATH.previous.$$
    ln -f "$BIN_PATH" "$previous" 2>/dev/null || cp -p "$BIN_PATH" "$previous"
  fi
  # The daemon that runs goes on until it is restarted: cut off anywhere, one of the two versions is there and running.
  place_daemon
  service_start
  if service_came_up; then
    if [ -n "$previous" ]; then rm -f -- "$previous"; fi
    log "upgraded to $WANTED and running"
    return 0
  fi
  if [ -n "$previous" ]; then
    mv -f "$previous" "$BIN_PATH"
    service_start
    die "version $WANTED does not stay up; the version before runs again." "Its log: $(log_command)"
  fi
  die "version $WANTED is installed but does not stay up." "Its log: $(log_command)"
}

main "$@"
