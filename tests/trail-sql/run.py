"""Runs a query of `why-denied trail --sql` on DuckDB, over files of CloudTrail.

    run.py duckdb QUERY RESULT           as it is
    run.py athena QUERY RESULT FILES     parsed as Athena's, translated, on a table of Athena's schema
    run.py lake QUERY RESULT FILES       the same, as CloudTrail Lake's

RESULT ends in .csv or .json, and FILES is a pattern with `*` and `**`.
"""

import sys

import duckdb
import sqlglot

# Both schemas, as AWS documents them; names are told without regard to case, and these are those of the files:
# https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
# https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html
ATHENA_SESSION = """STRUCT(attributes STRUCT(mfaAuthenticated VARCHAR, creationDate VARCHAR),
    sessionIssuer STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR),
    ec2RoleDelivery VARCHAR)"""
LAKE_SESSION = """STRUCT(attributes STRUCT(creationDate TIMESTAMP, mfaAuthenticated VARCHAR),
    sessionIssuer STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, userName VARCHAR),
    sourceIdentity VARCHAR, ec2RoleDelivery VARCHAR)"""
BEHALF = "STRUCT(userId VARCHAR, identityStoreArn VARCHAR)"
ATHENA_IDENTITY = f"""STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, invokedBy VARCHAR,
    accessKeyId VARCHAR, userName VARCHAR, onBehalfOf {BEHALF}, sessionContext {ATHENA_SESSION})"""
LAKE_IDENTITY = f"""STRUCT("type" VARCHAR, principalId VARCHAR, arn VARCHAR, accountId VARCHAR, accessKeyId VARCHAR,
    userName VARCHAR, sessionContext {LAKE_SESSION}, onBehalfOf {BEHALF}, invokedBy VARCHAR, identityProvider VARCHAR)"""
RESOURCES = 'STRUCT(ARN VARCHAR, accountId VARCHAR, "type" VARCHAR)[]'
TLS = "STRUCT(tlsVersion VARCHAR, cipherSuite VARCHAR, clientProvidedHostHeader VARCHAR)"
TEXTS = [
    "eventID", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent", "errorCode",
    "errorMessage", "vpcEndpointId", "vpcEndpointAccountId", "recipientAccountId",
]


def table(dialect: str, name: str, files: str) -> str:
    """The statement that makes the table of a dialect."""
    identity, time, parameters = (
        (ATHENA_IDENTITY, "VARCHAR", "JSON")
        if dialect == "athena"
        else (LAKE_IDENTITY, "TIMESTAMP", "MAP(VARCHAR, VARCHAR)")
    )
    types = {text: "VARCHAR" for text in TEXTS}
    types |= {"eventTime": time, "requestParameters": parameters, "userIdentity": identity}
    types |= {"resources": RESOURCES, "tlsDetails": TLS}
    members = ", ".join(f"{name} {kind}" for name, kind in types.items())
    columns = [f"event.{name} AS {name.lower()}" for name in types]
    if dialect == "athena":
        # A text in Athena.
        columns[columns.index("event.requestParameters AS requestparameters")] = (
            "CAST(event.requestParameters AS VARCHAR) AS requestparameters"
        )
        day = "regexp_extract(filename, '[0-9]{4}/[0-9]{2}/[0-9]{2}')"
        columns.append(f'{day} AS "timestamp"')
    records = f"STRUCT({members})[]".replace("'", "''")
    return f"""CREATE TABLE {name} AS SELECT {", ".join(columns)} FROM (
        SELECT unnest(Records) AS event, filename
        FROM read_json('{files}', format = 'unstructured', columns = {{Records: '{records}'}}, filename = true))"""


def main(dialect: str, query: str, result: str, files: str = "") -> None:
    with open(query, encoding="utf-8") as file:
        text = file.read()
    connection = duckdb.connect()
    if dialect != "duckdb":
        # CloudTrail Lake takes statements of Trino.
        reads = {"athena": "athena", "lake": "trino"}[dialect]
        statement = sqlglot.parse_one(text, read=reads, error_level=sqlglot.ErrorLevel.RAISE)
        [source] = statement.find_all(sqlglot.exp.Table)
        connection.execute(table(dialect, source.sql(dialect="duckdb"), files))
        text = statement.sql(dialect="duckdb")
    ends = "FORMAT csv, HEADER" if result.endswith(".csv") else "FORMAT json"
    connection.execute(f"COPY ({text}) TO '{result}' ({ends})")


if __name__ == "__main__":
    main(*sys.argv[1:])
