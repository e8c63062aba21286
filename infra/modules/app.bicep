// The Flex Consumption plan and the function app on it.

param planName string
param name string
param location string
param tags object

param identityId string
param identityClientId string
param storageAccountName string
param packageUrl string
param keyVaultName string
param insightsName string

@description('Settings of the program, without its secrets.')
param settings object

@description('Settings whose value lies in the vault: name of the setting, name in the vault.')
param vaultSettings object

@description('Whether Microsoft Graph is told to call the webhook of this app.')
param changeNotifications bool

@description('Host name of the Event Hubs namespace of the audit log. Empty: none is listened to.')
param auditNamespace string

param auditEventHub string
param auditConsumerGroup string

@description('HTTP instances that never sleep. 0: none.')
param alwaysReadyHttp int

param maximumInstanceCount int
param instanceMemoryMB int

@description('Address ranges that may call the app. Empty: everybody may, and needs a key.')
param allowedIpRanges array

@description('Subnet that the app sends its traffic through. Empty: none.')
param subnetId string

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageAccountName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  kind: 'functionapp'
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // azd finds the app to deploy to by this tag: the name of the service in azure.yaml.
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    // Key Vault references are read with the system-assigned identity unless another is named.
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttp == 0 ? [] : [{ name: 'http', instanceCount: alwaysReadyHttp }]
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      http20Enabled: true
      // The rules hold for the whole site: there are none for a single function.
      ipSecurityRestrictionsDefaultAction: empty(allowedIpRanges) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: [
        for (addresses, i) in allowedIpRanges: {
          name: 'allowed-${i}'
          action: 'Allow'
          priority: 100 + i
          ipAddress: addresses
        }
      ]
    }
  }
}

// Packages are published with Entra tokens. The passwords of the publishing profile stay off.
resource publishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [
  for protocol in ['ftp', 'scm']: {
    parent: app
    name: protocol
    properties: { allow: false }
  }
]

var platform = {
  // The host reaches its storage with the identity. On Flex, runtime and version are in
  // functionAppConfig, and no setting of the deployment is needed.
  AzureWebJobsStorage__accountName: account.name
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  // azure-identity picks the user-assigned identity by it.
  AZURE_CLIENT_ID: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  // The host reads both, and so do the exporters of the program.
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
}

var webhook = {
  NOTIFICATION_URL: changeNotifications ? 'https://${app.properties.defaultHostName}/api/notifications' : ''
}

// handlers/audit_events.py. The host starts no listener for a function that is disabled, but may
// resolve what its trigger names: hub and consumer group are set in any case. The switch is written
// with points, as documented: with two underscores the host goes on to connect.
var auditEvents = {
  'AzureWebJobs.audit_events.Disabled': empty(auditNamespace) ? 'true' : 'false'
  AUDIT_EVENT_HUB: auditEventHub
  AUDIT_CONSUMER_GROUP: auditConsumerGroup
}

var auditConnection = {
  AUDIT_EVENTS__fullyQualifiedNamespace: auditNamespace
  AUDIT_EVENTS__credential: 'managedidentity'
  AUDIT_EVENTS__clientId: identityClientId
}

// A connection without an address would be one that cannot be made: it is there or not.
var audit = empty(auditNamespace) ? auditEvents : union(auditEvents, auditConnection)

// Without a version: the app follows the newest one, within a day (see docs/deploy.md, rotation).
var reference = '@Microsoft.KeyVault(VaultName=${keyVaultName};SecretName={0})'
var references = mapValues(vaultSettings, entry => empty(entry) ? '' : format(reference, entry))

resource appSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(settings, references, webhook, audit, platform)
}

output name string = app.name
output hostName string = app.properties.defaultHostName
