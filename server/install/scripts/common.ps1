# What the install, upgrade, reinstall and uninstall scripts share. Windows PowerShell 5.1 and PowerShell 7 run it.

$ErrorActionPreference = 'Stop'
# The progress bar makes a download many times slower in 5.1.
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

function Write-Step([string]$Text) { Write-Host "nekode: $Text" }

function Get-Setting([string]$Name, [string]$Default) {
  $value = [Environment]::GetEnvironmentVariable($Name)
  if ($value) { return $value }
  return $Default
}

function Assert-Administrator {
  $principal = New-Object Security.Principal.WindowsPrincipal([Security.Principal.WindowsIdentity]::GetCurrent())
  if (-not $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'nekode: this needs an administrator. Open PowerShell with "Run as administrator" and run the command again.'
  }
}

$InstallDir = Get-Setting 'NEKODE_DAEMON_INSTALL_DIR' (Join-Path $env:ProgramFiles 'Nekode')
$ConfigDir = Get-Setting 'NEKODE_DAEMON_CONFIG_DIR' (Join-Path $env:ProgramData 'Nekode')
$BinPath = Get-Setting 'NEKODE_DAEMON_BIN_PATH' (Join-Path $InstallDir 'nekode-daemon.exe')
$ConfigPath = Get-Setting 'NEKODE_DAEMON_CONFIG_PATH' (Join-Path $ConfigDir 'daemon.json')
$LogPath = Get-Setting 'NEKODE_DAEMON_LOG_PATH' (Join-Path $ConfigDir 'daemon.log')
$TaskName = Get-Setting 'NEKODE_DAEMON_SERVICE_NAME' 'nekode-daemon'
# Coding agents are logged in as a person, so the daemon runs as that person.
$RunAs = Get-Setting 'NEKODE_DAEMON_USER' ([Security.Principal.WindowsIdentity]::GetCurrent().Name)
$script:Staged = $null
$script:Work = $null

function Assert-Installed {
  if (-not (Test-Path -LiteralPath $ConfigPath)) {
    throw "nekode: no daemon is installed here ($ConfigPath is missing). Get an install command from the console: Computers > Add computer."
  }
}

function Get-Architecture {
  $name = $env:PROCESSOR_ARCHITECTURE
  # A 32-bit shell on a 64-bit Windows.
  if ($env:PROCESSOR_ARCHITEW6432) { $name = $env:PROCESSOR_ARCHITEW6432 }
  switch ($name) {
    'AMD64' { return 'amd64' }
    'ARM64' { return 'arm64' }
    default { throw "nekode: there is no daemon for $name processors; amd64 and arm64 are supported." }
  }
}

# An address, or a path on this computer.
function Get-File([string]$From, [string]$To) {
  if ($From -match '^file:') { $From = ([Uri]$From).LocalPath }
  if ($From -notmatch '^https?:') { Copy-Item -LiteralPath $From -Destination $To }
  else { Invoke-WebRequest -UseBasicParsing -Uri $From -OutFile $To }
}

# The first place that lists an archive for this machine: its address, name and checksum.
function Find-Archive([string]$Version) {
  $base = "nekode-daemon_${Version}_windows_$(Get-Architecture)"
  $override = Get-Setting 'NEKODE_DAEMON_DOWNLOAD_BASE_URL' ''
  if ($override) { $places = @($override) }
  else { $places = @("$ServerUrl/api/daemon/artifacts", $ReleaseUrl.Replace('{version}', $Version)) }
  foreach ($place in $places) {
    $place = $place.TrimEnd('/')
    $sums = Join-Path $script:Work 'SHA256SUMS.txt'
    try { Get-File "$place/SHA256SUMS.txt" $sums }
    catch {
      Write-Step "$place/SHA256SUMS.txt cannot be read: $($_.Exception.Message)"
      continue
    }
    foreach ($name in @("$base.zip", "$base.tar.gz")) {
      foreach ($line in Get-Content -LiteralPath $sums) {
        $sum, $file = $line -split '\s+\*?', 2
        if ($file -eq $name) { return @{ Place = $place; Name = $name; Folder = $base; Sum = $sum } }
      }
    }
    Write-Step "$place does not have $base."
  }
  throw "nekode: $base is nowhere to be had. Set NEKODE_DAEMON_DOWNLOAD_BASE_URL to a folder with it and its SHA256SUMS.txt, or NEKODE_DAEMON_VERSION to a version that was released."
}

