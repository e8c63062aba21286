// Application permissions of the identity on Microsoft Graph. Who deploys this has to be a
// Privileged Role Administrator; scripts/grant-graph-permissions.sh does the same by hand.

extension microsoftGraphV1

param principalId string

@description('Whether the identity subscribes to changes of groups.')
param changeNotifications bool

// Application.Read.All: the enterprise application, its roles and who is assigned to it.
var applicationReadAll = '9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30'

// User.Read.All: attributes of the users in scope, and what changed in them.
var userReadAll = 'df021288-bdef-4463-88db-98f22de89214'

// GroupMember.Read.All: assigned groups and their members, and what changed in them.
var groupMemberReadAll = '98830695-27a2-44f7-8c18-0c3ebc9698f6'

// Group.Read.All: only to subscribe to changes of groups.
var groupReadAll = '5b567255-7703-4780-807c-7be8301ae99b'

var always = [applicationReadAll, userReadAll, groupMemberReadAll]

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grant 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for role in (changeNotifications ? concat(always, [groupReadAll]) : always): {
    principalId: principalId
    resourceId: graph.id
    appRoleId: role
  }
]
