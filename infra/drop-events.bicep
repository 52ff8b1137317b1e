// The announcement of dropped files to the app. Deployed after the app's code: its address exists, and answers Event
// Grid's validation, only then. Until then, and whenever an event is lost, the sweep finds what was dropped.
param storageName string
param appName string
param dropContainer string = 'drop'

@secure()
@description('System key blobs_extension of the app: az functionapp keys list --query systemKeys.blobs_extension')
param blobsKey string

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource topic 'Microsoft.EventGrid/systemTopics@2022-06-15' = {
  name: '${storageName}-events'
  location: storage.location
  properties: {
    source: storage.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource drops 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2022-06-15' = {
  parent: topic
  name: 'drops'
  properties: {
    destination: {
      endpointType: 'WebHook'
      properties: {
        endpointUrl: 'https://${appName}.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.dropArrived&code=${blobsKey}'
      }
    }
    filter: {
      includedEventTypes: ['Microsoft.Storage.BlobCreated']
      subjectBeginsWith: '/blobServices/default/containers/${dropContainer}/blobs/'
      advancedFilters: [
        {
          operatorType: 'StringEndsWith'
          key: 'subject'
          values: ['.vhd', '.image.json']
        }
      ]
    }
    eventDeliverySchema: 'EventGridSchema'
    retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
  }
}
