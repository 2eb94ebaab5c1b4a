/**
 * The outputs that AWS would give each type of resource beyond its inputs: ids, names, ARNs, addresses.
 *
 * The formats are those of AWS. Its random parts come from a hash of the resource's URN. To add a type, add a row with
 * `id` and the outputs whose form does not follow from their name and type: see `invented.ts`.
 */
import { MOMENT } from "./invented.ts";
import { DIGITS, hex, LOWER, pick, UPPER, uuid } from "./names.ts";
import type { Facts, Rule } from "./outputs.ts";
import type { Properties } from "./wire.ts";

const domain = (facts: Facts): string => (facts.region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com");
const global = (facts: Facts, service: string, resource: string): string =>
  `arn:${facts.partition}:${service}::${facts.account}:${resource}`;
const alphanumeric = (facts: Facts, length: number, salt = ""): string =>
  pick(facts.urn + salt, length, LOWER + DIGITS);
const capitals = (facts: Facts, length: number): string => pick(facts.urn, length, UPPER + DIGITS);
const address = (facts: Facts, salt = ""): string =>
  `10.0.${parseInt(hex(facts.urn + salt, 2), 16)}.${parseInt(hex(`${facts.urn}${salt}.`, 2), 16)}`;
const lastPart = (arn: string): string => arn.slice(arn.search(/[:/][^:/]*$/) + 1);

/** A type whose id is its name, with which its ARN ends. */
const named =
  (service: string, prefix: string, input = "name"): Rule =>
  (facts) => {
    const name = facts.name(input);
    return { id: name, [input]: name, arn: facts.arn(service, prefix + name) };
  };

/** As `named`, but its id is the ARN. */
const knownByArn =
  (service: string, prefix: string, input = "name"): Rule =>
  (facts) => {
    const name = facts.name(input);
    const arn = facts.arn(service, prefix + name);
    return { id: arn, [input]: name, arn };
  };

/** A type of EC2, with ids of a prefix and 17 hexadecimal digits. */
const numbered =
  (prefix: string, resource: string, more: (facts: Facts, id: string) => Properties = () => ({})): Rule =>
  (facts) => {
    const id = `${prefix}-${hex(facts.urn, 17)}`;
    return { id, arn: facts.arn("ec2", `${resource}/${id}`), ...more(facts, id) };
  };

/** A setting of another resource, with the id of that resource. */
const settingOf =
  (input: string): Rule =>
  (facts) => ({ id: facts.text(input) });

const opaque =
  (length = 10): Rule =>
  (facts) => ({ id: alphanumeric(facts, length) });

/** A type whose id is used only inside the provider. */
const joined =
  (...inputs: string[]): Rule =>
  (facts) => ({ id: inputs.map(facts.text).join("/") });

const bucket: Rule = (facts) => {
  const name = facts.text("bucket") || facts.name("bucket").toLowerCase();
  return {
    id: name,
    bucket: name,
    arn: `arn:${facts.partition}:s3:::${name}`,
    bucketDomainName: `${name}.s3.${domain(facts)}`,
    bucketRegion: facts.region,
    bucketRegionalDomainName: `${name}.s3.${facts.region}.${domain(facts)}`,
  };
};

const bucketObject: Rule = (facts) => {
  const [bucketName, key] = [facts.text("bucket"), facts.text("key")];
  return { id: `${bucketName}/${key}`, arn: `arn:${facts.partition}:s3:::${bucketName}/${key}` };
};

const queue: Rule = (facts) => {
  const name = facts.name();
  const url = `https://sqs.${facts.region}.${domain(facts)}/${facts.account}/${name}`;
  return { id: url, url, name, arn: facts.arn("sqs", name) };
};

const role: Rule = (facts) => {
  const [name, path] = [facts.name(), facts.text("path") || "/"];
  return {
    id: name,
    name,
    path,
    arn: global(facts, "iam", `role${path}${name}`),
    uniqueId: `AROA${capitals(facts, 17)}`,
    createDate: MOMENT,
  };
};

const policy: Rule = (facts) => {
  const [name, path] = [facts.name(), facts.text("path") || "/"];
  const arn = global(facts, "iam", `policy${path}${name}`);
  return { id: arn, name, path, arn, policyId: `ANPA${capitals(facts, 17)}` };
};

const lambda: Rule = (facts) => {
  const name = facts.name();
  const arn = facts.arn("lambda", `function:${name}`);
  const version = facts.inputs["publish"] === true ? "1" : "$LATEST";
  const invoke = (of: string): string =>
    `arn:${facts.partition}:apigateway:${facts.region}:lambda:path/2015-03-31/functions/${of}/invocations`;
  return {
    id: name,
    name,
    arn,
    version,
    qualifiedArn: `${arn}:${version}`,
    invokeArn: invoke(arn),
    qualifiedInvokeArn: invoke(`${arn}:${version}`),
    lastModified: MOMENT,
  };
};

const functionUrl: Rule = (facts) => {
  const urlId = alphanumeric(facts, 32);
  const name = facts.text("functionName");
  const arn = name.startsWith("arn:") ? name : facts.arn("lambda", `function:${name}`);
  return { id: name, urlId, functionArn: arn, functionUrl: `https://${urlId}.lambda-url.${facts.region}.on.aws/` };
};

const eventSource: Rule = (facts) => {
  const id = uuid(facts.urn);
  const name = facts.text("functionName");
  const functionArn = name.startsWith("arn:") ? name : facts.arn("lambda", `function:${name}`);
  return { id, uuid: id, arn: facts.arn("lambda", `event-source-mapping:${id}`), functionArn, state: "Enabled" };
};

const PORTS: Record<string, number> = {
  postgres: 5432,
  "aurora-postgresql": 5432,
  mysql: 3306,
  mariadb: 3306,
  "aurora-mysql": 3306,
};

const database: Rule = (facts) => {
  const identifier = facts.name("identifier");
  const host = `${identifier}.${alphanumeric(facts, 12, facts.region)}.${facts.region}.rds.${domain(facts)}`;
  const given = facts.inputs["port"];
  const port = typeof given === "number" ? given : PORTS[facts.text("engine")];
  const resourceId = `db-${capitals(facts, 26)}`;
  return {
    id: resourceId,
    identifier,
    resourceId,
    arn: facts.arn("rds", `db:${identifier}`),
    address: host,
    dbName: facts.text("dbName"), // without a name PostgreSQL creates no database
    status: "available",
    ...(port === undefined ? {} : { port, endpoint: `${host}:${port}` }),
    ...managedPassword(facts, `rds!${resourceId}`),
  };
};

const cluster: Rule = (facts) => {
  const name = facts.name("clusterIdentifier");
  const zone = `${alphanumeric(facts, 12, facts.region)}.${facts.region}.rds.${domain(facts)}`;
  const given = facts.inputs["port"];
  const port = typeof given === "number" ? given : PORTS[facts.text("engine")];
  const clusterResourceId = `cluster-${capitals(facts, 26)}`;
  return {
    id: name,
    clusterIdentifier: name,
    clusterResourceId,
    arn: facts.arn("rds", `cluster:${name}`),
    endpoint: `${name}.cluster-${zone}`,
    readerEndpoint: `${name}.cluster-ro-${zone}`,
    ...(port === undefined ? {} : { port }),
    ...managedPassword(facts, `rds!${clusterResourceId}`),
  };
};

function managedPassword(facts: Facts, name: string): Properties {
  const asked = facts.inputs["manageMasterUserPassword"] === true;
  const secretArn = facts.arn("secretsmanager", `secret:${name}-${alphanumeric(facts, 6)}`);
  return { masterUserSecrets: asked ? [{ secretArn, secretStatus: "active", kmsKeyId: "" }] : [] };
}

const api: Rule = (facts) => {
  const id = alphanumeric(facts, 10);
  return {
    id,
    arn: `arn:${facts.partition}:apigateway:${facts.region}::/apis/${id}`,
    apiEndpoint: `${facts.text("protocolType") === "WEBSOCKET" ? "wss" : "https"}://${id}.execute-api.${
      facts.region
    }.${domain(facts)}`,
    executionArn: facts.arn("execute-api", id),
  };
};

const apiStage: Rule = (facts) => {
  const [apiId, name] = [facts.text("apiId"), facts.text("name")];
  const host = `https://${apiId}.execute-api.${facts.region}.${domain(facts)}`;
  return {
    id: name,
    arn: `arn:${facts.partition}:apigateway:${facts.region}::/apis/${apiId}/stages/${name}`,
    executionArn: facts.arn("execute-api", `${apiId}/${name}`),
    invokeUrl: name === "$default" ? `${host}/` : `${host}/${name}`,
  };
};

const restApi: Rule = (facts) => {
  const id = alphanumeric(facts, 10);
  return {
    id,
    arn: `arn:${facts.partition}:apigateway:${facts.region}::/restapis/${id}`,
    rootResourceId: alphanumeric(facts, 10, "root"),
    executionArn: facts.arn("execute-api", id),
    createdDate: MOMENT,
  };
};

const restStage: Rule = (facts) => {
  const [apiId, name] = [facts.text("restApi"), facts.text("stageName")];
  return {
    id: `ags-${apiId}-${name}`,
    arn: `arn:${facts.partition}:apigateway:${facts.region}::/restapis/${apiId}/stages/${name}`,
    executionArn: facts.arn("execute-api", `${apiId}/${name}`),
    invokeUrl: `https://${apiId}.execute-api.${facts.region}.${domain(facts)}/${name}`,
  };
};

const secret: Rule = (facts) => {
  const name = facts.name();
  const arn = facts.arn("secretsmanager", `secret:${name}-${alphanumeric(facts, 6)}`);
  return { id: arn, name, arn };
};

const secretVersion: Rule = (facts) => {
  const [arn, versionId] = [facts.text("secretId"), uuid(facts.urn)];
  return { id: `${arn}|${versionId}`, arn, versionId, versionStages: ["AWSCURRENT"] };
};

const parameter: Rule = (facts) => {
  const name = facts.name();
  return { id: name, name, version: 1, arn: facts.arn("ssm", `parameter/${name.replace(/^\//, "")}`) };
};

const key: Rule = (facts) => {
  const keyId = uuid(facts.urn);
  return { id: keyId, keyId, arn: facts.arn("kms", `key/${keyId}`) };
};

const table: Rule = (facts) => {
  const name = facts.name();
  const arn = facts.arn("dynamodb", `table/${name}`);
  const streamed = facts.inputs["streamEnabled"] === true;
  return {
    id: name,
    name,
    arn,
    streamArn: streamed ? `${arn}/stream/${MOMENT}` : "",
    streamLabel: streamed ? MOMENT : "",
  };
};

const subscription: Rule = (facts) => {
  const arn = `${facts.text("topic")}:${uuid(facts.urn)}`;
  return { id: arn, arn, ownerId: facts.account };
};

const balancer: Rule = (facts) => {
  const name = facts.name();
  const kind = facts.text("loadBalancerType") === "network" ? "net" : "app";
  const suffix = `${kind}/${name}/${hex(facts.urn, 16)}`;
  const arn = facts.arn("elasticloadbalancing", `loadbalancer/${suffix}`);
  return {
    id: arn,
    name,
    arn,
    arnSuffix: suffix,
    dnsName: `${name}-${pick(facts.urn, 9, DIGITS)}.${facts.region}.elb.${domain(facts)}`,
  };
};

const targetGroup: Rule = (facts) => {
  const name = facts.name();
  const suffix = `targetgroup/${name}/${hex(facts.urn, 16)}`;
  const arn = facts.arn("elasticloadbalancing", suffix);
  return { id: arn, name, arn, arnSuffix: suffix };
};

const listener: Rule = (facts) => {
  const arn = `${facts.text("loadBalancerArn").replace(":loadbalancer/", ":listener/")}/${hex(facts.urn, 16)}`;
  return { id: arn, arn };
};

const taskDefinition: Rule = (facts) => {
  const family = facts.text("family");
  const arnWithoutRevision = facts.arn("ecs", `task-definition/${family}`);
  return { id: family, revision: 1, arn: `${arnWithoutRevision}:1`, arnWithoutRevision };
};

const repository: Rule = (facts) => {
  const name = facts.name();
  return {
    id: name,
    name,
    arn: facts.arn("ecr", `repository/${name}`),
    registryId: facts.account,
    repositoryUrl: `${facts.account}.dkr.ecr.${facts.region}.${domain(facts)}/${name}`,
  };
};

const distribution: Rule = (facts) => {
  const id = `E${capitals(facts, 13)}`;
  return {
    id,
    arn: global(facts, "cloudfront", `distribution/${id}`),
    domainName: `${alphanumeric(facts, 14)}.cloudfront.net`,
  };
};

const guardrail: Rule = (facts) => {
  const guardrailId = alphanumeric(facts, 12);
  return {
    id: guardrailId,
    guardrailId,
    guardrailArn: facts.arn("bedrock", `guardrail/${guardrailId}`),
    version: "DRAFT",
    status: "READY",
    createdAt: MOMENT,
  };
};

const userPool: Rule = (facts) => {
  const id = `${facts.region}_${pick(facts.urn, 9, UPPER + LOWER + DIGITS)}`;
  return {
    id,
    arn: facts.arn("cognito-idp", `userpool/${id}`),
    endpoint: `cognito-idp.${facts.region}.${domain(facts)}/${id}`,
    creationDate: MOMENT,
  };
};

const natGateway = numbered("nat", "natgateway", (facts) => ({
  publicIp: address(facts),
  privateIp: address(facts, "private"),
}));
const eip: Rule = (facts) => {
  const id = `eipalloc-${hex(facts.urn, 17)}`;
  return {
    id,
    allocationId: id,
    arn: facts.arn("ec2", `elastic-ip/${id}`),
    publicIp: `203.0.113.${parseInt(hex(facts.urn, 2), 16)}`,
  };
};

export const AWS_TYPES: Record<string, Rule> = {
  "aws:acm/certificate:Certificate": (facts) => {
    const arn = facts.arn("acm", `certificate/${uuid(facts.urn)}`);
    const names = [facts.text("domainName"), ...list(facts.inputs["subjectAlternativeNames"])];
    const domainValidationOptions = names.map((name) => ({
      domainName: name,
      resourceRecordName: `_${hex(name, 32)}.${name.replace(/^\*\./, "")}.`,
      resourceRecordType: "CNAME",
      resourceRecordValue: `_${hex(`${name}.`, 32)}.acm-validations.aws.`,
    }));
    return { id: arn, arn, domainValidationOptions, status: "PENDING_VALIDATION" };
  },
  "aws:acm/certificateValidation:CertificateValidation": settingOf("certificateArn"),
  "aws:apigateway/deployment:Deployment": opaque(6),
  "aws:apigateway/integration:Integration": joined("restApi", "resourceId", "httpMethod"),
  "aws:apigateway/integrationResponse:IntegrationResponse": joined("restApi", "resourceId", "httpMethod", "statusCode"),
  "aws:apigateway/method:Method": joined("restApi", "resourceId", "httpMethod"),
  "aws:apigateway/methodResponse:MethodResponse": joined("restApi", "resourceId", "httpMethod", "statusCode"),
  "aws:apigateway/resource:Resource": opaque(6),
  "aws:apigateway/response:Response": joined("restApiId", "responseType"),
  "aws:apigateway/restApi:RestApi": restApi,
  "aws:apigateway/stage:Stage": restStage,
  "aws:apigatewayv2/api:Api": api,
  "aws:apigatewayv2/apiMapping:ApiMapping": opaque(6),
  "aws:apigatewayv2/authorizer:Authorizer": opaque(6),
  "aws:apigatewayv2/deployment:Deployment": opaque(6),
  "aws:apigatewayv2/domainName:DomainName": (facts) => ({
    id: facts.text("domainName"),
    arn: `arn:${facts.partition}:apigateway:${facts.region}::/domainnames/${facts.text("domainName")}`,
  }),
  "aws:apigatewayv2/integration:Integration": opaque(7),
  "aws:apigatewayv2/route:Route": opaque(7),
  "aws:apigatewayv2/stage:Stage": apiStage,
  "aws:apigatewayv2/vpcLink:VpcLink": (facts) => {
    const id = alphanumeric(facts, 6);
    return { id, arn: `arn:${facts.partition}:apigateway:${facts.region}::/vpclinks/${id}` };
  },
  "aws:appautoscaling/policy:Policy": (facts) => ({
    id: facts.name(),
    arn: facts.arn(
      "autoscaling",
      `scalingPolicy:${uuid(facts.urn)}:resource/${facts.text("resourceId")}:policyName/${facts.name()}`,
    ),
  }),
  "aws:appautoscaling/target:Target": (facts) => ({
    id: facts.text("resourceId"),
    arn: facts.arn("application-autoscaling", `scalable-target/${hex(facts.urn, 34)}`),
  }),
  "aws:bedrock/guardrail:Guardrail": guardrail,
  "aws:bedrock/guardrailVersion:GuardrailVersion": (facts) => ({ id: `${facts.text("guardrailArn")},1`, version: "1" }),
  "aws:bedrock/inferenceProfile:InferenceProfile": (facts) => {
    const id = alphanumeric(facts, 12);
    return {
      id,
      arn: facts.arn("bedrock", `application-inference-profile/${id}`),
      status: "ACTIVE",
      type: "APPLICATION",
    };
  },
  "aws:budgets/budget:Budget": (facts) => ({
    id: `${facts.account}:${facts.name()}`,
    name: facts.name(),
    accountId: facts.account,
    arn: `arn:${facts.partition}:budgets::${facts.account}:budget/${facts.name()}`,
  }),
  "aws:cloudfront/cachePolicy:CachePolicy": (facts) => ({ id: uuid(facts.urn), name: facts.name() }),
  "aws:cloudfront/distribution:Distribution": distribution,
  "aws:cloudfront/function:Function": (facts) => ({
    id: facts.name(),
    name: facts.name(),
    arn: global(facts, "cloudfront", `function/${facts.name()}`),
  }),
  "aws:cloudfront/keyValueStore:KeyValueStore": (facts) => ({
    id: uuid(facts.urn),
    name: facts.name(),
    arn: global(facts, "cloudfront", `key-value-store/${uuid(facts.urn)}`),
  }),
  "aws:cloudfront/originAccessControl:OriginAccessControl": (facts) => ({
    id: `E${capitals(facts, 13)}`,
    name: facts.name(),
  }),
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": named("cloudwatch", "alarm:", "alarmName"),
  "aws:cloudwatch/dashboard:Dashboard": (facts) => ({
    id: facts.text("dashboardName"),
    dashboardArn: `arn:${facts.partition}:cloudwatch::${facts.account}:dashboard/${facts.text("dashboardName")}`,
  }),
  "aws:cloudwatch/eventBus:EventBus": named("events", "event-bus/"),
  "aws:cloudwatch/eventRule:EventRule": (facts) => {
    const [name, bus] = [facts.name(), lastPart(facts.text("eventBusName"))];
    const path = bus === "" || bus === "default" ? name : `${bus}/${name}`;
    return { id: path, name, arn: facts.arn("events", `rule/${path}`) };
  },
  "aws:cloudwatch/eventTarget:EventTarget": (facts) => ({
    id: `${facts.text("rule")}-${facts.name("targetId")}`,
    targetId: facts.name("targetId"),
  }),
  "aws:cloudwatch/logGroup:LogGroup": named("logs", "log-group:"),
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": (facts) => ({ id: facts.name(), name: facts.name() }),
  "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": settingOf("policyName"),
  "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": (facts) => ({
    id: `cwlsf-${pick(facts.urn, 10, DIGITS)}`,
    name: facts.name(),
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": named("cloudwatch", "alarm:", "name"),
  "aws:cloudwatch/queryDefinition:QueryDefinition": (facts) => ({
    id: uuid(facts.urn),
    queryDefinitionId: uuid(facts.urn),
  }),
  "aws:cognito/identityPool:IdentityPool": (facts) => {
    const id = `${facts.region}:${uuid(facts.urn)}`;
    return { id, arn: facts.arn("cognito-identity", `identitypool/${id}`) };
  },
  "aws:cognito/userPool:UserPool": userPool,
  "aws:cognito/userPoolClient:UserPoolClient": (facts) => ({
    id: alphanumeric(facts, 26),
    clientSecret: { secret: facts.inputs["generateSecret"] === true ? alphanumeric(facts, 51, "secret") : "" },
  }),
  "aws:dynamodb/table:Table": table,
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": numbered("sg", "security-group", (facts) => ({
    name: "default",
    ownerId: facts.account,
  })),
  "aws:ec2/eip:Eip": eip,
  "aws:ec2/eipAssociation:EipAssociation": (facts) => ({ id: `eipassoc-${hex(facts.urn, 17)}` }),
  "aws:ec2/flowLog:FlowLog": numbered("fl", "vpc-flow-log"),
  "aws:ec2/instance:Instance": numbered("i", "instance", (facts) => ({
    privateIp: address(facts),
    publicIp: `203.0.113.${parseInt(hex(facts.urn, 2), 16)}`,
    primaryNetworkInterfaceId: `eni-${hex(`${facts.urn}eni`, 17)}`,
    instanceState: "running",
  })),
  "aws:ec2/internetGateway:InternetGateway": numbered("igw", "internet-gateway", (facts) => ({
    ownerId: facts.account,
  })),
  "aws:ec2/keyPair:KeyPair": (facts) => ({
    id: facts.name("keyName"),
    keyName: facts.name("keyName"),
    keyPairId: `key-${hex(facts.urn, 17)}`,
    arn: facts.arn("ec2", `key-pair/${facts.name("keyName")}`),
  }),
  "aws:ec2/launchTemplate:LaunchTemplate": numbered("lt", "launch-template", () => ({
    latestVersion: 1,
    defaultVersion: 1,
  })),
  "aws:ec2/natGateway:NatGateway": natGateway,
  "aws:ec2/route:Route": (facts) => ({
    id: `r-${facts.text("routeTableId")}${pick(facts.urn, 10, DIGITS)}`,
    state: "active",
  }),
  "aws:ec2/routeTable:RouteTable": numbered("rtb", "route-table", (facts) => ({ ownerId: facts.account })),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": (facts) => ({ id: `rtbassoc-${hex(facts.urn, 17)}` }),
  "aws:ec2/securityGroup:SecurityGroup": numbered("sg", "security-group", (facts) => ({
    name: facts.name(),
    ownerId: facts.account,
  })),
  "aws:ec2/securityGroupRule:SecurityGroupRule": (facts) => ({
    id: `sgrule-${pick(facts.urn, 10, DIGITS)}`,
    securityGroupRuleId: `sgr-${hex(facts.urn, 17)}`,
  }),
  "aws:ec2/subnet:Subnet": numbered("subnet", "subnet", (facts) => ({ ownerId: facts.account })),
  "aws:ec2/vpc:Vpc": numbered("vpc", "vpc", (facts) => ({
    ownerId: facts.account,
    defaultNetworkAclId: `acl-${hex(`${facts.urn}acl`, 17)}`,
    defaultRouteTableId: `rtb-${hex(`${facts.urn}rtb`, 17)}`,
    mainRouteTableId: `rtb-${hex(`${facts.urn}rtb`, 17)}`,
    defaultSecurityGroupId: `sg-${hex(`${facts.urn}sg`, 17)}`,
  })),
  "aws:ec2/vpcEndpoint:VpcEndpoint": numbered("vpce", "vpc-endpoint", (facts) => ({
    ownerId: facts.account,
    state: "available",
  })),
  "aws:ecr/repository:Repository": repository,
  "aws:ecs/cluster:Cluster": knownByArn("ecs", "cluster/"),
  "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": settingOf("clusterName"),
  "aws:ecs/service:Service": knownByArn("ecs", "service/"),
  "aws:ecs/taskDefinition:TaskDefinition": taskDefinition,
  "aws:efs/accessPoint:AccessPoint": (facts) => {
    const id = `fsap-${hex(facts.urn, 17)}`;
    return { id, arn: facts.arn("elasticfilesystem", `access-point/${id}`) };
  },
  "aws:efs/fileSystem:FileSystem": (facts) => {
    const id = `fs-${hex(facts.urn, 17)}`;
    return {
      id,
      arn: facts.arn("elasticfilesystem", `file-system/${id}`),
      dnsName: `${id}.efs.${facts.region}.${domain(facts)}`,
    };
  },
  "aws:efs/mountTarget:MountTarget": (facts) => ({ id: `fsmt-${hex(facts.urn, 17)}`, ipAddress: address(facts) }),
  "aws:iam/accessKey:AccessKey": (facts) => ({
    id: `AKIA${capitals(facts, 16)}`,
    secret: { secret: alphanumeric(facts, 40) },
  }),
  "aws:iam/instanceProfile:InstanceProfile": (facts) => ({
    id: facts.name(),
    name: facts.name(),
    arn: global(facts, "iam", `instance-profile${facts.text("path") || "/"}${facts.name()}`),
  }),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (facts) => {
    const arn = global(facts, "iam", `oidc-provider/${facts.text("url").replace(/^https:\/\//, "")}`);
    return { id: arn, arn };
  },
  "aws:iam/policy:Policy": policy,
  "aws:iam/role:Role": role,
  "aws:iam/rolePolicy:RolePolicy": (facts) => ({ id: `${facts.text("role")}:${facts.name()}`, name: facts.name() }),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": joined("role", "policyArn"),
  "aws:iam/user:User": (facts) => ({
    id: facts.name(),
    name: facts.name(),
    arn: global(facts, "iam", `user${facts.text("path") || "/"}${facts.name()}`),
  }),
  "aws:iam/userPolicy:UserPolicy": (facts) => ({ id: `${facts.text("user")}:${facts.name()}`, name: facts.name() }),
  "aws:kinesis/stream:Stream": knownByArn("kinesis", "stream/"),
  "aws:kms/alias:Alias": (facts) => ({ id: facts.name(), name: facts.name(), arn: facts.arn("kms", facts.name()) }),
  "aws:kms/key:Key": key,
  "aws:lambda/alias:Alias": (facts) => {
    const arn = `${
      facts.text("functionName").startsWith("arn:")
        ? facts.text("functionName")
        : facts.arn("lambda", `function:${facts.text("functionName")}`)
    }:${facts.name()}`;
    return { id: arn, arn, name: facts.name() };
  },
  "aws:lambda/eventSourceMapping:EventSourceMapping": eventSource,
  "aws:lambda/function:Function": lambda,
  "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": settingOf("functionName"),
  "aws:lambda/functionUrl:FunctionUrl": functionUrl,
  "aws:lambda/invocation:Invocation": (facts) => ({
    id: `${facts.text("functionName")}_${facts.text("qualifier") || "$LATEST"}_${hex(facts.urn, 32)}`,
  }),
  "aws:lambda/layerVersion:LayerVersion": (facts) => {
    const layerArn = facts.arn("lambda", `layer:${facts.text("layerName")}`);
    return { id: `${layerArn}:1`, arn: `${layerArn}:1`, layerArn, version: "1" };
  },
  "aws:lambda/permission:Permission": (facts) => ({
    id: facts.name("statementId"),
    statementId: facts.name("statementId"),
  }),
  "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": joined("functionName", "qualifier"),
  "aws:lb/listener:Listener": listener,
  "aws:lb/listenerRule:ListenerRule": (facts) => {
    const arn = `${facts.text("listenerArn").replace(":listener/", ":listener-rule/")}/${hex(facts.urn, 16)}`;
    return { id: arn, arn };
  },
  "aws:lb/loadBalancer:LoadBalancer": balancer,
  "aws:lb/targetGroup:TargetGroup": targetGroup,
  "aws:rds/cluster:Cluster": cluster,
  "aws:rds/clusterInstance:ClusterInstance": named("rds", "db:", "identifier"),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": named("rds", "cluster-pg:"),
  "aws:rds/instance:Instance": database,
  "aws:rds/parameterGroup:ParameterGroup": named("rds", "pg:"),
  "aws:rds/proxy:Proxy": (facts) => ({
    id: facts.name(),
    name: facts.name(),
    arn: facts.arn("rds", `db-proxy:prx-${hex(facts.urn, 17)}`),
    endpoint: `${facts.name()}.proxy-${alphanumeric(facts, 12, facts.region)}.${facts.region}.rds.${domain(facts)}`,
  }),
  "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": (facts) => ({
    id: facts.text("dbProxyName"),
    name: "default",
    arn: facts.arn("rds", `target-group:prx-tg-${hex(facts.urn, 17)}`),
  }),
  "aws:rds/proxyTarget:ProxyTarget": joined("dbProxyName", "targetGroupName", "dbInstanceIdentifier"),
  "aws:rds/subnetGroup:SubnetGroup": named("rds", "subgrp:"),
  "aws:route53/record:Record": (facts) => ({
    id: `${facts.text("zoneId")}_${facts.text("name")}_${facts.text("type")}`,
    fqdn: facts.text("name"),
  }),
  "aws:route53/zone:Zone": (facts) => {
    const id = `Z${capitals(facts, 20)}`;
    return { id, zoneId: id, arn: `arn:${facts.partition}:route53:::hostedzone/${id}` };
  },
  "aws:s3/bucket:Bucket": bucket,
  "aws:s3/bucketV2:BucketV2": bucket,
  "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": settingOf("bucket"),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": settingOf("bucket"),
  "aws:s3/bucketLogging:BucketLogging": settingOf("bucket"),
  "aws:s3/bucketNotification:BucketNotification": settingOf("bucket"),
  "aws:s3/bucketObject:BucketObject": bucketObject,
  "aws:s3/bucketObjectv2:BucketObjectv2": bucketObject,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": settingOf("bucket"),
  "aws:s3/bucketPolicy:BucketPolicy": settingOf("bucket"),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": settingOf("bucket"),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": settingOf("bucket"),
  "aws:s3/bucketVersioning:BucketVersioning": settingOf("bucket"),
  "aws:scheduler/schedule:Schedule": (facts) => {
    const path = `${facts.text("groupName") || "default"}/${facts.name()}`;
    return {
      id: path,
      name: facts.name(),
      groupName: facts.text("groupName") || "default",
      arn: facts.arn("scheduler", `schedule/${path}`),
    };
  },
  "aws:scheduler/scheduleGroup:ScheduleGroup": named("scheduler", "schedule-group/"),
  "aws:secretsmanager/secret:Secret": secret,
  "aws:secretsmanager/secretPolicy:SecretPolicy": settingOf("secretArn"),
  "aws:secretsmanager/secretRotation:SecretRotation": settingOf("secretId"),
  "aws:secretsmanager/secretVersion:SecretVersion": secretVersion,
  "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": (facts) => {
    const id = `ns-${alphanumeric(facts, 16)}`;
    return { id, arn: facts.arn("servicediscovery", `namespace/${id}`), hostedZone: `Z${capitals(facts, 20)}` };
  },
  "aws:servicediscovery/service:Service": (facts) => {
    const id = `srv-${alphanumeric(facts, 16)}`;
    return { id, name: facts.name(), arn: facts.arn("servicediscovery", `service/${id}`) };
  },
  "aws:sfn/stateMachine:StateMachine": knownByArn("states", "stateMachine:"),
  "aws:sns/topic:Topic": (facts) => ({ ...knownByArn("sns", "")(facts), owner: facts.account }),
  "aws:sns/topicPolicy:TopicPolicy": settingOf("arn"),
  "aws:sns/topicSubscription:TopicSubscription": subscription,
  "aws:sqs/queue:Queue": queue,
  "aws:sqs/queuePolicy:QueuePolicy": settingOf("queueUrl"),
  "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": settingOf("queueUrl"),
  "aws:sqs/redrivePolicy:RedrivePolicy": settingOf("queueUrl"),
  "aws:ssm/parameter:Parameter": parameter,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": numbered("sgr", "security-group-rule", (_, id) => ({
    securityGroupRuleId: id,
  })),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": numbered("sgr", "security-group-rule", (_, id) => ({
    securityGroupRuleId: id,
  })),
  "aws:wafv2/webAcl:WebAcl": (facts) => {
    const id = uuid(facts.urn);
    const scope = facts.text("scope") === "CLOUDFRONT" ? "global" : "regional";
    return { id, name: facts.name(), arn: facts.arn("wafv2", `${scope}/webacl/${facts.name()}/${id}`), capacity: 1 };
  },
  "aws:wafv2/webAclAssociation:WebAclAssociation": joined("webAclArn", "resourceArn"),
};

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
