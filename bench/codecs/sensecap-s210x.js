// SenseCAP S210x in TS013, written for the benchmark from the layout in decoders/devices/sensecap_s210x.py.

var NAMES = {
  4097: "air_temperature", 4098: "relative_humidity", 4102: "soil_temperature", 4103: "soil_moisture_vwc",
  4106: "soil_ph", 4108: "soil_ec", 4133: "soil_water_potential",
};

function s32(bytes, at) {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function crc(bytes, count) {
  var sum = 0;
  for (var i = 0; i < count; i++) {
    sum ^= bytes[i];
    for (var bit = 0; bit < 8; bit++) {
      sum = sum & 1 ? (sum >> 1) ^ 0x8408 : sum >> 1;
    }
  }
  return sum;
}

function decodeUplink(input) {
  var bytes = input.bytes, end = bytes.length - 2, data = {}, warnings = [];
  if (end < 7 || end % 7) {
    return { errors: [bytes.length + " bytes"] };
  }
  if (crc(bytes, end) !== (bytes[end] | (bytes[end + 1] << 8))) {
    return { errors: ["wrong check sum"] };
  }
  for (var at = 0; at < end; at += 7) {
    var id = bytes[at + 1] | (bytes[at + 2] << 8), raw = s32(bytes, at + 3);
    if (id === 7) {
      data.battery_level = raw & 0xffff;
      data.report_interval = (raw >>> 16) * 60;
    } else if (NAMES[id] && raw < 2000000000 && raw !== -2147483648) {
      data[NAMES[id]] = id === 4108 ? raw : raw / 1000;
    } else {
      warnings.push("no value for " + id);
    }
  }
  return { data: data, warnings: warnings };
}
