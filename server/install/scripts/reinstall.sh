# Installs nekode-daemon and its service anew. Its configuration stays as it is.

main() {
  choose_mode "$@"
  find_installation || die 'no daemon is installed here.' 'Get an install command from the console: Computers > Add computer.'
  [ -e "$CONFIG_PATH" ] || die "the configuration $CONFIG_PATH is missing." 'Install anew: Computers > Add computer in the console.'
  detect_manager
  stage_daemon
  service_remove
  place_daemon
  service_start
  service_came_up || die 'the daemon is installed but does not stay up.' "Its log: $(log_command)"
  log "reinstalled version $WANTED, and it is running"
}

main "$@"
