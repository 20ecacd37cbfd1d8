"""What no package holds, kept by hand and checked against AWS's documentation.

Global condition keys:  https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
Service principals:     the page on roles or service-linked roles in the guide of each service, and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
Resource control:       https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
"""

# Key, type, and whether a request carries one value or many. A key that ends in `/` takes a tag's key.
GLOBAL_KEYS = [
    ("aws:AssumedRoot", "Bool", "one"),
    ("aws:CalledVia", "String", "many"),
    ("aws:CalledViaAWSMCP", "String", "one"),
    ("aws:CalledViaFirst", "String", "one"),
    ("aws:CalledViaLast", "String", "one"),
    ("aws:ChatbotSourceArn", "ARN", "one"),
    ("aws:CurrentTime", "Date", "one"),
    ("aws:Ec2InstanceSourcePrivateIPv4", "IPAddress", "one"),
    ("aws:Ec2InstanceSourceVpc", "String", "one"),
    ("aws:EpochTime", "Date", "one"),
    ("aws:FederatedProvider", "String", "one"),
    ("aws:IsMcpServiceAction", "Bool", "one"),
    ("aws:MultiFactorAuthAge", "Numeric", "one"),
    ("aws:MultiFactorAuthPresent", "Bool", "one"),
    ("aws:PrincipalAccount", "String", "one"),
    ("aws:PrincipalArn", "ARN", "one"),
    ("aws:PrincipalIsAWSService", "Bool", "one"),
    ("aws:PrincipalOrgID", "String", "one"),
    ("aws:PrincipalOrgPaths", "String", "many"),
    ("aws:PrincipalServiceName", "String", "one"),
    ("aws:PrincipalServiceNamesList", "String", "many"),
    ("aws:PrincipalTag/", "String", "one"),
    ("aws:PrincipalType", "String", "one"),
    ("aws:referer", "String", "one"),
    ("aws:RequestedRegion", "String", "one"),
    ("aws:RequestTag/", "String", "one"),
    ("aws:ResourceAccount", "String", "one"),
    ("aws:ResourceOrgID", "String", "one"),
    ("aws:ResourceOrgPaths", "String", "many"),
    ("aws:ResourceTag/", "String", "one"),
    ("aws:SecureTransport", "Bool", "one"),
    ("aws:SourceAccount", "String", "one"),
    ("aws:SourceArn", "ARN", "one"),
    ("aws:SourceIdentity", "String", "one"),
    ("aws:SourceIp", "IPAddress", "one"),
    ("aws:SourceOrgID", "String", "one"),
    ("aws:SourceOrgPaths", "String", "many"),
    ("aws:SourceOwner", "String", "one"),
    ("aws:SourceVpc", "String", "one"),
    ("aws:SourceVpcArn", "ARN", "one"),
    ("aws:SourceVpce", "String", "one"),
    ("aws:TagKeys", "String", "many"),
    ("aws:TokenIssueTime", "Date", "one"),
    ("aws:UserAgent", "String", "one"),
    ("aws:userid", "String", "one"),
    ("aws:username", "String", "one"),
    ("aws:ViaAWSMCPService", "Bool", "one"),
    ("aws:ViaAWSService", "Bool", "one"),
    ("aws:VpceAccount", "String", "one"),
    ("aws:VpceOrgID", "String", "one"),
    ("aws:VpceOrgPaths", "String", "many"),
    ("aws:VpcSourceIp", "IPAddress", "one"),
]

# Services to which resource control policies apply although the package does not list them.
RESOURCE_CONTROL_SERVICES = {"cognito-sync"}

# Hosts in AWS managed policies that are no service principals.
NO_PRINCIPALS = {
    "cognito-identity-us-gov",
    "assets.marketplace",
}

