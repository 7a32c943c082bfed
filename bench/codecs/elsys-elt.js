// ELSYS sensors in TS013, written for the benchmark from the layout in decoders/elsys.py: the commonest types.

function u16(bytes, at) {
  return (bytes[at] << 8) | bytes[at + 1];
}

function s16(bytes, at) {
  return (u16(bytes, at) << 16) >> 16;
}

function s8(byte) {
  return (byte << 24) >> 24;
}

function decodeUplink(input) {
  var bytes = input.bytes, data = {}, warnings = [], at = 0;
  while (at < bytes.length) {
    var type = bytes[at++];
    switch (type) {
      case 0x01:
        data.device_temperature = s16(bytes, at) / 10;
        at += 2;
        break;
      case 0x02:
        data.relative_humidity = bytes[at];
        at += 1;
        break;
      case 0x03:
        data.acceleration_x = s8(bytes[at]);
        data.acceleration_y = s8(bytes[at + 1]);
        data.acceleration_z = s8(bytes[at + 2]);
        at += 3;
        break;
      case 0x04:
        data.illuminance = u16(bytes, at);
        at += 2;
        break;
      case 0x05:
        data.motion = bytes[at];
        at += 1;
        break;
      case 0x06:
        data.co2 = u16(bytes, at);
        at += 2;
        break;
      case 0x07:
        data.battery_voltage = u16(bytes, at) / 1000;
        at += 2;
        break;
      case 0x0c:
        data.external_temperature = s16(bytes, at) / 10;
        at += 2;
        break;
      case 0x0e:
        data.distance = u16(bytes, at);
        at += 2;
        break;
      case 0x14:
        data.air_pressure = (u16(bytes, at) * 65536 + u16(bytes, at + 2)) / 1000;
        at += 4;
        break;
      default:
        warnings.push("type " + type + " is unknown");
        at = bytes.length;
    }
  }
  return { data: data, warnings: warnings };
}
