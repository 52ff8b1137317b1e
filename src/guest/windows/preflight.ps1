# guest-contract: preflight-windows/1
# parameters:
# result: one JSON object, the last line of standard output
#
# Reads what decides whether this VM can be generalized. Facts, no verdicts (src/domain/guest/preflight-windows.ts has
# those), and it changes nothing. Every probe has a limit of time; what could not be read is null. Lists are capped until
# the result fits, because Run Command keeps only the last 4,096 bytes. Windows PowerShell 5.1; ASCII only, since 5.1 reads no UTF-8.
[CmdletBinding()]
param()
# include: facts.ps1

$pendingReboot = Read-Many {
    $servicing = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing'
    if ((Test-Path "$servicing\RebootPending") -or (Test-Path "$servicing\RebootInProgress") -or (Test-Path "$servicing\PackagesPending")) { 'CBS' }
    if (Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired') { 'WindowsUpdate' }
    if (Test-Path -LiteralPath "$env:SystemRoot\WinSxS\pending.xml") { 'Servicing' }
    $names = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName'
    if ((Get-ItemProperty "$names\ActiveComputerName").ComputerName -ne (Get-ItemProperty "$names\ComputerName").ComputerName) { 'ComputerRename' }
    $session = Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager'
    if (@($session.PendingFileRenameOperations | Where-Object { $_ }).Count -gt 0) { 'FileRename' }
}

# Sysprep refuses packages that a user has and that new users would not get. The same choice as in seal.ps1.
$appxPerUser = Read-Many -seconds 90 {
    $provisioned = @(Get-AppxProvisionedPackage -Online | ForEach-Object { $_.DisplayName })
    Get-AppxPackage -AllUsers |
        Where-Object { -not $_.IsFramework -and -not $_.NonRemovable -and "$($_.SignatureKind)" -ne 'System' -and $provisioned -notcontains $_.Name } |
        ForEach-Object { $_.PackageFullName } | Sort-Object -Unique
}

$bitLocker = Read-Many -seconds 30 {
    $scope = 'root\cimv2\Security\MicrosoftVolumeEncryption'
    # Without the feature the namespace does not exist, and nothing is encrypted.
    if (-not (Get-CimInstance -Namespace 'root\cimv2\Security' -ClassName __NAMESPACE -Filter "Name='MicrosoftVolumeEncryption'")) { return }
    $states = 'FullyDecrypted', 'FullyEncrypted', 'EncryptionInProgress', 'DecryptionInProgress', 'EncryptionPaused', 'DecryptionPaused'
    foreach ($volume in @(Get-CimInstance -Namespace $scope -ClassName Win32_EncryptableVolume)) {
        $conversion = Invoke-CimMethod -InputObject $volume -MethodName GetConversionStatus
        if ($conversion.EncryptionPercentage -gt 0) {
            [pscustomobject] @{ volume = "$($volume.DriveLetter)"; percentEncrypted = [int] $conversion.EncryptionPercentage; status = "$($states[$conversion.ConversionStatus])" }
        }
    }
}

# Values look like "C:\Windows\System32\spbcd.dll,Sysprep_Generalize_Bcd"; a bare name lies in System32. As in seal.ps1.
$missingProviders = Read-Many {
    foreach ($phase in 'Generalize', 'Cleanup') {
        $path = "HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\SysPrepExternal\$phase"
        if (-not (Test-Path $path)) { continue }
        $key = Get-Item $path
        foreach ($name in $key.GetValueNames()) {
            $file = [Environment]::ExpandEnvironmentVariables(("$($key.GetValue($name))" -split ',')[0].Trim())
            if ($file -notmatch '\\') { $file = Join-Path "$env:SystemRoot\System32" $file }
            if (-not (Test-Path -LiteralPath $file)) { Split-Path $file -Leaf }
        }
    }
}

$sysprepStatus = Read-One {
    $status = Get-ItemProperty 'HKLM:\SYSTEM\Setup\Status\SysprepStatus'
    [pscustomobject] @{ cleanupState = [int] $status.CleanupState; generalizationState = [int] $status.GeneralizationState }
}

$unattendFiles = Read-Many {
    "$env:SystemRoot\System32\Sysprep\unattend.xml", "$env:SystemRoot\Panther\unattend.xml", "$env:SystemRoot\Panther\Unattend\unattend.xml",
    "$env:SystemDrive\unattend.xml", "$env:SystemDrive\autounattend.xml" | Where-Object { Test-Path -LiteralPath $_ }
}

$removableMediaDenied = Read-One {
    $policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows\RemovableStorageDevices'
    $discs = "$policy\{53f56308-b6bf-11d0-94f2-00a0c91efb8b}"
    ((Test-Path $policy) -and (Get-ItemProperty $policy).Deny_All -eq 1) -or ((Test-Path $discs) -and (Get-ItemProperty $discs).Deny_Read -eq 1)
}

$defenderOnboarded = Read-One {
    $status = 'HKLM:\SOFTWARE\Microsoft\Windows Advanced Threat Protection\Status'
    (Test-Path $status) -and (Get-ItemProperty $status).OnboardingState -eq 1
}

# Client editions have no Server Manager, hence no roles.
$roles = Read-Many -seconds 60 {
    if (-not (Get-Command Get-WindowsFeature -ErrorAction SilentlyContinue)) { return }
    Get-WindowsFeature | Where-Object { $_.Installed -and ($_.FeatureType -eq 'Role' -or $_.Name -eq 'Failover-Clustering') } | ForEach-Object { $_.Name }
}

# -1: never. The number of days that `net accounts` shows, without its translated words.
$passwordExpiryDays = Read-One {
    $seconds = [double] ([adsi] "WinNT://$env:COMPUTERNAME,computer").MaxPasswordAge.Value
    if ($seconds -lt 0 -or $seconds -ge 86400 * 36500) { -1 } else { [int] [math]::Floor($seconds / 86400) }
}

$eventLogPathsMissing = Read-Many {
    foreach ($channel in 'Application', 'Security', 'System', 'Setup') {
        foreach ($path in "HKLM:\SOFTWARE\Policies\Microsoft\Windows\EventLog\$channel", "HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\$channel") {
            if (-not (Test-Path $path)) { continue }
            $file = "$((Get-ItemProperty $path).File)"
            if ($file -and -not (Test-Path -LiteralPath (Split-Path ([Environment]::ExpandEnvironmentVariables($file)) -Parent))) { $channel; break }
        }
    }
}

$agentServices = Read-One {
    $services = @{}
    foreach ($name in 'RdAgent', 'WindowsAzureGuestAgent', 'Schedule') {
        $service = Get-Service -Name $name -ErrorAction SilentlyContinue
        # A service that runs now but is disabled does not start in a new VM.
        $services[$name] = if (-not $service) { 'Missing' } elseif ("$($service.StartType)" -eq 'Disabled') { 'Disabled' } else { "$($service.Status)" }
    }
    $services
}

$appxServiceDisabled = Read-One { (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Services\AppXSvc').Start -eq 4 }
$skipRearm = Read-One { (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\SoftwareProtectionPlatform').SkipRearm -eq 1 }

$cloudJoined = Read-One {
    $joins = 'HKLM:\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo'
    (Test-Path $joins) -and @(Get-ChildItem $joins).Count -gt 0
}

# A policy takes precedence over the setting.
$remoteDesktopDenied = Read-One {
    $policy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
    $denied = if (Test-Path $policy) { (Get-ItemProperty $policy).fDenyTSConnections } else { $null }
    if ($null -eq $denied) { $denied = (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server').fDenyTSConnections }
    $denied -eq 1
}

$version = Read-One { Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion' }
$system = Read-One { Get-CimInstance Win32_ComputerSystem -OperationTimeoutSec 15 }
$encrypted = if ($null -eq $bitLocker) { $null } else { , @($bitLocker | Select-Object -First 6) }

$facts = [ordered] @{
    productName          = ConvertTo-Short $version.ProductName
    build                = ConvertTo-Short $version.CurrentBuildNumber
    architecture         = ConvertTo-Short $env:PROCESSOR_ARCHITECTURE
    imageState           = Read-One { (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\State').ImageState }
    pendingReboot        = $pendingReboot
    appxPerUser          = $appxPerUser
    appxServiceDisabled  = $appxServiceDisabled
    bitLocker            = $encrypted
    missingProviders     = $missingProviders
    sysprepStatus        = $sysprepStatus
    pantherFromFormerRun = Read-One { Test-Path "$env:SystemRoot\System32\Sysprep\Panther\setupact.log" }
    unattendFiles        = $unattendFiles
    rearmCount           = Read-One { [int] (Get-CimInstance SoftwareLicensingService -OperationTimeoutSec 15).RemainingWindowsReArmCount }
    skipRearm            = $skipRearm
    cdromStart           = Read-One { [int] (Get-ItemProperty 'HKLM:\SYSTEM\CurrentControlSet\Services\cdrom').Start }
    removableMediaDenied = $removableMediaDenied
    defenderOnboarded    = $defenderOnboarded
    roles                = $roles
    remoteDesktopDenied  = $remoteDesktopDenied
    administratorDisabled = Read-One { [bool] (Get-CimInstance Win32_UserAccount -Filter "LocalAccount=True" -OperationTimeoutSec 15 | Where-Object { $_.SID -like 'S-1-5-21-*-500' }).Disabled }
    passwordExpiryDays   = $passwordExpiryDays
    cloudJoined          = $cloudJoined
    domainJoined         = if ($system) { [bool] $system.PartOfDomain } else { $null }
    reservedStorageBusy  = Read-One { $manager = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\ReserveManager'; (Test-Path $manager) -and (Get-ItemProperty $manager).ActiveScenario -gt 0 }
    eventLogPathsMissing = $eventLogPathsMissing
    agentServices        = $agentServices
    cpuCount             = if ($system) { [int] $system.NumberOfLogicalProcessors } else { $null }
    memoryMiB            = if ($system) { [int] ($system.TotalPhysicalMemory / 1048576) } else { $null }
}

Write-Facts $facts 'pendingReboot', 'appxPerUser', 'missingProviders', 'unattendFiles', 'roles', 'eventLogPathsMissing'
