// The function app that provisions ZSCloud, with all that it needs, in one resource group.
// docs/deploy.md says how to deploy it, docs/permissions.md who may do what and why.

targetScope = 'resourceGroup'

@description('Name of this installation. It goes into tags and into the names of the resources.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Azure region. It has to offer Flex Consumption.')
@metadata({ azd: { type: 'location' } })
param location string = resourceGroup().location

@description('Name of the key vault. Empty: made from the group and the environment. A deleted vault keeps its name for 90 days.')
@maxLength(24)
param keyVaultName string = ''

// ---- The two sides

@description('Object ID of the ZSCloud enterprise application (not its Application ID).')
@minLength(36)
@maxLength(36)
param entraServicePrincipalId string

@description('Base URL that the ZSCloud portal shows.')
param zscloudScimBaseUrl string

@description('Bearer Token that the ZSCloud portal shows. Empty: the one in the key vault stays.')
@secure()
param zscloudScimToken string = ''

@description('Requests a second that ZSCloud allows. A decimal point is written as text.')
param zscloudRequestsPerSecond string = '5'

@description('Microsoft Graph: another address in a national cloud.')
param graphBaseUrl string = 'https://graph.microsoft.com/v1.0'

// ---- What is provisioned

@description('Whether cycles write. Switch it on when one test user went well.')
@allowed(['on', 'off'])
param provisioningStatus string = 'off'

@allowed(['assigned', 'all'])
param provisioningScope string = 'assigned'

@allowed(['direct', 'transitive'])
param nestedGroups string = 'direct'

@allowed(['exclude', 'include'])
param defaultAccess string = 'exclude'

@description('Path of a mapping file within the package. Empty: the shipped schema.')
param provisioningSchema string = ''

// ---- Who leaves

@allowed(['disable', 'delete', 'none'])
param onUnassign string = 'disable'

@description('Empty: as onUnassign.')
@allowed(['', 'disable', 'delete', 'none'])
param onOutOfFilter string = ''

@allowed(['disable', 'delete', 'none'])
param onDisable string = 'disable'

@allowed(['disable', 'delete', 'none'])
param onSoftDelete string = 'disable'

@allowed(['disable', 'delete', 'none'])
param onDelete string = 'disable'

@allowed(['disable', 'delete', 'none'])
param onGroupUnassign string = 'disable'

@allowed(['disable', 'delete', 'none'])
param onGroupDelete string = 'delete'

@minValue(0)
@maxValue(3650)
param deleteAfterDays int = 0

// ---- Safety

@minValue(0)
param deletionThresholdCount int = 500

@description('Percent. A decimal point is written as text.')
param deletionThresholdPercent string = '10'

@minValue(1)
@maxValue(90)
param deletionWindowDays int = 7

@minValue(1)
param heldPlanExpiryDays int = 14

@description('Names and patterns of users and groups that are never changed, separated by commas.')
param protectedNames string = ''

param zscloudAdminGroup string = 'Service Admin'

@description('Edits by hand in ZSCloud: repair, report or leave, with exceptions such as memberships=report.')
param drift string = 'repair'

// ---- When

@description('Incremental cycle: NCRONTAB with seconds, UTC.')
param cycleSchedule string = '0 */5 * * * *'

param reconcileSchedule string = '0 30 2 * * *'

param assignmentsSchedule string = '*/30 * * * * *'

param maintenanceSchedule string = '0 0 * * * *'

// ---- Being told

@description('Whether Microsoft Graph calls the app when users and groups change.')
param changeNotifications bool = false

@description('Secret of the change notifications, 32 random characters or more. Empty: the one in the key vault stays.')
@secure()
param notificationClientState string = ''

@description('Resource ID of the Event Hub that the tenant streams its Entra audit log to, down to /eventhubs/<name>. Empty: none is listened to.')
param auditEventHubId string = ''

@description('Consumer group of that Event Hub: one that nobody else reads with.')
param auditConsumerGroup string = '$Default'

@description('Who is mailed by the alert rules. Empty: nobody.')
param alertEmail string = ''

@minValue(15)
@maxValue(1440)
param noCycleAlertMinutes int = 90

@description('How often alert rules are evaluated.')
@allowed(['PT5M', 'PT10M', 'PT15M'])
param alertFrequency string = 'PT15M'

@description('Whether the app itself mails too, through the SMTP server in the key vault.')
param alertBySmtp bool = false

@description('Sender of the mails of the app.')
param alertFrom string = ''

@description('smtps://user:password@host:port. Empty: the one in the key vault stays.')
@secure()
param smtpUrl string = ''

