// Where copies of VMs are generalized. A copy believes that it is its original: it must reach nothing that the original
// reaches, and nothing must reach it. It needs the platform's address, for its agent, and storage, for its marker.
param name string
param location string
param addressSpace string
// Microsoft.Storage reaches accounts of the network's own region, Microsoft.Storage.Global those of every region.
param storageEndpoint string = 'Microsoft.Storage'

// WireServer and the platform's name server (Microsoft Learn, "What is IP address 168.63.129.16?").
var platform = '168.63.129.16/32'

resource rules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: '${name}-work'
  location: location
  properties: {
    securityRules: [
      {
        name: 'nothing-comes-in'
        properties: {
          direction: 'Inbound'
          access: 'Deny'
          priority: 100
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
      {
        name: 'platform-goes-out'
        properties: {
          direction: 'Outbound'
          access: 'Allow'
          priority: 100
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: platform
          destinationPortRanges: ['53', '80', '32526']
        }
      }
      {
        name: 'storage-goes-out'
        properties: {
          direction: 'Outbound'
          access: 'Allow'
          priority: 110
          protocol: 'Tcp'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: 'Storage'
          destinationPortRange: '443'
        }
      }
      {
        name: 'nothing-else-goes-out'
        properties: {
          direction: 'Outbound'
          access: 'Deny'
          priority: 4000
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: '${name}-isolated'
  location: location
  properties: {
    addressSpace: { addressPrefixes: [addressSpace] }
    subnets: [
      {
        name: 'work'
        properties: {
          addressPrefix: addressSpace
          networkSecurityGroup: { id: rules.id }
          // No way to the internet of its own; storage is reached by its service endpoint.
          defaultOutboundAccess: false
          serviceEndpoints: [{ service: storageEndpoint }]
        }
      }
    ]
  }
}

output subnetId string = '${network.id}/subnets/work'
