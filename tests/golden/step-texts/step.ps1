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
podlane_export 'PLAIN' 'value'
podlane_export 'ODD' 'it''s ‘‘odd’’ "$x" `y`
two'
podlane_export 'GITLAB_ENV' '/b/p.tmp/env'
if ($env:GITLAB_ENV -and (Test-Path -LiteralPath $env:GITLAB_ENV)) {
  foreach ($podlane_line in [System.IO.File]::ReadAllLines($env:GITLAB_ENV)) {
    if ($podlane_line -match '^([A-Za-z_][A-Za-z0-9_]*)=(.*)$') {
      podlane_export $Matches[1] $Matches[2]
    }
  }
}
Set-Location -LiteralPath '/b/p'
[Console]::Out.WriteLine('[32;1mRunning after script...[0;m')
& {
[Console]::Out.WriteLine('[32;1m$ echo one[0;m')
echo one
if (!$?) { exit $(if ($LASTEXITCODE) { $LASTEXITCODE } else { 1 }) }
[Console]::Out.WriteLine('')
[Console]::Out.Write('section_start:' + (podlane_time) + ':section_script_step_2[hide_duration=true,collapsed=true]' + [char]13 + '[0K[32;1m$ echo two
echo ''three''[0;m
')
[Console]::Out.Write('section_end:' + (podlane_time) + ':section_script_step_2' + [char]13 + '[0K')
echo two
echo 'three'
if (!$?) { exit $(if ($LASTEXITCODE) { $LASTEXITCODE } else { 1 }) }
[Console]::Out.WriteLine('[32;1m$ Write-Output "$PLAIN"[0;m')
Write-Output "$PLAIN"
if (!$?) { exit $(if ($LASTEXITCODE) { $LASTEXITCODE } else { 1 }) }
}
