"""Payload bytes of a device in, `DecodedValue`s out. Pure; knows no network server and no store."""
