/** Private ways to AWS's services, for a network without NAT: one for each service that a function calls. */

import { resourceName } from "../project.config";
import { functionSecurityGroup, vpc } from "./network";
import { accountId, stage, stageName } from "./stage";

const services = { Secrets: "secretsmanager", Parameters: "ssm", Sqs: "sqs", Bedrock: "bedrock-runtime" };

const serviceName = (service: string) => `com.amazonaws.${stage.region}.${service}`;

/**
 * Only this account's credentials work on these ways. They are the only ones out of a network without NAT: whoever gets
 * into a function can send nothing to an account of their own.
 */
const only = (...keys: string[]) =>
  $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: "*",
        Action: "*",
        Resource: "*",
        Condition: { StringEquals: Object.fromEntries(keys.map((key) => [key, accountId])) },
      },
    ],
  });

/** Free of charge, so it is there in every mode: results need not go through a NAT. */
const s3 = new aws.ec2.VpcEndpoint("S3Endpoint", {
  vpcId: vpc.id,
  serviceName: serviceName("s3"),
  vpcEndpointType: "Gateway",
  routeTableIds: vpc.nodes.privateRouteTables.apply((tables) => tables.map((table) => table.id)),
  policy: only("aws:PrincipalAccount", "aws:ResourceAccount"), // a bucket may let strangers write into it
  tags: { Name: resourceName(stageName, "s3") },
});

/** Whoever is to call AWS's services from inside the VPC waits for these. */
export const endpoints = stage.network.mode === "endpoints" ? [s3, ...interfaceEndpoints()] : [s3];

function interfaceEndpoints(): aws.ec2.VpcEndpoint[] {
  const endpointSecurityGroup = new aws.ec2.SecurityGroup("EndpointSecurityGroup", {
    vpcId: vpc.id,
    description: "The private endpoints of AWS services",
    ingress: [
      {
        description: "HTTPS from the functions",
        protocol: "tcp",
        fromPort: 443,
        toPort: 443,
        securityGroups: [functionSecurityGroup.id],
      },
    ],
    tags: { Name: resourceName(stageName, "endpoints") },
  });
  return Object.entries(services).map(
    ([name, service]) =>
      new aws.ec2.VpcEndpoint(`${name}Endpoint`, {
        vpcId: vpc.id,
        serviceName: serviceName(service),
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: vpc.privateSubnets.apply((subnets) => subnets.slice(0, stage.network.endpointZones)),
        securityGroupIds: [endpointSecurityGroup.id],
        policy: only("aws:PrincipalAccount"), // Bedrock's models are no account's
        tags: { Name: resourceName(stageName, service) },
      }),
  );
}
