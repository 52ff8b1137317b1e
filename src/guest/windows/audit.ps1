# guest-contract: audit-windows/1
# parameters:
# result: one JSON object, the last line of standard output
#
# Reads, on a VM that was just made from an image, what it brought along and what it made itself. Facts, no verdicts
# (src/domain/guest/audit-windows.ts has those), and it changes nothing. Every probe has a limit of time; what could not
# be read is null. Lists are capped until the result fits, because Run Command keeps only the last 4,096 bytes. Windows
# PowerShell 5.1; ASCII only, since 5.1 reads no UTF-8.
[CmdletBinding()]
param()
# include: facts.ps1

$users = Read-Many {
    Get-CimInstance Win32_UserAccount -Filter "LocalAccount=True" -OperationTimeoutSec 15 |
        Where-Object { -not $_.Disabled } | ForEach-Object { "$($_.Name)" }
}

# Answer files that still hold a password; Azure's own is blanked by the agent after the first boot.
$answerFiles = Read-Many {
    "$env:SystemRoot\System32\Sysprep\unattend.xml", "$env:SystemRoot\Panther\unattend.xml", "$env:SystemRoot\Panther\Unattend\unattend.xml",
    "$env:SystemDrive\unattend.xml", "$env:SystemDrive\autounattend.xml" |
        Where-Object { (Test-Path -LiteralPath $_) -and ([IO.File]::ReadAllText($_) -match '<(Administrator)?Password>\s*<Value>(?!\*SENSITIVE)') }
}

$histories = Read-Many {
    Get-ChildItem -Path "$env:SystemDrive\Users\*\AppData\Roaming\Microsoft\Windows\PowerShell\PSReadLine\*_history.txt" -Force -ErrorAction SilentlyContinue |
        Where-Object { $_.Length -gt 0 } | ForEach-Object { $_.FullName }
}

# Credentials for other systems that belong to a person.
$secrets = Read-Many {
    foreach ($name in '.aws\credentials', '.azure\msal_token_cache.bin', '.azure\accessTokens.json', '.docker\config.json', '.kube\config', '.git-credentials', '.ssh\id_rsa', '.ssh\id_ecdsa', '.ssh\id_ed25519') {
        Get-Item -Path "$env:SystemDrive\Users\*\$name" -Force -ErrorAction SilentlyContinue | Where-Object { $_.Length -gt 0 } | ForEach-Object { $_.FullName }
    }
}

$setupErrors = Read-Many {
    foreach ($file in "$env:SystemRoot\Panther\setuperr.log", "$env:SystemRoot\Panther\UnattendGC\setuperr.log") {
        if (Test-Path -LiteralPath $file) { Get-Content -LiteralPath $file -Tail 4 | Where-Object { $_.Trim() } }
    }
}

$agentServices = Read-One {
    $services = @{}
    foreach ($name in 'RdAgent', 'WindowsAzureGuestAgent') {
        $service = Get-Service -Name $name -ErrorAction SilentlyContinue
        $services[$name] = if ($service) { "$($service.Status)" } else { 'Missing' }
    }
    $services
}

# Neither the disk with the system nor Azure's temporary one; a disk that names no LUN makes the whole unknown.
$luns = Read-Many -seconds 30 {
    foreach ($disk in @(Get-Disk | Where-Object { -not $_.IsBoot -and -not $_.IsSystem })) {
        $labels = @($disk | Get-Partition -ErrorAction SilentlyContinue | Get-Volume -ErrorAction SilentlyContinue | ForEach-Object { $_.FileSystemLabel })
        if ($labels -contains 'Temporary Storage') { continue }
        if ("$($disk.Location)" -notmatch 'LUN (\d+)') { throw 'no LUN' }
        [int] $Matches[1]
    }
}

$facts = [ordered] @{
    hostName      = ConvertTo-Short $env:COMPUTERNAME
    imageState    = Read-One { (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState }
    setupRunning  = Read-One { [bool] (Get-ItemProperty 'HKLM:\SYSTEM\Setup').SystemSetupInProgress }
    users         = $users
    answerFiles   = $answerFiles
    histories     = $histories
    secrets       = $secrets
    setupErrors   = $setupErrors
    agentServices = $agentServices
    remoteDesktop = Read-One { (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server').fDenyTSConnections -eq 0 }
    dataDiskLuns  = if ($null -eq $luns) { $null } else { , @($luns | Sort-Object) }
}
Write-Facts $facts 'users', 'answerFiles', 'histories', 'secrets', 'setupErrors'
