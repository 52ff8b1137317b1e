# Shared by the scripts that inspect a guest. It replaces their `include` line when they are sent
# (src/source-file.ts): Run Command takes one file. Windows PowerShell 5.1.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$MaxBytes = 3900
$MaxChars = 70

# The probe's output as an array, or $null if it failed or took too long. A probe runs in a runspace of its
# own, because Appx, CIM and Server Manager are known to hang on exactly the machines that this is meant for.
function Read-Many([scriptblock] $probe, [int] $seconds = 20) {
    $shell = [powershell]::Create()
    [void] $shell.AddScript('$ErrorActionPreference = "Stop"; $ProgressPreference = "SilentlyContinue"').AddStatement().AddScript($probe.ToString())
    try {
        $running = $shell.BeginInvoke()
        if (-not $running.AsyncWaitHandle.WaitOne($seconds * 1000)) {
            # Stopping may hang just as the probe does; nothing waits for it.
            [void] $shell.BeginStop($null, $null)
            return $null
        }
        $found = @($shell.EndInvoke($running))
    }
    catch { return $null }
    return , $found
}

function Read-One([scriptblock] $probe, [int] $seconds = 20) {
    $found = Read-Many $probe $seconds
    if ($null -eq $found -or $found.Count -eq 0) { return $null }
    return $found[0]
}

# ConvertTo-Json of 5.1 writes six bytes for each of <, >, & and '.
function ConvertTo-Short([string] $text) {
    $ascii = $text -replace "[^\x20-\x7e]|[<>&']", '?'
    if ($ascii.Length -gt $MaxChars) { $ascii = $ascii.Substring(0, $MaxChars) }
    return $ascii
}

function Limit-List($items, [int] $most) {
    if ($null -eq $items) { return $null }
    $short = @($items | Select-Object -First $most | ForEach-Object { ConvertTo-Short $_ })
    if ($items.Count -gt $most) { $short += '+{0} more' -f ($items.Count - $most) }
    return , [string[]] $short
}

# Prints the facts as one line, those that are lists cut shorter until Run Command keeps all of it.
function Write-Facts($facts, [string[]] $lists) {
    foreach ($most in 8, 4, 2, 1) {
        $result = [ordered] @{}
        foreach ($name in $facts.Keys) { $result[$name] = $facts[$name] }
        foreach ($name in $lists) { $result[$name] = Limit-List $facts[$name] $most }
        $line = ConvertTo-Json -InputObject $result -Compress -Depth 4
        if ($line.Length -le $MaxBytes) { break }
    }
    [Console]::Out.WriteLine($line)
}
