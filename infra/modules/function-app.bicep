// The app on Flex Consumption. Every connection is by its identity: there is no key in a setting. A test compares the
// names below with src/settings.ts.
param name string
param location string
param storageName string
param serviceBusName string
param captureQueue string
param eventsTopic string
param insightsConnection string
param workSubnetId string
param otherWorkSubnetIds string[]
param importTargetId string
param importPublisher string
param allowedTargets string[]
param alwaysReady int

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

var suffix = environment().suffixes.storage
var endpoints = {
  blob: 'https://${storageName}.blob.${suffix}'
  queue: 'https://${storageName}.queue.${suffix}'
  table: 'https://${storageName}.table.${suffix}'
}

// Of the Functions host and its extensions; the app does not read them.
var hostSettings = {
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__blobServiceUri: endpoints.blob
  AzureWebJobsStorage__queueServiceUri: endpoints.queue
  AzureWebJobsStorage__tableServiceUri: endpoints.table
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD'
  // Files that a trigger failed on again and again are noted on a queue of the account.
  DropStorage__queueServiceUri: endpoints.queue
}

var appSettings = {
  ALLOWED_TARGETS: join(allowedTargets, ',')
  CAPTURE_QUEUE: captureQueue
  DROP_CONTAINER: 'drop'
  DROP_EVENTS: 'EventGrid'
  DROP_STORAGE_ACCOUNT_ID: storage.id
  DROP_SWEEP_SCHEDULE: '0 */10 * * * *'
  DropStorage__blobServiceUri: endpoints.blob
  EVENTS_TOPIC: eventsTopic
  IMPORT_ARRIVAL_MINUTES: '1440'
  IMPORT_FREEZE: 'when-needed'
  IMPORT_LOCATION: location
  IMPORT_PUBLISHER: importPublisher
  IMPORT_REGISTER_MINUTES: '720'
  IMPORT_SETTLE_SECONDS: '60'
  IMPORT_TARGET_ID: importTargetId
  IMPORT_TEST_BOOT: 'none'
  IMPORT_VERIFY: 'none'
  // Look at GET /api/leftovers for a while before you let it remove.
  JANITOR_MODE: 'report'
  JANITOR_SCHEDULE: '0 15 * * * *'
  MEND_CONCURRENCY: '8'
  MEND_COPY_BY: 'account'
  MEND_MOVE_BY: 'stream'
  MEND_SLICES_AT_ONCE: '2'
  MEND_SLICE_MIB: '2048'
  MEND_SLICE_SECONDS: '45'
  RUNS_CONTAINER: 'runs'
  ServiceBus__fullyQualifiedNamespace: '${serviceBusName}.servicebus.windows.net'
  WORK_CONTAINER: 'work'
  WORK_SUBNET_ID: join(concat([workSubnetId], otherWorkSubnetIds), ',')
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: '${name}-plan'
  location: location
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  kind: 'functionapp,linux'
  identity: { type: 'SystemAssigned' }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      runtime: { name: 'node', version: '22' }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
        alwaysReady: alwaysReady == 0 ? [] : [{ name: 'durable', instanceCount: alwaysReady }]
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${endpoints.blob}/app-package'
          authentication: { type: 'SystemAssignedIdentity' }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      appSettings: map(items(union(hostSettings, appSettings)), setting => {
        name: setting.key
        value: setting.value
      })
    }
  }
}

// Publishing is by whoever is signed in, never by a secret that is shared.
resource scmWithoutCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource ftpWithoutCredentials 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
output principalId string = app.identity.principalId
