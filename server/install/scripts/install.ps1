# Installs nekode-daemon and lets this computer into the server.

try {
  Assert-Administrator
  Write-Step "installing the daemon of $ServerUrl on this computer"
  Get-Daemon
  Protect-Config
  # Through the environment, because arguments of a process can be read by others.
  $env:NEKODE_ENROLL_CODE = $EnrollCode
  try { & $script:Staged enroll --server $DaemonUrl --enrollment $EnrollmentId --config $ConfigPath }
  finally { Remove-Item Env:NEKODE_ENROLL_CODE }
  if ($LASTEXITCODE -ne 0) {
    throw 'nekode: this computer could not be enrolled, so nothing was installed. An install code works once and expires. Get a new command from the console: Computers > Add computer.'
  }
  Stop-Daemon
  Install-Binary
  Start-Daemon
  Write-Step "done: the daemon runs as $RunAs, and the computer turns green in the console"
  Write-Step "configuration: $ConfigPath   log: $LogPath"
  Write-Step "to remove it: irm '$ServerUrl/api/daemon/scripts/uninstall.ps1' | iex"
}
finally { Clear-Work }
