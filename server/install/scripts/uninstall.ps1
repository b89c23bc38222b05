# Removes nekode-daemon and its task. The configuration stays unless NEKODE_PURGE_CONFIG=1.

Assert-Administrator
Remove-Daemon
foreach ($file in @($BinPath, ($BinPath -replace '\.exe$', '.previous.exe'))) {
  if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force }
}
if ((Test-Path -LiteralPath $InstallDir) -and -not (Get-ChildItem -LiteralPath $InstallDir)) { Remove-Item -LiteralPath $InstallDir }
Write-Step "removed the task $TaskName and $BinPath"
if ($env:NEKODE_PURGE_CONFIG -eq '1') {
  foreach ($file in @($ConfigPath, $LogPath)) {
    if (Test-Path -LiteralPath $file) { Remove-Item -LiteralPath $file -Force }
  }
  if ((Test-Path -LiteralPath $ConfigDir) -and -not (Get-ChildItem -LiteralPath $ConfigDir)) { Remove-Item -LiteralPath $ConfigDir }
  Write-Step "removed $ConfigPath"
}
elseif (Test-Path -LiteralPath $ConfigPath) { Write-Step "kept $ConfigPath; NEKODE_PURGE_CONFIG=1 removes it too" }
Write-Step 'the workspaces of agents were not touched; remove the computer in the console to revoke its token'
