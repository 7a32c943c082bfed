// Milesight EM400-MUD in TS013, written for the benchmark from the layout in decoders/devices/milesight_em400_mud.py.

var LENGTHS = { 0xff0b: 1, 0xff01: 1, 0xff16: 8, 0xff09: 2, 0xff0a: 2, 0xff0f: 1, 0xfffe: 1, 0xffff: 2 };

function u16(bytes, at) {
  return bytes[at] | (bytes[at + 1] << 8);
}

function s16(bytes, at) {
  return (u16(bytes, at) << 16) >> 16;
}

function hex(bytes, at, count) {
  var text = "";
  for (var i = at; i < at + count; i++) {
    text += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
  }
  return text;
}

function temperature(bytes, at, data) {
  data.device_temperature = s16(bytes, at) / 10;
}

function distance(bytes, at, data, warnings) {
  var raw = u16(bytes, at);
  if (raw === 0 || raw >= 0xfffd) {
    warnings.push("no distance");
  } else {
    data.distance = raw;
  }
}

function alarm(byte) {
  return byte === 1 ? "alarm" : "alarm_release";
}

function decodeUplink(input) {
  var bytes = input.bytes, data = {}, warnings = [], at = 0;
  while (at + 2 <= bytes.length) {
    var tag = (bytes[at] << 8) | bytes[at + 1], start = at + 2;
    if (tag === 0x0175) {
      data.battery_level = bytes[start];
      at = start + 1;
    } else if (tag === 0x0367) {
      temperature(bytes, start, data);
      at = start + 2;
    } else if (tag === 0x0482) {
      distance(bytes, start, data, warnings);
      at = start + 2;
    } else if (tag === 0x0500) {
      data.tilt_alarm = bytes[start] === 1;
      at = start + 1;
    } else if (tag === 0x8367) {
      temperature(bytes, start, data);
      data.temperature_event = alarm(bytes[start + 2]);
      at = start + 3;
    } else if (tag === 0x8482) {
      distance(bytes, start, data, warnings);
      data.distance_event = alarm(bytes[start + 2]);
      at = start + 3;
    } else if (LENGTHS[tag]) {
      if (tag === 0xff16) data.serial_number = hex(bytes, start, 8);
      at = start + LENGTHS[tag];
    } else {
      warnings.push("unknown item at byte " + at);
      break;
    }
  }
  return { data: data, warnings: warnings };
}