@description('Whether the app posts its alerts as JSON to the URL in the key vault.')
param alertByWebhook bool = false

@description('URL that alerts are posted to. Empty: the one in the key vault stays.')
@secure()
param alertWebhook string = ''

@description('Days that the provisioning log is kept.')
@minValue(1)
@maxValue(3650)
param logRetentionDays int = 30

@description('Days that telemetry is kept in Log Analytics.')
@minValue(30)
@maxValue(730)
param telemetryRetentionDays int = 30

@description('Whether names and values of people go to Log Analytics with the provisioning log.')
@allowed(['on', 'off'])
param telemetryPersonalData string = 'off'

@description('Whether every request to the storage account is logged: some gigabytes a month.')
param storageAccessLogs bool = false

// ---- Instances

@description('HTTP instances that never sleep, paid for around the clock. Graph gives a webhook 10 seconds to answer the first call.')
@minValue(0)
@maxValue(2)
param alwaysReadyHttp int = changeNotifications ? 1 : 0

@description('Most instances. One writes at a time; the others answer calls and take in hints.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 10

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Redundancy of the storage account. Zones (ZRS) are not in every region.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

// ---- Network

@description('Whether storage and key vault are reached through a virtual network only.')
param privateNetwork bool = false

param networkAddressPrefix string = '10.20.30.0/24'

@description('Address ranges of the operators, such as 192.0.2.0/24. Empty: no restriction. They hold for the whole app.')
param operatorIpRanges array = []

@description('Address ranges from which Microsoft Graph calls webhooks, as Microsoft publishes them. Needed with operatorIpRanges and changeNotifications together.')
param notificationIpRanges array = []

// ---- Permissions on Microsoft Graph

@description('Whether this deployment grants them. Only a Privileged Role Administrator can.')
param grantGraphPermissions bool = false

@description('Settings that have no parameter here, by name. They win over the others.')
param moreSettings object = {}

var token = toLower(uniqueString(resourceGroup().id, environmentName))
var tags = { 'azd-env-name': environmentName }
var vaultName = empty(keyVaultName) ? 'kv-${token}' : keyVaultName

// subscriptions/<2>/resourceGroups/<4>/providers/Microsoft.EventHub/namespaces/<8>/eventhubs/<10>.
// Parts are asked for also when there is no Event Hub: then of one that does not exist.
var noEventHub = '${resourceGroup().id}/providers/Microsoft.EventHub/namespaces/none/eventhubs/none'
var auditEventHub = split(empty(auditEventHubId) ? noEventHub : auditEventHubId, '/')

// Every setting that the program reads, but for secrets and what only the platform knows.
var settings = {
  ENTRA_SERVICE_PRINCIPAL_ID: entraServicePrincipalId
  ENTRA_TENANT_ID: tenant().tenantId
  GRAPH_BASE_URL: graphBaseUrl
  ZSCLOUD_SCIM_BASE_URL: zscloudScimBaseUrl
  ZSCLOUD_REQUESTS_PER_SECOND: zscloudRequestsPerSecond
  ZSCLOUD_BULK: 'auto'
  ZSCLOUD_MEMBER_REMOVAL: 'auto'
  MEMBER_BATCH_SIZE: '100'
  PROVISIONING_STATUS: provisioningStatus
  PROVISIONING_SCOPE: provisioningScope
  PROVISIONING_SCHEMA: provisioningSchema
  NESTED_GROUPS: nestedGroups
  DEFAULT_ACCESS: defaultAccess
  ON_UNASSIGN: onUnassign
  ON_OUT_OF_FILTER: onOutOfFilter
  ON_DISABLE: onDisable
  ON_SOFT_DELETE: onSoftDelete
  ON_DELETE: onDelete
  ON_GROUP_UNASSIGN: onGroupUnassign
  ON_GROUP_DELETE: onGroupDelete
  DELETE_AFTER_DAYS: string(deleteAfterDays)
  DELETION_THRESHOLD_COUNT: string(deletionThresholdCount)
  DELETION_THRESHOLD_PERCENT: deletionThresholdPercent
  DELETION_WINDOW_DAYS: string(deletionWindowDays)
  HELD_PLAN_EXPIRY_DAYS: string(heldPlanExpiryDays)
  PROTECTED: protectedNames
  ZSCLOUD_ADMIN_GROUP: zscloudAdminGroup
  DRIFT: drift
  ALERT_EMAIL: alertEmail
  ALERT_FROM: alertFrom
  NO_CYCLE_ALERT_MINUTES: string(noCycleAlertMinutes)
  LOG_RETENTION_DAYS: string(logRetentionDays)
  TELEMETRY_PERSONAL_DATA: telemetryPersonalData
  STATE_STORE: 'azure'
  DRAIN_BUDGET_SECONDS: '240'
  CYCLE_SCHEDULE: cycleSchedule
  RECONCILE_SCHEDULE: reconcileSchedule
  ASSIGNMENTS_SCHEDULE: assignmentsSchedule
  MAINTENANCE_SCHEDULE: maintenanceSchedule
}

var publishNext = 'Publish the code, then call POST /api/test-connection.'

// The values are names in the key vault (modules/keyvault.bicep).
var vaultSettings = {
  ZSCLOUD_SCIM_TOKEN: 'zscloud-scim-token'
  NOTIFICATION_CLIENT_STATE: changeNotifications ? 'notification-client-state' : ''
  SMTP_URL: alertBySmtp ? 'smtp-url' : ''
  ALERT_WEBHOOK: alertByWebhook ? 'alert-webhook' : ''
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-zscloud-${token}'
  location: location
  tags: tags
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    workspaceName: 'log-zscloud-${token}'
    insightsName: 'appi-zscloud-${token}'
    location: location
    tags: tags
    retentionDays: telemetryRetentionDays
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    packageContainer: 'app-package'
    sku: storageSku
    privateNetwork: privateNetwork
  }
}

