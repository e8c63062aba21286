// The storage account of the Functions host and of the program: packages, queues, lease and state.

@description('Name of the storage account.')
param name string

param location string
param tags object

@description('Blob container that the deployed package lies in.')
param packageContainer string

@description('Redundancy, such as Standard_ZRS.')
param sku string

@description('Whether the account is reached through private endpoints only.')
param privateNetwork bool

// provisioning/: the blob whose lease makes one process the writer to a ZSCloud tenant.
var containers = [packageContainer, 'provisioning-lease']

// handlers/queues.py. The host makes the poison queues itself, but only when a message first
// fails; they are made here so that they can be looked at, and their triggers have a queue.
var queues = [
  'provisioning-hints'
  'provisioning-hints-poison'
  'provisioning-work'
  'provisioning-work-poison'
]

// The state, and the provisioning log in its three orders.
var tables = [
  'provisioning'
  'provisioninglog'
  'provisioninglogprincipal'
  'provisioninglogattention'
]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    // Only identities get in: there is no key that could leak.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: privateNetwork ? 'None' : 'AzureServices'
      // Without a virtual network the instances come from addresses that nobody can list.
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    // A package that was deleted or overwritten by mistake comes back from here.
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for containerName in containers: {
    parent: blobs
    name: containerName
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for queueName in queues: {
    parent: queueService
    name: queueName
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [
  for tableName in tables: {
    parent: tableService
    name: tableName
  }
]

output name string = account.name
output id string = account.id
output packageUrl string = '${account.properties.primaryEndpoints.blob}${packageContainer}'
