//! Subnets, transit gateways and VPC endpoints. What FIS makes for these faults carries `managedByFIS=true`.

use super::entry::{ANY_TIME, Entry, Kind, LONG, optional, required};
use super::permission::{Permission, on, reads, when};

const NETWORK_ACLS: &[&str] = &["arn:{partition}:ec2:{region}:{account}:network-acl/*"];
const ROUTE_TABLES: &[&str] = &["arn:{partition}:ec2:{region}:{account}:route-table/*"];
const INTERFACES: &[&str] = &["arn:{partition}:ec2:{region}:{account}:network-interface/*"];
const PREFIX_LISTS: &[&str] = &["arn:{partition}:ec2:{region}:{account}:prefix-list/*"];
const VPCS: &[&str] = &["arn:{partition}:ec2:{region}:{account}:vpc/*"];
const SUBNETS_AND_TABLES: &[&str] =
    &["arn:{partition}:ec2:{region}:{account}:route-table/*", "arn:{partition}:ec2:{region}:{account}:subnet/*"];
const GATEWAYS: &[&str] = &[
    "arn:{partition}:ec2:{region}:{account}:transit-gateway-attachment/*",
    "arn:{partition}:ec2:{region}:{account}:transit-gateway-route-table/*",
];

/// Made by FIS, in the request that makes it.
const MAKING: &[(&str, &str, &str)] = &[("StringEquals", "aws:RequestTag/managedByFIS", "true")];
/// Made by FIS, earlier.
const MADE: &[(&str, &str, &str)] = &[("StringEquals", "aws:ResourceTag/managedByFIS", "true")];

const fn tags(resources: &'static [&'static str]) -> Permission {
    when("ec2:CreateTags", resources, MAKING)
}

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:network:disrupt-connectivity", "denies traffic of subnets by their network ACL")
        .on("Subnets", "aws:ec2:subnet")
        .taking(&[
            required(
                "scope",
                Kind::OneOf(&["all", "availability-zone", "dynamodb", "prefix-list", "s3", "s3express", "vpc"]),
            ),
            required("duration", LONG),
            optional("prefixListIdentifier", Kind::Text),
        ])
        .lasting("duration")
        .needing(&[
            when("ec2:CreateNetworkAcl", NETWORK_ACLS, MAKING),
            on("ec2:CreateNetworkAcl", VPCS),
            when("ec2:CreateNetworkAclEntry", NETWORK_ACLS, MADE),
            tags(NETWORK_ACLS),
            when("ec2:DeleteNetworkAcl", NETWORK_ACLS, MADE),
            reads("ec2:DescribeManagedPrefixLists"),
            reads("ec2:DescribeNetworkAcls"),
            reads("ec2:DescribeSubnets"),
            reads("ec2:DescribeVpcs"),
            on("ec2:GetManagedPrefixListEntries", PREFIX_LISTS),
            // The subnet's own ACL, which carries no tag of FIS, is put back by this too.
            on(
                "ec2:ReplaceNetworkAclAssociation",
                &[
                    "arn:{partition}:ec2:{region}:{account}:network-acl/*",
                    "arn:{partition}:ec2:{region}:{account}:subnet/*",
                ],
            ),
        ]),
    Entry::new("aws:network:disrupt-vpc-endpoint", "blocks the traffic of interface VPC endpoints")
        .on("VPCEndpoints", "aws:ec2:vpc-endpoint")
        .taking(&[required("duration", ANY_TIME)])
        .lasting("duration")
        .needing(&[
            reads("ec2:DescribeVpcEndpoints"),
            reads("ec2:DescribeSecurityGroups"),
            on(
                "ec2:ModifyVpcEndpoint",
                &[
                    "arn:{partition}:ec2:{region}:{account}:security-group/*",
                    "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/*",
                ],
            ),
            on("ec2:CreateSecurityGroup", SECURITY_GROUPS),
            on("ec2:DeleteSecurityGroup", SECURITY_GROUPS),
            on("ec2:RevokeSecurityGroupEgress", SECURITY_GROUPS),
            tags(&["arn:{partition}:ec2:{region}:{account}:security-group/*"]),
        ]),
    Entry::new(
        "aws:network:route-table-disrupt-cross-region-connectivity",
        "blocks traffic from subnets to another Region by their route tables",
    )
    .on("Subnets", "aws:ec2:subnet")
    .taking(&[required("region", Kind::Text), required("duration", ANY_TIME)])
    .lasting("duration")
    .needing(&[
        on("ec2:AssociateRouteTable", SUBNETS_AND_TABLES),
        when("ec2:CreateManagedPrefixList", PREFIX_LISTS, MAKING),
        when("ec2:CreateNetworkInterface", INTERFACES, MAKING),
        on(
            "ec2:CreateNetworkInterface",
            &[
                "arn:{partition}:ec2:{region}:{account}:security-group/*",
                "arn:{partition}:ec2:{region}:{account}:subnet/*",
            ],
        ),
        when("ec2:CreateRoute", ROUTE_TABLES, MADE),
        when("ec2:CreateRouteTable", ROUTE_TABLES, MAKING),
        on("ec2:CreateRouteTable", VPCS),
        tags(ROUTE_TABLES),
        tags(INTERFACES),
        tags(PREFIX_LISTS),
        when("ec2:DeleteManagedPrefixList", PREFIX_LISTS, MADE),
        when("ec2:DeleteNetworkInterface", INTERFACES, MADE),
        when("ec2:DeleteRouteTable", ROUTE_TABLES, MADE),
        reads("ec2:DescribeManagedPrefixLists"),
        reads("ec2:DescribeNetworkInterfaces"),
        reads("ec2:DescribeRouteTables"),
        reads("ec2:DescribeSubnets"),
        reads("ec2:DescribeVpcPeeringConnections"),
        reads("ec2:DescribeVpcs"),
        on("ec2:DisassociateRouteTable", SUBNETS_AND_TABLES),
        on("ec2:GetManagedPrefixListEntries", PREFIX_LISTS),
        when("ec2:ModifyManagedPrefixList", PREFIX_LISTS, MADE),
        on(
            "ec2:ModifyVpcEndpoint",
            &[
                "arn:{partition}:ec2:{region}:{account}:route-table/*",
                "arn:{partition}:ec2:{region}:{account}:vpc-endpoint/*",
            ],
        ),
        on("ec2:ReplaceRouteTableAssociation", SUBNETS_AND_TABLES),
    ]),
    Entry::new(
        "aws:network:transit-gateway-disrupt-cross-region-connectivity",
        "blocks traffic from transit gateways to another Region",
    )
    .on("TransitGateways", "aws:ec2:transit-gateway")
    .taking(&[required("region", Kind::Text), required("duration", ANY_TIME)])
    .lasting("duration")
    .needing(&[
        on("ec2:AssociateTransitGatewayRouteTable", GATEWAYS),
        reads("ec2:DescribeTransitGatewayAttachments"),
        reads("ec2:DescribeTransitGatewayPeeringAttachments"),
        reads("ec2:DescribeTransitGateways"),
        on("ec2:DisassociateTransitGatewayRouteTable", GATEWAYS),
    ]),
];

const SECURITY_GROUPS: &[&str] =
    &["arn:{partition}:ec2:{region}:{account}:security-group/*", "arn:{partition}:ec2:{region}:{account}:vpc/*"];
