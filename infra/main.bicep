// The pipeline in one resource group: what stores, what queues, what runs, what it is allowed to, and the isolated
// network in which copies of VMs are generalized. infra/README.md has the three commands that deploy it.
targetScope = 'resourceGroup'

@description('Begins the name of everything; 3 to 11 lower case letters and digits, starting with a letter.')
@minLength(3)
@maxLength(11)
param name string

param location string = resourceGroup().location

@description('Resource groups of this subscription whose VMs may be captured. The pipeline can do nothing in any other.')
param sourceResourceGroups string[] = []

@description('Where images of dropped files go: a resource group for managed images, or a gallery for versions. A gallery must lie in this resource group, or the role be assigned on its own.')
param importTargetId string = resourceGroup().id

@description('Ids of galleries and resource groups to which images may go, importTargetId among them. Every one that the identity may write, if empty.')
param allowedTargets string[] = []

@description('Publisher of the image definitions that imports make.')
param importPublisher string = 'vmimage'

@description('Other regions whose VMs are captured; each gets an isolated network of its own.')
param otherRegions string[] = []

@description('Of each isolated network; it is connected to nothing, so it may overlap with anything.')
param workAddressSpace string = '10.70.0.0/24'

@description('Instances that stand ready for orchestrations. None is cheapest, and a run that comes after a pause begins some seconds later.')
@minValue(0)
param alwaysReady int = 0

@description('Who is told by e-mail of dead letters, and when the app does not run. Nobody, if empty.')
param alertEmail string = ''

var suffix = uniqueString(resourceGroup().id, name)

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('${name}${suffix}', 24)
    location: location
  }
}

module serviceBus 'modules/service-bus.bicep' = {
  name: 'service-bus'
  params: {
    name: '${name}-${suffix}'
    location: location
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: name
    location: location
  }
}

module workNetwork 'modules/work-network.bicep' = {
  name: 'work-network'
  params: {
    name: name
    location: location
    addressSpace: workAddressSpace
  }
}

// The marker of a VM there goes to the account in this region.
module otherWorkNetworks 'modules/work-network.bicep' = [
  for region in otherRegions: {
    name: 'work-network-${region}'
    params: {
      name: '${name}-${region}'
      location: region
      addressSpace: workAddressSpace
      storageEndpoint: 'Microsoft.Storage.Global'
    }
  }
]

module functionApp 'modules/function-app.bicep' = {
  name: 'function-app'
  params: {
    name: '${name}-${suffix}'
    location: location
    storageName: storage.outputs.name
    serviceBusName: serviceBus.outputs.name
    captureQueue: serviceBus.outputs.queue
    eventsTopic: serviceBus.outputs.topic
    insightsConnection: monitoring.outputs.connection
    workSubnetId: workNetwork.outputs.subnetId
    otherWorkSubnetIds: [for i in range(0, length(otherRegions)): otherWorkNetworks[i].outputs.subnetId]
    importTargetId: importTargetId
    importPublisher: importPublisher
    allowedTargets: allowedTargets
    alwaysReady: alwaysReady
  }
}

module role 'modules/pipeline-role.bicep' = {
  name: 'pipeline-role-${suffix}'
  scope: subscription()
  params: {
    name: '${name}-${suffix}'
    principalId: functionApp.outputs.principalId
  }
}

module dataAccess 'modules/data-access.bicep' = {
  name: 'data-access'
  params: {
    principalId: functionApp.outputs.principalId
    importerRoleId: role.outputs.importerId
    storageName: storage.outputs.name
    serviceBusName: serviceBus.outputs.name
    queueName: serviceBus.outputs.queue
    topicName: serviceBus.outputs.topic
    insightsName: monitoring.outputs.insightsName
  }
}

module accessHere 'modules/assign-role.bicep' = {
  name: 'access-here'
  params: {
    principalId: functionApp.outputs.principalId
    roleId: role.outputs.id
  }
}

module accessToSources 'modules/assign-role.bicep' = [
  for group in sourceResourceGroups: {
    name: 'access-to-${uniqueString(group)}'
    scope: resourceGroup(group)
    params: {
      principalId: functionApp.outputs.principalId
      roleId: role.outputs.id
    }
  }
]

module alerts 'modules/alerts.bicep' = if (!empty(alertEmail)) {
  name: 'alerts'
  params: {
    name: name
    location: location
    email: alertEmail
    serviceBusName: serviceBus.outputs.name
    captureQueue: serviceBus.outputs.queue
    insightsName: monitoring.outputs.insightsName
  }
}

output appName string = functionApp.outputs.name
output appUrl string = functionApp.outputs.url
output storageName string = storage.outputs.name
output dropContainer string = storage.outputs.dropContainer
output serviceBusName string = serviceBus.outputs.name
output captureQueue string = serviceBus.outputs.queue
