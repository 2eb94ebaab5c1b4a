/** Private endpoints of AWS services, for a network without NAT: one for each service that a function calls. */

import { resourceName } from "../project.config";
import { functionSecurityGroup, vpc } from "./network";
import { accountId, stage, stageName } from "./stage";

const services = { Secrets: "secretsmanager", Parameters: "ssm", Sqs: "sqs", Bedrock: "bedrock-runtime" };

const serviceName = (service: string) => `com.amazonaws.${stage.region}.${service}`;

/**
 * An endpoint policy that accepts only this account's credentials. In a network without NAT the endpoints are the only
 * way out, so compromised function code cannot send data to another account.
 */
const onlyThisAccount = (...keys: string[]) =>
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

/** Gateway endpoints are free of charge, so every network mode has one: results do not go through a NAT. */
const s3 = new aws.ec2.VpcEndpoint("S3Endpoint", {
  vpcId: vpc.id,
  serviceName: serviceName("s3"),
  vpcEndpointType: "Gateway",
  routeTableIds: vpc.nodes.privateRouteTables.apply((tables) => tables.map((table) => table.id)),
  policy: onlyThisAccount("aws:PrincipalAccount", "aws:ResourceAccount"), // a foreign bucket may be publicly writable
  tags: { Name: resourceName(stageName, "s3") },
});

/** A resource that calls AWS services from inside the VPC on deploy must depend on these. */
export const endpoints = stage.network.mode === "endpoints" ? [s3, ...interfaceEndpoints()] : [s3];

function interfaceEndpoints(): aws.ec2.VpcEndpoint[] {
  const endpointSecurityGroup = new aws.ec2.SecurityGroup("EndpointSecurityGroup", {
    vpcId: vpc.id,
    description: "Private endpoints of AWS services",
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
        policy: onlyThisAccount("aws:PrincipalAccount"), // no ResourceAccount: Bedrock models belong to no account
        tags: { Name: resourceName(stageName, service) },
      }),
  );
}
