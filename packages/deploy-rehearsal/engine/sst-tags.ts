/**
 * The tags that SST 4.17 gives to what another stage created and shares, by which `sst.aws.Vpc.get` and its like find
 * the other parts. They are as if the same version of SST had created it.
 */
import { hex, uuid } from "./names.ts";
import type { Facts } from "./outputs.ts";
import type { Properties } from "./wire.ts";

const secret = (facts: Facts): string => facts.arn("secretsmanager", `secret:shared-${hex(facts.urn, 6)}`);

const TAGS: Record<string, (facts: Facts) => Properties> = {
  "aws:cloudfront/distribution:Distribution": (facts) => ({
    "sst:ref:version": "2",
    "sst:ref:kv": `arn:${facts.partition}:cloudfront::${facts.account}:key-value-store/${uuid(facts.urn)}`,
    "sst:ref:kv-namespace": hex(facts.urn, 4),
  }),
  "aws:ec2/vpc:Vpc": () => ({ "sst:component-version": "2", "sst:ref-version": "2" }),
  "aws:ecs/cluster:Cluster": () => ({ "sst:ref:version": "2.0" }),
  "aws:elasticache/replicationGroup:ReplicationGroup": (facts) => ({
    "sst:component-version": "2",
    "sst:ref:secret": secret(facts),
  }),
  "aws:opensearch/domain:Domain": (facts) => ({ "sst:ref:username": "admin", "sst:ref:password": secret(facts) }),
  "aws:rds/cluster:Cluster": (facts) => ({ "sst:ref:password": secret(facts) }),
  "aws:rds/instance:Instance": (facts) => ({
    "sst:component-version": "2",
    "sst:lookup:password": secret(facts), // Postgres
    "sst:ref:password": secret(facts), // Mysql
  }),
};

/** The tags of an existing resource of a type. */
export function tagsOfExisting(type: string, facts: Facts): Properties {
  return TAGS[type]?.(facts) ?? {};
}
