// Parameters for `az deployment group`. Copy it, fill it in, and add what docs/deploy.md names.
using 'main.bicep'

param environmentName = 'production'
param entraServicePrincipalId = '00000000-0000-0000-0000-000000000000'
param zscloudScimBaseUrl = 'https://scim.example.com/1234567/89012/scim'
// Only in the environment of the shell, and only to set or change it.
param zscloudScimToken = readEnvironmentVariable('ZSCLOUD_SCIM_TOKEN', '')
param provisioningStatus = 'off'
param alertEmail = ''
