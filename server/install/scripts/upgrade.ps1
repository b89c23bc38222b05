# Replaces the installed nekode-daemon by another version. Its configuration stays as it is.

try {
  Assert-Administrator
  Assert-Installed
  Get-Daemon
  $previous = "$BinPath.previous"
  if (Test-Path -LiteralPath $BinPath) { Copy-Item -LiteralPath $BinPath -Destination $previous -Force }
  Stop-Daemon
  Install-Binary
  try { Start-Daemon }
  catch {
    if (-not (Test-Path -LiteralPath $previous)) { throw }
    Stop-Daemon
    Move-Item -LiteralPath $previous -Destination $BinPath -Force
    Start-Daemon
    throw "nekode: the new version does not stay up; the version before runs again. Its log: $LogPath"
  }
  if (Test-Path -LiteralPath $previous) { Remove-Item -LiteralPath $previous -Force }
  Write-Step 'upgraded and running'
}
finally { Clear-Work }
