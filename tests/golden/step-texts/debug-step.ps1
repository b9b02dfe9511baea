$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = $OutputEncoding = New-Object System.Text.UTF8Encoding $false
function podlane_keep($key, $value) {
  Set-Variable -Scope Script -Name $key -Value $value -ErrorAction SilentlyContinue
}
function podlane_export($key, $value) {
  [Environment]::SetEnvironmentVariable($key, $value)
  podlane_keep $key $value
}
function podlane_time { [DateTimeOffset]::UtcNow.ToUnixTimeSeconds() }
podlane_export 'A' '1'
if ($env:GITLAB_ENV -and (Test-Path -LiteralPath $env:GITLAB_ENV)) {
  foreach ($podlane_line in [System.IO.File]::ReadAllLines($env:GITLAB_ENV)) {
    if ($podlane_line -match '^([A-Za-z_][A-Za-z0-9_]*)=(.*)$') {
      podlane_export $Matches[1] $Matches[2]
    }
  }
}
Set-Location -LiteralPath '/b/p'
& {
Set-PSDebug -Trace 2
[Console]::Out.WriteLine('[32;1m$ echo one[0;m')
echo one
if (!$?) { exit $(if ($LASTEXITCODE) { $LASTEXITCODE } else { 1 }) }
}
