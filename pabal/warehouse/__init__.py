"""ClickHouse: columnar copies of what planning and reports read, kept in step with PostgreSQL.

client      one connection: chDB inside this process, or a ClickHouse server
schema      the tables
sync        reads what changed in PostgreSQL and writes it here; knows nothing of what the tables mean
"""
