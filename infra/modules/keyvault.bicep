// The vault, and the secrets that the app settings refer to by name.

@description('Name of the key vault.')
param name string

param location string
param tags object

@description('Whether the vault is reached through private endpoints only.')
param privateNetwork bool

@description('Bearer token of ZSCloud. Empty: the secret that the vault holds stays as it is.')
@secure()
param zscloudScimToken string

@description('Secret of the change notifications. Empty: stays as it is.')
@secure()
param notificationClientState string

@description('SMTP server with user and password. Empty: stays as it is.')
@secure()
param smtpUrl string

@description('URL that alerts are posted to. Empty: stays as it is.')
@secure()
param alertWebhook string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    // Cannot be switched off again: a deleted vault keeps its name for 90 days.
    enablePurgeProtection: true
    publicNetworkAccess: privateNetwork ? 'Disabled' : 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: privateNetwork ? 'Deny' : 'Allow'
    }
  }
}

// A secret is written when a value is given and left alone otherwise, so that a later deployment
// does not bring back a token that was rotated in the vault.
resource scimToken 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (!empty(zscloudScimToken)) {
  parent: vault
  name: 'zscloud-scim-token'
  properties: {
    value: zscloudScimToken
    contentType: 'Bearer token of the ZSCloud portal'
  }
}

resource clientState 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (!empty(notificationClientState)) {
  parent: vault
  name: 'notification-client-state'
  properties: {
    value: notificationClientState
    contentType: 'clientState of Graph subscriptions'
  }
}

resource smtp 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (!empty(smtpUrl)) {
  parent: vault
  name: 'smtp-url'
  properties: {
    value: smtpUrl
    contentType: 'URL of the SMTP server'
  }
}

resource webhook 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = if (!empty(alertWebhook)) {
  parent: vault
  name: 'alert-webhook'
  properties: {
    value: alertWebhook
    contentType: 'URL that alerts are posted to'
  }
}

output name string = vault.name
output id string = vault.id
