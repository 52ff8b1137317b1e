# guest-contract: seal-windows/1
# parameters: runId markerUrl* allowedRemedies limitMinutes
# result: one JSON object, the last line of standard output
#
# Generalizes a Windows VM. Two phases in one file: Run Command starts it; it copies itself and lets the Task Scheduler
# run the copy as SYSTEM, because Sysprep stops the agent and a child of the agent would hang or die with it. State,
# log and the marker's URL are kept in a volatile registry key that only SYSTEM may read: such a key lives in memory,
# is never written to a hive on disk and is gone with the next start, so nothing of them can get into the image.
# Windows PowerShell 5.1; ASCII only, since 5.1 reads no UTF-8.
[CmdletBinding()]
param(
    [string] $runId = '',
    [string] $markerUrl = '',
    [string] $allowedRemedies = '',
    [string] $limitMinutes = '',
    [switch] $detached
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'

$Task = 'vmimage-seal'
$StateKey = 'SOFTWARE\vmimage-seal'
# Not in a Temp folder, where anyone could place a file of that name first.
$Copy = "$env:SystemRoot\vmimage-seal.ps1"
$Panther = "$env:SystemRoot\System32\Sysprep\Panther"
$Sealed = 'IMAGE_STATE_GENERALIZE_RESEAL_TO_OOBE'

function Write-Result($result) { [Console]::Out.WriteLine((ConvertTo-Json -InputObject $result -Compress -Depth 4)) }
function Write-Refusal([string] $code, [string] $message) { Write-Result @{ error = @{ code = $code; message = $message } } }

function New-SealState([hashtable] $values) {
    $security = New-Object System.Security.AccessControl.RegistrySecurity
    $security.SetAccessRuleProtection($true, $false)
    $system = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-18'
    $security.AddAccessRule((New-Object System.Security.AccessControl.RegistryAccessRule $system, 'FullControl', 'Allow'))
    [Microsoft.Win32.Registry]::LocalMachine.DeleteSubKeyTree($StateKey, $false)
    $key = [Microsoft.Win32.Registry]::LocalMachine.CreateSubKey($StateKey, 'ReadWriteSubTree', 'Volatile', $security)
    foreach ($name in $values.Keys) { $key.SetValue($name, $values[$name]) }
    $key.Close()
}

function Get-SealState([string] $name) {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($StateKey)
    if ($null -eq $key) { return '' }
    $value = "$($key.GetValue($name))"
    $key.Close()
    return $value
}

function Set-SealState([string] $name, [string] $value) {
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($StateKey, $true)
    if ($value -eq '') { $key.DeleteValue($name, $false) } else { $key.SetValue($name, $value) }
    $key.Close()
}

# The state alone may be that of a seal that was killed.
function Test-SealRunning {
    return (Get-SealState 'phase') -eq 'running' -and $null -ne (Get-Process -Id (Get-SealState 'process') -ErrorAction SilentlyContinue)
}

function Get-ImageState { return "$((Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState)" }

# ---- the first phase ---------------------------------------------------------------------------------------------

function Start-Seal {
    if ($markerUrl -notmatch '^https?://[\x21-\x7e]+\z') { return Write-Refusal 'BAD_PARAMETER' 'markerUrl must be an http(s) URL.' }
    if ($runId -notmatch '^[A-Za-z0-9._-]+\z') { return Write-Refusal 'BAD_PARAMETER' 'runId must be letters, digits, dots, dashes.' }
    if ($limitMinutes -notmatch '^[0-9]{0,4}\z') { return Write-Refusal 'BAD_PARAMETER' 'limitMinutes must be a number.' }
    if (-not $PSCommandPath) { return Write-Refusal 'NO_SCRIPT_FILE' 'The script must run from a file, which it copies.' }
    if ((Get-SealState 'outcome') -eq 'sealed' -or (Get-ImageState) -eq $Sealed) {
        return Write-Refusal 'ALREADY_SEALED' 'This Windows is generalized; it only has to stop.'
    }
    if (Test-SealRunning) {
        # The same request gets the same answer; Run Command may be sent twice.
        if ((Get-SealState 'runId') -eq $runId) { return Write-Result @{ started = $true; task = $Task } }
        return Write-Refusal 'ANOTHER_SEAL_RUNNING' 'Another run is sealing this VM.'
    }

    New-SealState @{
        phase = 'starting'; runId = $runId; markerUrl = $markerUrl; allowedRemedies = $allowedRemedies; limitMinutes = $limitMinutes
    }
    Copy-Item -LiteralPath $PSCommandPath -Destination $Copy -Force
    $action = New-ScheduledTaskAction -Execute "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe" `
        -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$Copy`" -detached"
    $principal = New-ScheduledTaskPrincipal -UserId 'SYSTEM' -LogonType ServiceAccount -RunLevel Highest
    $settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -ExecutionTimeLimit (New-TimeSpan -Hours 6)
    Register-ScheduledTask -TaskName $Task -Action $action -Principal $principal -Settings $settings -Force | Out-Null
    Start-ScheduledTask -TaskName $Task

    # "Started" is reported only once the detached phase has been seen.
    foreach ($second in 1..60) {
        if ((Get-SealState 'phase') -ne 'starting') { return Write-Result @{ started = $true; task = $Task } }
        Start-Sleep -Seconds 1
    }
    Unregister-ScheduledTask -TaskName $Task -Confirm:$false
    Set-SealState 'markerUrl' ''
    Remove-Item -LiteralPath $Copy -Force
    Write-Refusal 'DETACH_FAILED' 'The Task Scheduler did not start the seal within a minute.'
}

# ---- the detached phase ------------------------------------------------------------------------------------------

function Write-SealLog([string] $line) {
    $script:log += ($line -replace '[^\x20-\x7e]', '?') + "`n"
    if ($script:log.Length -gt 8000) { $script:log = $script:log.Substring($script:log.Length - 8000) }
    Set-SealState 'log' $script:log
}

function Invoke-Step([string] $name, [scriptblock] $act) {
    $script:step = $name
    Write-SealLog "vmimage-seal: step $name"
    & $act
}

# The same choice as in preflight.ps1.
function Get-PerUserAppx {
    $provisioned = @(Get-AppxProvisionedPackage -Online | ForEach-Object { $_.DisplayName })
    return @(Get-AppxPackage -AllUsers |
            Where-Object { -not $_.IsFramework -and -not $_.NonRemovable -and "$($_.SignatureKind)" -ne 'System' -and $provisioned -notcontains $_.Name })
}

function Remove-PerUserAppx {
    foreach ($package in Get-PerUserAppx) {
        Write-SealLog "remove-appx: $($package.PackageFullName)"
        Remove-AppxPackage -Package $package.PackageFullName -AllUsers
    }
    $left = Get-PerUserAppx
    if ($left.Count -gt 0) { throw "remedy remove-appx failed: $($left[0].PackageFullName) is still there" }
}

function Get-MissingProvider {
    foreach ($phase in 'Generalize', 'Cleanup') {
        $path = "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\SysPrepExternal\$phase"
        if (-not (Test-Path $path)) { continue }
        $key = Get-Item $path
        foreach ($name in $key.GetValueNames()) {
            $file = [Environment]::ExpandEnvironmentVariables(("$($key.GetValue($name))" -split ',')[0].Trim())
            if ($file -notmatch '\\') { $file = Join-Path "$env:SystemRoot\System32" $file }
            if (-not (Test-Path -LiteralPath $file)) { [pscustomobject] @{ path = $path; name = $name; file = Split-Path $file -Leaf } }
        }
    }
}

function Resolve-MissingProvider([bool] $allowed) {
    foreach ($provider in @(Get-MissingProvider)) {
        if ($allowed) {
            Write-SealLog "remove-missing-providers: $($provider.file)"
            Remove-ItemProperty -Path $provider.path -Name $provider.name
        }
        else { Write-SealLog "vmimage-seal: provider file missing: $($provider.file)" }
    }
}

function Disable-VolumeEncryption([datetime] $until) {
    $scope = 'root\cimv2\Security\MicrosoftVolumeEncryption'
    if (-not (Get-CimInstance -Namespace 'root\cimv2\Security' -ClassName __NAMESPACE -Filter "Name='MicrosoftVolumeEncryption'")) { return }
    foreach ($volume in @(Get-CimInstance -Namespace $scope -ClassName Win32_EncryptableVolume)) {
        $begun = $false
        while ($true) {
            $percent = (Invoke-CimMethod -InputObject $volume -MethodName GetConversionStatus).EncryptionPercentage
            if ($percent -eq 0) { break }
            if (-not $begun) { Invoke-CimMethod -InputObject $volume -MethodName Decrypt | Out-Null; $begun = $true }
            if ((Get-Date) -gt $until) { throw "remedy disable-bitlocker failed: $($volume.DriveLetter) is still at $percent %" }
            Write-SealLog "disable-bitlocker: $($volume.DriveLetter) $percent %"
            Start-Sleep -Seconds 10
        }
    }
}

# Sysprep takes an answer file from any of these; the registry's word comes first in its search.
function Remove-AnswerFile {
    foreach ($path in "$env:SystemRoot\System32\Sysprep\unattend.xml", "$env:SystemDrive\unattend.xml", "$env:SystemDrive\autounattend.xml",
        "$env:SystemRoot\Panther", $Panther) {
        if (Test-Path -LiteralPath $path) { Remove-Item -LiteralPath $path -Recurse -Force }
    }
    Remove-ItemProperty -Path 'HKLM:\SYSTEM\Setup' -Name UnattendFile -ErrorAction SilentlyContinue
}

function Invoke-Sysprep([datetime] $until, [int] $minutes) {
    $sysprep = Start-Process -FilePath "$env:SystemRoot\System32\Sysprep\sysprep.exe" -PassThru `
        -ArgumentList '/generalize', '/oobe', '/mode:vm', '/quiet', '/quit'
    # Without its handle, the exit code is not available.
    [void] $sysprep.Handle
    # UNDEPLOYABLE is normal while it works: the end of the process, or the time limit, decides.
    while (-not $sysprep.WaitForExit(10000)) {
        if ((Get-Date) -gt $until) {
            Write-SealLog "vmimage-seal: sysprep still ran after $minutes min"
            throw 'sysprep did not end in time'
        }
    }
    # The state is written a moment after the process has ended.
    foreach ($attempt in 1..30) {
        if ((Get-ImageState) -eq $Sealed) { return }
        Start-Sleep -Seconds 2
    }
    throw "sysprep ended with $($sysprep.ExitCode) and left $(Get-ImageState)"
}

function Get-Tail([string] $path, [int] $chars) {
    if (-not (Test-Path -LiteralPath $path)) { return '' }
    # Sysprep may still hold the file.
    $file = [IO.File]::Open($path, 'Open', 'Read', 'ReadWrite')
    $reader = New-Object IO.StreamReader $file
    $text = $reader.ReadToEnd()
    $reader.Close()
    if ($text.Length -gt $chars) { $text = $text.Substring($text.Length - $chars) }
    return $text -replace '[^\x09\x0a\x20-\x7e]', ''
}

# The most important part last: readers cut off the beginning.
function Get-Evidence {
    return $script:log + "`n== setupact.log`n" + (Get-Tail "$Panther\setupact.log" 12000) + "`n== setuperr.log`n" + (Get-Tail "$Panther\setuperr.log" 8000)
}

# .NET instead of Invoke-WebRequest: module logging would write a cmdlet's parameters, URL and all, to the event log.
function Send-Marker([hashtable] $marker) {
    $marker.contract = 'seal-marker/1'
    $marker.runId = $script:owner
    $marker.imageState = Get-ImageState
    $marker.removedUsers = @()
    $body = [Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -InputObject $marker -Compress))
    # Older .NET does not enable TLS 1.2 by default; 3072 is its value.
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor 3072
    foreach ($pause in 0, 5, 15, 30, 60) {
        if ($pause -gt 0) { Start-Sleep -Seconds $pause }
        try {
            $request = [Net.WebRequest]::Create($script:url)
            $request.Method = 'PUT'
            $request.Timeout = 60000
            $request.ContentType = 'application/json'
            $request.Headers.Add('x-ms-blob-type', 'BlockBlob')
            $stream = $request.GetRequestStream()
            $stream.Write($body, 0, $body.Length)
            $stream.Close()
            $request.GetResponse().Close()
            return $true
        }
        catch { Write-SealLog "marker: not accepted ($($_.Exception.GetBaseException().GetType().Name))" }
    }
    return $false
}

function Invoke-Seal {
    $script:log = ''
    $script:step = ''
    $script:owner = Get-SealState 'runId'
    $script:url = Get-SealState 'markerUrl'
    $remedies = @((Get-SealState 'allowedRemedies') -split ',')
    $minutes = if (Get-SealState 'limitMinutes') { [int] (Get-SealState 'limitMinutes') } else { 35 }
    $until = (Get-Date).AddMinutes($minutes)
    # From here on the URL is in this process alone.
    Set-SealState 'markerUrl' ''
    Set-SealState 'process' "$PID"
    Set-SealState 'phase' 'running'
    try {
        # Ending a task's registration does not end its program; neither task nor file may be in the image.
        Invoke-Step 'leave-no-trace' {
            Unregister-ScheduledTask -TaskName $Task -Confirm:$false
            Remove-Item -LiteralPath $Copy -Force
        }
        Invoke-Step 'remedies' {
            if ($remedies -contains 'remove-appx') { Remove-PerUserAppx }
            Resolve-MissingProvider ($remedies -contains 'remove-missing-providers')
            if ($remedies -contains 'disable-bitlocker') { Disable-VolumeEncryption $until }
        }
        Invoke-Step 'answer-files' { Remove-AnswerFile }
        # A disabled cdrom driver cannot read the provisioning disc of a new VM.
        Invoke-Step 'cdrom' { Set-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Services\cdrom' -Name Start -Value 1 }
        Invoke-Step 'sysprep' { Invoke-Sysprep $until $minutes }
    }
    catch {
        Write-SealLog "vmimage-seal: $($_.Exception.Message)"
        Write-SealLog "vmimage-seal: step $($script:step) failed"
        Set-SealState 'phase' 'failed'
        [void] (Send-Marker @{ outcome = 'failed'; step = $script:step; log = Get-Evidence })
        return
    }
    if (-not (Send-Marker @{ outcome = 'sealed'; log = $script:log })) {
        Write-SealLog 'vmimage-seal: step marker failed'
        Set-SealState 'phase' 'failed'
        return
    }
    Set-SealState 'outcome' 'sealed'
    Stop-Computer -Force
}

if ($detached) { Invoke-Seal } else { Start-Seal }