# Each as it stands before `.amazonaws.com`. Where it is doubtful whether AWS has a name, it is left out: a name that is
# missing here costs a hint at most where it comes near to one that is there.
SERVICE_PRINCIPALS = set(
    """
a4b access-analyzer access-grants.s3 account acm acm-pca agreement-marketplace aidevops aiops
aiops.alarms.cloudwatch airflow airflow-env alexa-appkit alexa-connectedhome amplify amplifybackend
apidestinations.events apigateway app-integrations appconfig appfabric appflow application-autoscaling
application-cost-profiler application-insights application-signals.cloudwatch application.opensearchservice appmesh
appmesh-preview apprunner appstream appstream.application-autoscaling appsync aps arc-region-switch arc-zonal-shift
artifact athena auditmanager autoscaling autoscaling-plans aws-artifact-account-sync aws-connector aws-opsworks-cm
b2bi backup backup-gateway backup-search batch batchoperations.s3 bcm-data-exports bedrock bedrock-agentcore billing
billingconductor braket budgets bugbust build.apprunner cassandra cassandra.application-autoscaling ce channels.lex
channels.lexv2 chatbot chime cks.kms cleanrooms cleanrooms-ml cloud9 cloudformation cloudfront cloudhsm cloudsearch
cloudtrail cloudwatch cloudwatch-crossaccount codeartifact codebuild codecatalyst codecatalyst-runner codecommit
codeconnections codedeploy codeguru-profiler codeguru-reviewer codeguru-security codepipeline codestar
codestar-connections codestar-notifications codewhisperer cognito-identity cognito-idp cognito-sync comprehend
comprehendmedical compute-optimizer config config-conforms config-multiaccountsetup connect connect-campaigns
continuousexport.discovery contributorinsights.dynamodb controltower cost-optimization-hub.bcm credentials.iot
custom.rds custom.rds-preview customer-profiles databrew dataexchange datapipeline datasync datazone dax deadline
delivery.logs deliverylogs.cloudfront detective devicefarm devops-guru directconnect directoryservice.rds
directquery.opensearchservice discovery dlm dms dms-data-migrations dnssec-route53 docdb-elastic drs drt.shield ds
dsql dynamodb dynamodb.application-autoscaling ec2 ec2-instance-connect ec2.application-autoscaling
ec2.capacitymanager ec2fastlaunch ec2fleet ec2scheduled ecr ecr-pullthroughcache ecs ecs-compute ecs-tasks
ecs.application-autoscaling edgelambda eks eks-connector eks-fargate eks-fargate-pods eks-nodegroup
elastic-inference elasticache elasticache.application-autoscaling elasticbeanstalk elasticfilesystem
elasticloadbalancing elasticmapreduce elasticmapreduce.application-autoscaling elastictranscoder email.cognito-idp
emr-containers emr-serverless entityresolution es event-processor.health events evidently export.rds fargate
finspace firehose fis fms forecast frauddetector fsx gamelift gameliftstreams geo glacier globalaccelerator glue
grafana greengrass groundstation guardduty health healthlake honeycode hooks.cloudformation iam imagebuilder
import.dynamodb importexport ingest.mediatailor inspector inspector2 internetmonitor invoicing iot iotanalytics
iotdeviceadvisor iotevents iotfleetwise iotmanagedintegrations iotsitewise iotthingsgraph iottwinmaker iotwireless
ivs ivschat kafka kafka.application-autoscaling kafkaconnect kendra kinesis kinesisanalytics
kinesisreplication.dynamodb kinesisvideo kms lakeformation lambda lambda.alarms.cloudwatch
lambda.application-autoscaling launchwizard lex lexv2 license-management.marketplace license-manager
license-manager.master-account license-manager.member-account lightsail logdelivery.elasticloadbalancing
logger.cloudfront logging.s3 logs lookoutequipment lookoutmetrics lookoutvision m2 machinelearning macie macie2
maintenance.elasticbeanstalk malware-protection-plan.guardduty malware-protection.guardduty managedblockchain
managedservices managedupdates.elasticbeanstalk marketplace mediaconnect mediaconvert medialive mediapackage
mediapackagev2 mediastore mediatailor medical-imaging member.org.stacksets.cloudformation memorydb
metering-marketplace mgn migrationhub migrationhub-orchestrator migrationhub-strategy mobileanalytics monitoring.rds
monitron mq mturk-requester mwaa-serverless neptune neptune-graph neptune.application-autoscaling network-firewall
networkflowmonitor networkmanager networkmonitor nimble notifications oam observability.aoss observabilityadmin odb
omics opensearchservice ops.apigateway ops.athena ops.emr-serverless opsworks opsworks-cm organizations
orgsdatasync.servicecatalog osis outposts panorama pca-connector-ad pca-connector-scep pcs personalize pinpoint
pipes pods.eks polly pricing private-networks profile proton q qbusiness qldb quicksight ram rbin rds rds-preview
rds.application-autoscaling redshift redshift-data redshift-serverless refactor-spaces rekognition
remediation.config replication.cassandra replication.dynamodb replication.ecr replication.elasticache
replication.lexv2 replication.s3tables replicator.lambda reporting.trustedadvisor repostspace resiliencehub
resource-explorer-2 resource-groups resources.cloudformation restore-testing.backup robomaker rolesanywhere route53
route53-recovery-control-config route53-recovery-readiness route53domains route53profiles route53resolver rtbfabric
rum s3 s3-outposts s3tables sagemaker sagemaker-geospatial sagemaker.application-autoscaling savingsplans
scaler.lambda scheduler scheduler.redshift schemas sdb secretsmanager security-ir securityhub securityhubv2
securitylake serverlessrepo servicecatalog servicecatalog-appregistry servicediscovery servicequotas ses shield
signer signin simspaceweaver sms sms-voice snow-device-management snowball sns spot spotfleet sqlworkbench sqs ssm
ssm-contacts ssm-guiconnect ssm-incidents ssm-quicksetup ssm-sap ssm.integrations sso stacksets.cloudformation
states storagegateway streams.metrics.cloudwatch sts supplychain support support-app supportplans swf sync.proton
synthetics tagging tagpolicies.tag textract thinclient timestream-influxdb tnb transcribe transfer transitgateway
translate trustedadvisor user-subscriptions verifiedpermissions vmie voiceid vpc-flow-logs vpc-lattice waf
waf-regional wafv2 wellarchitected wisdom workdocs worklink workmail workmailmessageflow workspaces
workspaces-instances workspaces-web xray
""".split()
)
