// Decentlab DL-TRS12 in TS013, written for the benchmark from the layout in decoders/devices/decentlab_dl_trs12.py.

var SECTIONS = [
  {
    words: 3,
    read: function (word, data) {
      var c = word[0] / 10;
      var root = ((2.887e-9 * c - 2.08e-5) * c + 5.276e-2) * c - 43.39;
      data.soil_moisture_vwc = word[0] * 3.879e-3 - 69.56;
      data.soil_permittivity = root * root;
      data.soil_temperature = (word[1] - 32768) / 10;
      data.soil_ec = word[2];
    },
  },
  {
    words: 1,
    read: function (word, data) {
      data.battery_voltage = word[0] / 1000;
    },
  },
];

function decodeUplink(input) {
  var bytes = input.bytes;
  if (bytes[0] !== 2) {
    return { errors: ["protocol version " + bytes[0]] };
  }
  var flags = (bytes[3] << 8) | bytes[4], at = 5, data = {};
  for (var bit = 0; bit < SECTIONS.length; bit++) {
    if (!((flags >> bit) & 1)) continue;
    var section = SECTIONS[bit], words = [];
    if (at + 2 * section.words > bytes.length) {
      return { errors: ["too short"] };
    }
    for (var i = 0; i < section.words; i++, at += 2) {
      words.push((bytes[at] << 8) | bytes[at + 1]);
    }
    section.read(words, data);
  }
  return { data: data };
}
