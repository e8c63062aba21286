// A virtual network: the app goes out through one subnet; in the other are the private endpoints
// of the storage account and the key vault.

param name string
param location string
param tags object

@description('Address range of the network, a /24 or larger.')
param addressPrefix string

param storageId string
param vaultId string

// Outgoing traffic leaves by one address that stays, for lists of allowed addresses elsewhere.
// A subnet has no way to the internet of its own any more.
resource address 'Microsoft.Network/publicIPAddresses@2025-05-01' = {
  name: '${name}-out'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource gateway 'Microsoft.Network/natGateways@2025-05-01' = {
  name: '${name}-nat'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIpAddresses: [{ id: address.id }] }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          natGateway: { id: gateway.id }
          // Flex Consumption asks for this delegation, and for the resource provider Microsoft.App.
          delegations: [
            { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }
}

module storageEndpoints 'private-endpoint.bicep' = [
  for service in ['blob', 'queue', 'table']: {
    name: 'endpoint-${service}'
    params: {
      name: '${name}-${service}'
      location: location
      tags: tags
      subnetId: '${network.id}/subnets/endpoints'
      networkId: network.id
      targetId: storageId
      groupId: service
      zoneName: 'privatelink.${service}.${environment().suffixes.storage}'
    }
  }
]

module vaultEndpoint 'private-endpoint.bicep' = {
  name: 'endpoint-vault'
  params: {
    name: '${name}-vault'
    location: location
    tags: tags
    subnetId: '${network.id}/subnets/endpoints'
    networkId: network.id
    targetId: vaultId
    groupId: 'vault'
    zoneName: 'privatelink.vaultcore.azure.net'
  }
}

output appSubnetId string = '${network.id}/subnets/app'
