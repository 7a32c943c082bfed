"""Messages of LoRaWAN network servers in, `UplinkEvent`s out. Knows brokers and network servers, no devices."""
