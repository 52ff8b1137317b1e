// What the pipeline does in Azure Resource Manager, step by step, and nothing else. A test compares the list with the
// operations that src/adapters/arm calls; docs/permissions.md says the same for people who assign roles by hand.
targetScope = 'subscription'

param name string
param principalId string

var steps = {
  preflight: [
    'Microsoft.Compute/virtualMachines/read'
    'Microsoft.Compute/virtualMachines/instanceView/read'
    'Microsoft.Compute/disks/read'
    // Azure asks it of whoever makes a disk or an image under a customer's key.
    'Microsoft.Compute/diskEncryptionSets/read'
    'Microsoft.Compute/galleries/read'
    'Microsoft.Compute/galleries/images/read'
    'Microsoft.Compute/galleries/images/versions/read'
    'Microsoft.Compute/images/read'
    'Microsoft.Network/networkInterfaces/read'
    'Microsoft.Network/virtualNetworks/read'
    'Microsoft.Authorization/permissions/read'
    // The guest's own preflight, before anything is copied.
    'Microsoft.Compute/virtualMachines/runCommand/action'
    'Microsoft.Resources/subscriptions/resourceGroups/read'
  ]
  backup: [
    'Microsoft.Compute/restorePointCollections/read'
    'Microsoft.Compute/restorePointCollections/write'
    'Microsoft.Compute/restorePointCollections/restorePoints/read'
    'Microsoft.Compute/restorePointCollections/restorePoints/write'
    'Microsoft.Compute/snapshots/read'
    'Microsoft.Compute/snapshots/write'
  ]
  clone: [
    'Microsoft.Compute/restorePointCollections/restorePoints/diskRestorePoints/read'
    'Microsoft.Compute/disks/write'
    'Microsoft.Compute/virtualMachines/write'
    'Microsoft.Network/networkInterfaces/write'
    'Microsoft.Network/networkInterfaces/join/action'
    'Microsoft.Network/virtualNetworks/subnets/join/action'
  ]
  generalize: [
    'Microsoft.Compute/virtualMachines/runCommands/read'
    'Microsoft.Compute/virtualMachines/runCommands/write'
    'Microsoft.Compute/virtualMachines/runCommands/delete'
  ]
  deallocate: [
    'Microsoft.Compute/virtualMachines/deallocate/action'
  ]
  capture: [
    'Microsoft.Compute/virtualMachines/generalize/action'
  ]
  register: [
    'Microsoft.Compute/images/write'
    'Microsoft.Compute/galleries/images/write'
    'Microsoft.Compute/galleries/images/versions/write'
  ]
  'test-boot': [
    'Microsoft.Compute/virtualMachines/retrieveBootDiagnosticsData/action'
  ]
  'clean-up': [
    'Microsoft.Compute/virtualMachines/delete'
    'Microsoft.Compute/disks/delete'
    'Microsoft.Compute/snapshots/delete'
    'Microsoft.Compute/images/delete'
    'Microsoft.Compute/galleries/images/versions/delete'
    'Microsoft.Compute/restorePointCollections/delete'
    'Microsoft.Compute/restorePointCollections/restorePoints/delete'
    'Microsoft.Network/networkInterfaces/delete'
  ]
  restore: [
    'Microsoft.Compute/virtualMachines/start/action'
    'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action'
  ]
}

// Asked of the subscription and not of a group: quotas, sizes, how an operation goes, and locks, which hold for
// everything beneath them.
var survey = [
  'Microsoft.Compute/locations/usages/read'
  'Microsoft.Compute/skus/read'
  'Microsoft.Compute/locations/operations/read'
  'Microsoft.Authorization/locks/read'
]

// Asked of the account of dropped files and of no other. Azure demands the second of whoever makes an image from a blob
// (Microsoft Learn, "Create an image definition and an image version", sources and permissions). The keys themselves open
// nothing: the account that main.bicep makes takes none.
var fromBlobs = [
  'Microsoft.Storage/storageAccounts/read'
  'Microsoft.Storage/storageAccounts/listKeys/action'
]

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, name, 'vmimage-pipeline')
  properties: {
    roleName: 'VM image pipeline (${name})'
    description: 'Backs up, copies, generalizes and captures VMs, and makes images of them and of dropped disks.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: flatten(map(items(steps), step => step.value))
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource surveyor 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, name, 'vmimage-survey')
  properties: {
    roleName: 'VM image pipeline: survey (${name})'
    description: 'Reads quotas, sizes, locks and the progress of operations.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [{ actions: survey, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource importer 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, name, 'vmimage-import')
  properties: {
    roleName: 'VM image pipeline: images from blobs (${name})'
    description: 'Makes images from the blobs of one storage account.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [{ actions: fromBlobs, notActions: [], dataActions: [], notDataActions: [] }]
  }
}

resource maySurvey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, surveyor.id)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: surveyor.id
  }
}

output id string = role.id
output importerId string = importer.id
