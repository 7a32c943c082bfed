// The part of Node's Buffer that payload codecs use; only for codecs that mention it.
(function () {
  'use strict';
  const HEX = '0123456789abcdef';
  const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const ENCODINGS = { hex: 'hex', utf8: 'utf8', 'utf-8': 'utf8', ascii: 'ascii', latin1: 'latin1', binary: 'latin1',
    base64: 'base64', base64url: 'base64url', ucs2: 'utf16le', 'ucs-2': 'utf16le', utf16le: 'utf16le', 'utf-16le': 'utf16le' };

  function Buffer(value, encodingOrOffset, length) {
    if (typeof value === 'number') return Buffer.alloc(value);
    return Buffer.from(value, encodingOrOffset, length);
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Buffer.prototype = Object.create(Uint8Array.prototype, { constructor: { value: Buffer, writable: true, configurable: true } });
  Buffer.poolSize = 8192;

  const make = (...args) => Reflect.construct(Uint8Array, args, Buffer);

  function named(encoding) {
    if (encoding === undefined || encoding === null || encoding === '') return 'utf8';
    const found = ENCODINGS[String(encoding).toLowerCase()];
    if (found === undefined) throw new TypeError('Unknown encoding: ' + encoding);
    return found;
  }

  // --- text to bytes -----------------------------------------------------------------------------------------------
  function utf8Bytes(text) {
    const bytes = [];
    for (let i = 0; i < text.length; i++) {
      let code = text.codePointAt(i);
      if (code > 0xffff) i++;
      else if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
      if (code < 0x80) bytes.push(code);
      else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
      else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
      else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
    return bytes;
  }

  function hexBytes(text) {
    const bytes = [];
    for (let i = 0; i + 1 < text.length; i += 2) {
      const high = HEX.indexOf(text[i].toLowerCase());
      const low = HEX.indexOf(text[i + 1].toLowerCase());
      if (high < 0 || low < 0) break; // Node stops here too
      bytes.push(high * 16 + low);
    }
    return bytes;
  }

  function base64Bytes(text) {
    const bytes = [];
    let bits = 0;
    let held = 0;
    for (let i = 0; i < text.length && text[i] !== '='; i++) {
      const character = text[i] === '-' ? '+' : text[i] === '_' ? '/' : text[i];
      const value = BASE64.indexOf(character);
      if (value < 0) continue;
      held = ((held << 6) | value) & 0xffff;
      bits += 6;
      if (bits >= 8) {
        bits -= 8;
        bytes.push((held >> bits) & 255);
      }
    }
    return bytes;
  }

  function bytesOf(text, encoding) {
    switch (named(encoding)) {
      case 'hex': return hexBytes(text);
      case 'base64': case 'base64url': return base64Bytes(text);
      case 'ascii': case 'latin1': {
        const bytes = [];
        for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 255);
        return bytes;
      }
      case 'utf16le': {
        const bytes = [];
        for (let i = 0; i < text.length; i++) bytes.push(text.charCodeAt(i) & 255, text.charCodeAt(i) >> 8);
        return bytes;
      }
      default: return utf8Bytes(text);
    }
  }

  // --- bytes to text -----------------------------------------------------------------------------------------------
  function utf8Text(bytes) {
    let text = '';
    for (let i = 0; i < bytes.length;) {
      const first = bytes[i];
      if (first < 0x80) {
        text += String.fromCharCode(first);
        i += 1;
        continue;
      }
      const more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
      let code = more === 1 ? first & 31 : more === 2 ? first & 15 : first & 7;
      // The second byte's range rules out overlong forms, surrogates and what lies beyond Unicode.
      let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
      let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
      let taken = 0;
      while (taken < more && bytes[i + 1 + taken] >= low && bytes[i + 1 + taken] <= high) {
        code = (code << 6) | (bytes[i + 1 + taken] & 63);
        low = 0x80;
        high = 0xbf;
        taken += 1;
      }
      text += more > 0 && taken === more ? String.fromCodePoint(code) : '\ufffd';
      i += 1 + taken;
    }
    return text;
  }

  function base64Text(bytes, url) {
    let text = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const left = bytes.length - i;
      const three = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0);
      text += BASE64[three >> 18] + BASE64[(three >> 12) & 63];
      text += left > 1 ? BASE64[(three >> 6) & 63] : '=';
      text += left > 2 ? BASE64[three & 63] : '=';
    }
    return url ? text.replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '') : text;
  }

  function textOf(bytes, encoding) {
    let text = '';
    switch (named(encoding)) {
      case 'hex':
        for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] >> 4] + HEX[bytes[i] & 15];
        return text;
      case 'base64': return base64Text(bytes, false);
      case 'base64url': return base64Text(bytes, true);
      case 'ascii':
        for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i] & 127);
        return text;
      case 'latin1':
        for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
        return text;
      case 'utf16le':
        for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
        return text;
      default: return utf8Text(bytes);
    }
  }

  // --- making ------------------------------------------------------------------------------------------------------
  const statics = {
    from(value, encodingOrOffset, length) {
      if (typeof value === 'string') return make(bytesOf(value, encodingOrOffset));
      if (value instanceof ArrayBuffer) return make(value, encodingOrOffset, length);
      if (ArrayBuffer.isView(value)) return make(value instanceof DataView ? value.buffer : value);
      if (typeof value !== 'object' || value === null) throw new TypeError('Buffer.from needs a text, an array or a buffer');
      if (value.type === 'Buffer' && Array.isArray(value.data)) return make(value.data);
      const primitive = typeof value.valueOf === 'function' ? value.valueOf() : value;
      if (primitive !== value && primitive !== null && primitive !== undefined) {
        return Buffer.from(primitive, encodingOrOffset, length);
      }
      return make(Array.isArray(value) || typeof value.length === 'number' ? value : []);
    },
    of(...values) {
      return make(values);
    },
    alloc(size, fill, encoding) {
      if (typeof size !== 'number' || !(size >= 0)) throw new RangeError('The size must be a number from 0');
      const made = make(size);
      return fill === undefined || fill === 0 ? made : made.fill(fill, encoding);
    },
    allocUnsafe(size) { return Buffer.alloc(size); },
    allocUnsafeSlow(size) { return Buffer.alloc(size); },
    isBuffer(value) { return value instanceof Buffer; },
    isEncoding(name) { return ENCODINGS[String(name).toLowerCase()] !== undefined; },
    byteLength(value, encoding) {
      return typeof value === 'string' ? bytesOf(value, encoding).length : value.byteLength;
    },
    compare(a, b) {
      for (let i = 0; i < a.length && i < b.length; i++) {
        if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
      }
      return Math.sign(a.length - b.length);
    },
    concat(list, total) {
      let length = 0;
      for (const part of list) length += part.length;
      const made = Buffer.alloc(total === undefined ? length : total);
      let at = 0;
      for (const part of list) {
        if (at >= made.length) break;
        const room = made.length - at;
        made.set(part.length > room ? part.subarray(0, room) : part, at);
        at += part.length;
      }
      return made;
    },
  };

  const clamp = (value, length, otherwise) => {
    let at = value === undefined ? otherwise : Math.trunc(Number(value)) || 0;
    if (at < 0) at += length;
    return Math.min(Math.max(at, 0), length);
  };

  const methods = {
    toString(encoding, start, end) {
      return textOf(start === undefined && end === undefined ? this : this.subarray(start, end), encoding);
    },
    toLocaleString(encoding) { return this.toString(encoding); },
    toJSON() { return { type: 'Buffer', data: Array.from(this) }; },
    slice(start, end) { return this.subarray(start, end); },
    subarray(start, end) {
      const from = clamp(start, this.length, 0);
      const to = Math.max(clamp(end, this.length, this.length), from);
      return make(this.buffer, this.byteOffset + from, to - from);
    },
    equals(other) { return Buffer.compare(this, other) === 0; },
    compare(other) { return Buffer.compare(this, other); },
    copy(target, targetStart = 0, start = 0, end = this.length) {
      const part = this.subarray(start, Math.min(end, start + target.length - targetStart));
      target.set(part, targetStart);
      return part.length;
    },
    write(text, offset, length, encoding) {
      if (typeof offset === 'string') [encoding, offset, length] = [offset, 0, undefined];
      else if (typeof length === 'string') [encoding, length] = [length, undefined];
      const at = offset === undefined ? 0 : offset;
      const room = Math.max(Math.min(this.length - at, length === undefined ? Infinity : length), 0);
      const bytes = bytesOf(String(text), encoding).slice(0, room);
      this.set(bytes, at);
      return bytes.length;
    },
    fill(value, start, end, encoding) {
      if (typeof start === 'string') [encoding, start] = [start, undefined];
      if (typeof end === 'string') [encoding, end] = [end, undefined];
      const from = clamp(start, this.length, 0);
      const to = clamp(end, this.length, this.length);
      const pattern = typeof value === 'string' ? bytesOf(value, encoding) : typeof value === 'object' ? value : [value & 255];
      for (let i = from; i < to; i++) this[i] = pattern.length ? pattern[(i - from) % pattern.length] : 0;
      return this;
    },
    indexOf(value, start, encoding) {
      const needle = typeof value === 'string' ? bytesOf(value, encoding) : typeof value === 'number' ? [value & 255] : value;
      for (let i = clamp(start, this.length, 0); i + needle.length <= this.length; i++) {
        let same = 0;
        while (same < needle.length && this[i + same] === needle[same]) same++;
        if (same === needle.length) return i;
      }
      return -1;
    },
    includes(value, start, encoding) { return this.indexOf(value, start, encoding) >= 0; },
    swap16() { return swap(this, 2); },
    swap32() { return swap(this, 4); },
    swap64() { return swap(this, 8); },
  };

  function swap(bytes, size) {
    if (bytes.length % size) throw new RangeError('The length is no multiple of ' + size);
    for (let i = 0; i < bytes.length; i += size) bytes.set(Array.from(bytes.subarray(i, i + size)).reverse(), i);
    return bytes;
  }

  // --- numbers -----------------------------------------------------------------------------------------------------
  function at(bytes, offset, size) {
    const place = offset === undefined ? 0 : offset;
    if (typeof place !== 'number') throw new TypeError('The offset must be a number');
    if (!Number.isInteger(place) || place < 0 || place + size > bytes.length) {
      throw new RangeError('The value of "offset" is out of range: ' + place);
    }
    return place;
  }

  function within(value, low, high) {
    if (value < low || value > high) throw new RangeError('The value is out of range: ' + value);
    return value;
  }

  const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const define = (name, method) => {
    methods[name] = method;
    if (/U[Ii]nt/.test(name)) methods[name.replace('UInt', 'Uint')] = method;
  };
  const KINDS = [['UInt8', 'Uint8', 1, 0, 255], ['Int8', 'Int8', 1, -128, 127],
    ['UInt16', 'Uint16', 2, 0, 65535], ['Int16', 'Int16', 2, -32768, 32767],
    ['UInt32', 'Uint32', 4, 0, 4294967295], ['Int32', 'Int32', 4, -2147483648, 2147483647],
    ['BigUInt64', 'BigUint64', 8, 0n, (1n << 64n) - 1n], ['BigInt64', 'BigInt64', 8, -(1n << 63n), (1n << 63n) - 1n],
    ['Float', 'Float32', 4, -Infinity, Infinity], ['Double', 'Float64', 8, -Infinity, Infinity]];
  for (const [name, kind, size, low, high] of KINDS) {
    for (const [suffix, little] of size === 1 ? [['', false]] : [['LE', true], ['BE', false]]) {
      define('read' + name + suffix, function (offset) {
        return view(this)['get' + kind](at(this, offset, size), little);
      });
      define('write' + name + suffix, function (value, offset) {
        const place = at(this, offset, size);
        view(this)['set' + kind](place, within(value, low, high), little);
        return place + size;
      });
    }
  }

  // Numbers of 1 to 6 bytes; multiplied, not shifted, because shifts end at 32 bits.
  function readMany(bytes, offset, size, little, signed) {
    if (!(size >= 1 && size <= 6)) throw new RangeError('The value of "byteLength" is out of range: ' + size);
    const place = at(bytes, offset, size);
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + bytes[place + (little ? size - 1 - i : i)];
    return signed && value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
  }
  function writeMany(bytes, value, offset, size, little, signed) {
    if (!(size >= 1 && size <= 6)) throw new RangeError('The value of "byteLength" is out of range: ' + size);
    const place = at(bytes, offset, size);
    const span = 2 ** (8 * size);
    let rest = Math.trunc(signed ? within(value, -span / 2, span / 2 - 1) : within(value, 0, span - 1));
    if (rest < 0) rest += span;
    for (let i = 0; i < size; i++) {
      bytes[place + (little ? i : size - 1 - i)] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return place + size;
  }
  for (const [suffix, little] of [['LE', true], ['BE', false]]) {
    for (const [name, signed] of [['UInt', false], ['Int', true]]) {
      define('read' + name + suffix, function (offset, size) { return readMany(this, offset, size, little, signed); });
      define('write' + name + suffix, function (value, offset, size) {
        return writeMany(this, value, offset, size, little, signed);
      });
    }
  }

  const hide = (owner, members) => {
    for (const name of Object.keys(members)) {
      Object.defineProperty(owner, name, { value: members[name], writable: true, enumerable: false, configurable: true });
    }
  };
  hide(Buffer, statics);
  hide(Buffer.prototype, methods);
  hide(globalThis, { Buffer });
})();
