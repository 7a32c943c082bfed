// Put behind the codec's own text, so that it sees the names that the codec declares at its top level, in whatever way.
// Its value is an object of the functions that the codec offers, each taking one TS013 input.
;(function (own) {
  'use strict';
  const wrapped = (data) => ({ data });
  const holders = [];
  const add = (value) => {
    if ((typeof value === 'object' && value !== null) || typeof value === 'function') holders[holders.length] = value;
  };
  add(own);
  add(own.driver);
  add(own.module && own.module.exports);
  add(own.exports);
  const addInner = (holder) => {
    if (holder) {
      add(holder.driver);
      add(holder.default);
    }
  };
  addInner(own.module && own.module.exports);
  addInner(own.exports);
  const find = (name) => {
    for (let i = 0; i < holders.length; i++) { // not for-of: a codec may have changed what arrays can do
      const holder = holders[i];
      const found = holder[name];
      if (typeof found === 'function') return holder === own ? (...args) => found(...args) : (...args) => holder[name](...args);
    }
    return undefined;
  };
  // Some drivers answer with the bare object.
  const asResult = (value) =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value.then !== 'function' &&
    !('data' in value) && !('errors' in value) && !('warnings' in value) ? { data: value } : value;
  const entries = { __proto__: null };
  const decodeUplink = find('decodeUplink');
  const decode = find('Decode');
  const decoder = find('Decoder');
  const decentlab = own.decentlab_decoder;
  if (decodeUplink) entries.decodeUplink = (input) => asResult(decodeUplink(input));
  else if (decode) entries.decodeUplink = (input) => wrapped(decode(input.fPort, input.bytes, input.variables));
  else if (decoder) entries.decodeUplink = (input) => wrapped(decoder(input.bytes, input.fPort));
  else if (decentlab && typeof decentlab.decode === 'function') {
    entries.decodeUplink = (input) => wrapped(decentlab.decode(input.bytes));
  }
  const encodeDownlink = find('encodeDownlink');
  const encode = find('Encode');
  const encoder = find('Encoder');
  const bytesOf = (bytes, input) => ({ bytes, fPort: input.fPort });
  if (encodeDownlink) {
    entries.encodeDownlink = (input) => {
      const result = encodeDownlink(input);
      return Array.isArray(result) || ArrayBuffer.isView(result) ? bytesOf(result, input) : result;
    };
  } else if (encode) entries.encodeDownlink = (input) => bytesOf(encode(input.fPort, input.data, input.variables), input);
  else if (encoder) entries.encodeDownlink = (input) => bytesOf(encoder(input.data, input.fPort), input);
  const decodeDownlink = find('decodeDownlink');
  if (decodeDownlink) entries.decodeDownlink = (input) => asResult(decodeDownlink(input));
  const normalizeUplink = find('normalizeUplink');
  if (normalizeUplink) entries.normalizeUplink = normalizeUplink;
  return entries;
})({
  decodeUplink: typeof decodeUplink === 'undefined' ? undefined : decodeUplink,
  encodeDownlink: typeof encodeDownlink === 'undefined' ? undefined : encodeDownlink,
  decodeDownlink: typeof decodeDownlink === 'undefined' ? undefined : decodeDownlink,
  normalizeUplink: typeof normalizeUplink === 'undefined' ? undefined : normalizeUplink,
  Decode: typeof Decode === 'undefined' ? undefined : Decode,
  Decoder: typeof Decoder === 'undefined' ? undefined : Decoder,
  Encode: typeof Encode === 'undefined' ? undefined : Encode,
  Encoder: typeof Encoder === 'undefined' ? undefined : Encoder,
  driver: typeof driver === 'undefined' ? undefined : driver,
  decentlab_decoder: typeof decentlab_decoder === 'undefined' ? undefined : decentlab_decoder,
  module: typeof module === 'undefined' ? undefined : module,
  exports: typeof exports === 'undefined' ? undefined : exports,
});
