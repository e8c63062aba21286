// Rules over the logs, and the group that they mail. The rules are in ../alerts.json.

param actionGroupName string
param workspaceId string
param location string
param tags object

@description('Who is mailed. Empty: the rules fire in the portal only.')
param alertEmail string

@description('Minutes without a cycle that ended well.')
param noCycleAlertMinutes int

@description('How often the rules are evaluated. More often costs more.')
param evaluationFrequency string

@description('Whether cycles run at all: while they do not, nobody is told that there is none.')
param provisioningOn bool

var rules = loadJsonContent('../alerts.json')

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmail)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'zscloud'
    emailReceivers: [
      { name: 'operators', emailAddress: alertEmail, useCommonAlertSchema: true }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for entry in rules: {
    name: 'zscloud-${replace(entry.name, '_', '-')}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'ZSCloud provisioning: ${replace(entry.name, '_', ' ')}'
      description: entry.description
      severity: entry.severity
      enabled: provisioningOn || !(entry.?whileOn ?? false)
      scopes: [workspaceId]
      evaluationFrequency: evaluationFrequency
      // Twice the slowest frequency: a line that arrives late is still in the next window.
      windowSize: 'PT30M'
      overrideQueryTimeRange: entry.?range
      criteria: {
        allOf: [
          {
            query: replace(entry.query, '{minutes}', string(noCycleAlertMinutes))
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      // One mail when it begins and one when it is over, however many lines there are.
      autoMitigate: true
      // A new workspace does not have the tables yet.
      skipQueryValidation: true
      actions: { actionGroups: empty(alertEmail) ? [] : [actionGroup.id] }
    }
  }
]
