# Installs nekode-daemon and its task anew. Its configuration stays as it is.

try {
  Assert-Administrator
  Assert-Installed
  Get-Daemon
  Remove-Daemon
  Install-Binary
  Start-Daemon
  Write-Step 'reinstalled and running'
}
finally { Clear-Work }
