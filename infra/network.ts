/** The VPC. Functions and the database use its private subnets; the public subnets are for the NAT and the bastion. */

import { resourceName } from "../project.config";
import { stage, stageName } from "./stage";

const { mode, zones, bastionFrom } = stage.network;

/** The address range that SST gives every VPC. */
const inside = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["10.0.0.0/16"] };
const ssh = { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: bastionFrom };

export const vpc = new sst.aws.Vpc("Vpc", {
  az: zones,
  nat: mode === "nat-gateway" ? "managed" : mode === "nat-instance" ? "ec2" : undefined,
  bastion: bastionFrom.length > 0,
  transform: {
    // No resource uses the default security group, so it allows no traffic.
    securityGroup: { ingress: [], egress: [] },
    // SST's defaults open both to the internet: all ports of the NAT, and SSH of the bastion.
    natSecurityGroup: (args) => {
      args.ingress = bastionFrom.length > 0 ? [inside, ssh] : [inside];
    },
    bastionSecurityGroup: (args) => {
      args.ingress = [ssh];
    },
  },
});

/** Allows outbound traffic to AWS services and the database, and no inbound traffic. */
export const functionSecurityGroup = new aws.ec2.SecurityGroup("FunctionSecurityGroup", {
  vpcId: vpc.id,
  description: "Lambda functions",
  egress: [
    { description: "AWS services", protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] },
    {
      description: "PostgreSQL",
      protocol: "tcp",
      fromPort: 5432,
      toPort: 5432,
      cidrBlocks: [vpc.nodes.vpc.cidrBlock],
    },
  ],
  tags: { Name: resourceName(stageName, "functions") },
});
