// Dragino LSE01 in TS013, written for the benchmark from the layout in decoders/devices/dragino_lse01.py.

function u16(bytes, at) {
  return (bytes[at] << 8) | bytes[at + 1];
}

function s16(bytes, at) {
  return (u16(bytes, at) << 16) >> 16;
}

function isProbe(raw) {
  return raw !== 0 && raw !== 0x7ffe && raw !== 0x7fff && !(raw >= 3270 && raw < 3280);
}

function decodeUplink(input) {
  var bytes = input.bytes;
  if (input.fPort !== 2) {
    return { errors: ["port " + input.fPort] };
  }
  if (bytes.length !== 11) {
    return { errors: [bytes.length + " bytes instead of 11"] };
  }
  var data = { battery_voltage: (u16(bytes, 0) & 0x3fff) / 1000 };
  var probe = s16(bytes, 2);
  if (isProbe(probe)) {
    data.probe_temperature = probe / 10;
  }
  if (bytes[10] & 0x80) {
    data.soil_permittivity = u16(bytes, 4) / 10;
    data.raw_moisture = u16(bytes, 6);
    data.raw_conductivity = u16(bytes, 8);
  } else if (bytes[10] & 0x10 || u16(bytes, 4) || u16(bytes, 6) || u16(bytes, 8)) {
    data.soil_moisture_vwc = u16(bytes, 4) / 100;
    data.soil_temperature = s16(bytes, 6) / 100;
    data.soil_ec = u16(bytes, 8);
  }
  data.interrupt = (bytes[10] & 15) !== 0;
  return { data: data };
}
