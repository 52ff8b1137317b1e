// The queue of capture requests, and the topic on which runs say how they ended. What cannot be read ends in its dead-letter queue after ten deliveries, where it stays
// until somebody looks (docs/operations.md).
param name string
param location string

resource namespace 'Microsoft.ServiceBus/namespaces@2026-01-01' = {
  name: name
  location: location
  // Basic has no duplicate detection.
  sku: { name: 'Standard', tier: 'Standard' }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2026-01-01' = {
  parent: namespace
  name: 'capture-requests'
  properties: {
    maxDeliveryCount: 10
    lockDuration: 'PT1M'
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    // The run's id finds the first run anyway; this saves the second delivery.
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'P1D'
  }
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2026-01-01' = {
  parent: namespace
  name: 'run-events'
  properties: { defaultMessageTimeToLive: 'P14D' }
}

// Whoever wants to know subscribes; this one keeps what nobody has subscribed to yet.
resource everything 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2026-01-01' = {
  parent: topic
  name: 'all'
  properties: { maxDeliveryCount: 10, lockDuration: 'PT1M', deadLetteringOnMessageExpiration: false }
}

output name string = namespace.name
output queue string = queue.name
output topic string = topic.name