module vault 'modules/keyvault.bicep' = {
  name: 'keyvault'
  params: {
    name: vaultName
    location: location
    tags: tags
    privateNetwork: privateNetwork
    zscloudScimToken: zscloudScimToken
    notificationClientState: notificationClientState
    smtpUrl: smtpUrl
    alertWebhook: alertWebhook
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    principalId: identity.properties.principalId
    storageAccountName: storage.outputs.name
    keyVaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module auditEvents 'modules/audit-events.bicep' = if (!empty(auditEventHubId)) {
  name: 'audit-events'
  scope: resourceGroup(auditEventHub[2], auditEventHub[4])
  params: {
    principalId: identity.properties.principalId
    namespaceName: auditEventHub[8]
    eventHubName: auditEventHub[10]
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  params: {
    name: 'vnet-zscloud-${token}'
    location: location
    tags: tags
    addressPrefix: networkAddressPrefix
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    planName: 'plan-zscloud-${token}'
    name: 'func-zscloud-${token}'
    location: location
    tags: tags
    identityId: identity.id
    identityClientId: identity.properties.clientId
    storageAccountName: storage.outputs.name
    packageUrl: storage.outputs.packageUrl
    keyVaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
    settings: union(settings, moreSettings)
    vaultSettings: vaultSettings
    changeNotifications: changeNotifications
    auditNamespace: !empty(auditEventHubId) ? auditEvents!.outputs.hostName : ''
    auditEventHub: auditEventHub[10]
    auditConsumerGroup: auditConsumerGroup
    alwaysReadyHttp: alwaysReadyHttp
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    allowedIpRanges: empty(operatorIpRanges) ? [] : concat(operatorIpRanges, notificationIpRanges)
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
  }
  // A Key Vault reference that fails once is not read again for a day: rights and routes go first.
  dependsOn: [roles]
}

module diagnostics 'modules/diagnostics.bicep' = {
  name: 'diagnostics'
  params: {
    workspaceId: monitoring.outputs.workspaceId
    appName: app.outputs.name
    keyVaultName: vault.outputs.name
    storageAccountName: storage.outputs.name
    storageAccessLogs: storageAccessLogs
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    actionGroupName: 'ag-zscloud-${token}'
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
    alertEmail: alertEmail
    noCycleAlertMinutes: noCycleAlertMinutes
    evaluationFrequency: alertFrequency
    provisioningOn: provisioningStatus == 'on'
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    name: 'ZSCloud provisioning ${token}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    insightsName: monitoring.outputs.insightsName
  }
}

module graphPermissions 'modules/graph-permissions.bicep' = if (grantGraphPermissions) {
  name: 'graph-permissions'
  params: {
    principalId: identity.properties.principalId
    changeNotifications: changeNotifications
  }
}

output APP_NAME string = app.outputs.name
output APP_URL string = 'https://${app.outputs.hostName}'
output CONSOLE_URL string = 'https://${app.outputs.hostName}/api/console'
output IDENTITY_CLIENT_ID string = identity.properties.clientId
output IDENTITY_PRINCIPAL_ID string = identity.properties.principalId
output KEY_VAULT_NAME string = vault.outputs.name
output NEXT_STEP string = grantGraphPermissions ? publishNext : 'Run infra/scripts/grant-graph-permissions.sh --principal-id ${identity.properties.principalId}, then publish the code.'
