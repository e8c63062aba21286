// The right of the app to read the Event Hub that Entra's audit log is streamed to. The hub is
// somebody else's, in whatever group and subscription: nothing of it is made or changed here.

param principalId string
param namespaceName string
param eventHubName string

// Azure Event Hubs Data Receiver: reads events, and nothing else in the namespace.
var dataReceiver = 'a638d3c7-ab3a-418d-83e6-5f17a39d4fde'

resource eventHubs 'Microsoft.EventHub/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource eventHub 'Microsoft.EventHub/namespaces/eventhubs@2024-01-01' existing = {
  parent: eventHubs
  name: eventHubName
}

resource onEventHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: eventHub
  name: guid(eventHub.id, principalId, dataReceiver)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataReceiver)
    principalId: principalId
    principalType: 'ServicePrincipal'
  }
}

// https://<namespace>.servicebus.windows.net:443/, with another ending in a national cloud.
var endpoint = eventHubs.properties.serviceBusEndpoint

output hostName string = replace(replace(endpoint, 'https://', ''), ':443/', '')
