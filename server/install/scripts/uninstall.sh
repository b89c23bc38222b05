# Removes nekode-daemon and its service. The configuration stays unless NEKODE_PURGE_CONFIG=1.

main() {
  choose_mode "$@"
  if ! find_installation; then
    log 'no daemon is installed here; nothing to do'
    return 0
  fi
  detect_manager
  service_remove
  rm -f -- "$BIN_PATH" "$BIN_PATH.previous"
  log "removed the service and $BIN_PATH"
  if [ "${NEKODE_PURGE_CONFIG:-}" = 1 ]; then
    rm -f -- "$CONFIG_PATH"
    rmdir "$(dirname "$CONFIG_PATH")" 2>/dev/null || true
    log "removed $CONFIG_PATH"
  elif [ -e "$CONFIG_PATH" ]; then
    log "kept $CONFIG_PATH; NEKODE_PURGE_CONFIG=1 removes it too"
  fi
  log 'the workspaces of agents were not touched; remove the computer in the console to revoke its token'
}

main "$@"
