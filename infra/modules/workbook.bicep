// What operators look at: queries over what the app tells of itself. They are in ../workbook.json.

param name string
param location string
param tags object

@description('The workspace that the telemetry goes to.')
param workspaceId string

@description('Application Insights: the workbook is listed there.')
param insightsName string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  // The name has to be a GUID; the same one with each deployment.
  name: guid(name)
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: name
    category: 'workbook'
    version: 'Notebook/1.0'
    sourceId: insights.id
    serializedData: replace(loadTextContent('../workbook.json'), '{workspaceId}', workspaceId)
  }
}
