// One account: what is dropped, what is being prepared, what runs keep, and what the Functions host keeps. General
// purpose v2 without a hierarchical namespace, for such an account has no page blobs, and images are made of page blobs.
@minLength(3)
@maxLength(24)
param name string

param location string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    isHnsEnabled: false
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    supportsHttpsTrafficOnly: true
    minimumTlsVersion: 'TLS1_2'
    defaultToOAuthAuthentication: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    // Time to notice that the wrong file was removed. Prepared disks are removed too, and cost their size until then.
    deleteRetentionPolicy: { enabled: true, days: 1 }
  }
}

var containers = ['drop', 'work', 'runs', 'app-package']

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for one in containers: {
    parent: blobs
    name: one
    properties: { publicAccess: 'None' }
  }
]

output name string = account.name
output dropContainer string = containers[0]
