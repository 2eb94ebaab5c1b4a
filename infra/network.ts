/** The VPC. Functions and the database live in its private subnets; the public ones hold a NAT or a bastion, if any. */

import { resourceName } from "../project.config";
import { stage, stageName } from "./stage";

const { mode, zones, bastionFrom } = stage.network;

/** SST gives every VPC this network. */
const inside = { protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["10.0.0.0/16"] };
const ssh = { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: bastionFrom };

export const vpc = new sst.aws.Vpc("Vpc", {
  az: zones,
  nat: mode === "nat-gateway" ? "managed" : mode === "nat-instance" ? "ec2" : undefined,
  bastion: bastionFrom.length > 0,
  transform: {
    // Nothing uses the VPC's default group, so it allows nothing.
    securityGroup: { ingress: [], egress: [] },
    // SST would open both to the internet: the NAT's every port, and the bastion's SSH.
    natSecurityGroup: (args) => {
      args.ingress = bastionFrom.length > 0 ? [inside, ssh] : [inside];
    },
    bastionSecurityGroup: (args) => {
      args.ingress = [ssh];
    },
  },
});

/** Out to AWS's services, and to the database; nothing calls in. */
export const functionSecurityGroup = new aws.ec2.SecurityGroup("FunctionSecurityGroup", {
  vpcId: vpc.id,
  description: "The Lambda functions",
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
