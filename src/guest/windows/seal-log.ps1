# guest-contract: seal-log-windows/1
# parameters: runId
# result: one JSON object, the last line of standard output
#
# For a seal that reached its time limit while the guest still responds: is it running, and what did it log last? Changes
# nothing. Windows PowerShell 5.1; ASCII only, since 5.1 reads no UTF-8.
[CmdletBinding()]
param([string] $runId = '')
$ErrorActionPreference = 'Stop'

$Panther = "$env:SystemRoot\System32\Sysprep\Panther"
# Run Command keeps 4,096 bytes; backslashes and line ends double in JSON.
$MaxResult = 3900

function Write-Result($result) { [Console]::Out.WriteLine((ConvertTo-Json -InputObject $result -Compress -Depth 4)) }

function Get-Tail([string] $path, [int] $chars) {
    if (-not (Test-Path -LiteralPath $path)) { return '' }
    $file = [IO.File]::Open($path, 'Open', 'Read', 'ReadWrite')
    $reader = New-Object IO.StreamReader $file
    $text = $reader.ReadToEnd()
    $reader.Close()
    if ($text.Length -gt $chars) { $text = $text.Substring($text.Length - $chars) }
    return $text -replace '[^\x09\x0a\x20-\x7e]', ''
}

function Get-SealState([string] $name) {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('SOFTWARE\vmimage-seal')
    if ($null -eq $key) { return '' }
    $value = "$($key.GetValue($name))"
    $key.Close()
    return $value
}

function Get-SealLog {
    if ((Get-SealState 'runId') -ne $runId) {
        return Write-Result @{ error = @{ code = 'NO_SEAL'; message = 'This run has started no seal since this VM booted.' } }
    }
    # setuperr names a failure in a few lines; without one, setupact tells how far Sysprep is.
    $log = Get-Tail "$Panther\setuperr.log" 2500
    if (-not $log.Trim()) { $log = Get-Tail "$Panther\setupact.log" 2500 }
    if (-not $log.Trim()) { $log = Get-SealState 'log' }
    $result = [ordered] @{
        imageState = "$((Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState)"
        running    = (Get-SealState 'phase') -eq 'running' -and $null -ne (Get-Process -Id (Get-SealState 'process') -ErrorAction SilentlyContinue)
        log        = $log
    }
    while ((ConvertTo-Json -InputObject $result -Compress).Length -gt $MaxResult) {
        $result.log = $result.log.Substring([math]::Min(200, $result.log.Length))
    }
    Write-Result $result
}

Get-SealLog