# Puts a checked daemon beside $BinPath and sets $Staged. What runs already is not touched.
function Get-Daemon {
  $wanted = (Get-Setting 'NEKODE_DAEMON_VERSION' $Version) -replace '^v', ''
  if ($wanted -notmatch '^[A-Za-z0-9.+-]+$') { throw "nekode: $wanted is not a version." }
  $script:Work = Join-Path ([IO.Path]::GetTempPath()) ('nekode-' + [Guid]::NewGuid().ToString('N'))
  New-Item -ItemType Directory -Path $script:Work | Out-Null
  $archive = Find-Archive $wanted
  Write-Step "downloading $($archive.Name) from $($archive.Place)"
  $file = Join-Path $script:Work $archive.Name
  Get-File "$($archive.Place)/$($archive.Name)" $file
  $actual = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash
  if ($actual -ne $archive.Sum) {
    throw "nekode: the checksum of $($archive.Name) does not match, so nothing was installed. Expected $($archive.Sum), received $actual. The download was damaged or tampered with."
  }
  Write-Step 'the checksum matches'
  if ($archive.Name.EndsWith('.zip')) { Expand-Archive -LiteralPath $file -DestinationPath $script:Work -Force }
  else {
    & tar.exe -xzf $file -C $script:Work
    if ($LASTEXITCODE -ne 0) { throw "nekode: $($archive.Name) cannot be unpacked." }
  }
  $unpacked = Join-Path (Join-Path $script:Work $archive.Folder) 'nekode-daemon.exe'
  if (-not (Test-Path -LiteralPath $unpacked)) { throw "nekode: $($archive.Name) does not hold nekode-daemon.exe." }
  $folder = Split-Path -Parent $BinPath
  if (-not (Test-Path -LiteralPath $folder)) { New-Item -ItemType Directory -Path $folder | Out-Null }
  $script:Staged = "$BinPath.new.exe"
  Copy-Item -LiteralPath $unpacked -Destination $script:Staged -Force
  & $script:Staged version | Out-Null
  if ($LASTEXITCODE -ne 0) { throw 'nekode: the downloaded daemon does not run on this machine; nothing was installed.' }
}

function Install-Binary {
  Move-Item -LiteralPath $script:Staged -Destination $BinPath -Force
  $script:Staged = $null
  Write-Step "installed $BinPath"
}

# The folder first, so that the token is never in a file that others can read.
function Protect-Config {
  if (-not (Test-Path -LiteralPath $ConfigDir)) { New-Item -ItemType Directory -Path $ConfigDir | Out-Null }
  & icacls.exe $ConfigDir /inheritance:r /grant:r '*S-1-5-18:(OI)(CI)F' '*S-1-5-32-544:(OI)(CI)F' "${RunAs}:(OI)(CI)M" | Out-Null
  if ($LASTEXITCODE -ne 0) { throw "nekode: the access rights of $ConfigDir cannot be set." }
}

# A task of the system's scheduler: it starts with the machine, without a password and without anybody logged in.
function Start-Daemon {
  $run = "/d /c `"`"$BinPath`" run --config `"$ConfigPath`" >> `"$LogPath`" 2>&1`""
  $action = New-ScheduledTaskAction -Execute "$env:SystemRoot\System32\cmd.exe" -Argument $run
  $trigger = New-ScheduledTaskTrigger -AtStartup
  $principal = New-ScheduledTaskPrincipal -UserId $RunAs -LogonType S4U -RunLevel Limited
  $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -StartWhenAvailable `
    -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) -ExecutionTimeLimit ([TimeSpan]::Zero) -MultipleInstances IgnoreNew
  Register-ScheduledTask -TaskName $TaskName -Action $action -Trigger $trigger -Principal $principal -Settings $settings -Force | Out-Null
  Start-ScheduledTask -TaskName $TaskName
  Start-Sleep -Seconds 3
  if ((Get-ScheduledTask -TaskName $TaskName).State -ne 'Running') {
    throw "nekode: the daemon is installed but does not stay up. Its log: $LogPath"
  }
}

function Stop-Daemon {
  if (-not (Get-ScheduledTask -TaskName $TaskName -ErrorAction SilentlyContinue)) { return }
  Stop-ScheduledTask -TaskName $TaskName
  # The program itself may take a moment longer, and Windows keeps its file locked until then.
  Get-Process -Name 'nekode-daemon' -ErrorAction SilentlyContinue |
    Where-Object { $_.Path -eq $BinPath } |
    ForEach-Object {
      if (-not $_.WaitForExit(30000)) { $_.Kill() }
    }
}

function Remove-Daemon {
  Stop-Daemon
  if (Get-ScheduledTask -TaskName $TaskName -ErrorAction SilentlyContinue) {
    Unregister-ScheduledTask -TaskName $TaskName -Confirm:$false
  }
}

function Clear-Work {
  if ($script:Work -and (Test-Path -LiteralPath $script:Work)) { Remove-Item -LiteralPath $script:Work -Recurse -Force }
  if ($script:Staged -and (Test-Path -LiteralPath $script:Staged)) { Remove-Item -LiteralPath $script:Staged -Force }
}
