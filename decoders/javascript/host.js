// The surroundings of a codec: a captured console, a clock and chance that are arguments, and one entry function
// (operation, text) -> JSON text. Its value is that function; nothing of it can be reached by a codec.
(function () {
  'use strict';
  const MAX_LOGS = 20;
  const MAX_LINE = 500; // characters of one console line
  const MAX_NOTES = 100; // warnings and errors, each
  const MAX_NOTE = 1000;
  const MAX_ANSWER = 1 << 18; // characters
  const NO_MEMORY = '{"fatal":{"kind":"memory","message":"used up its memory","stack":""}}';
  const LAST_WORDS = '{"fatal":{"kind":"bad_output","message":"the answer can not be written","stack":""}}';
  const { apply, construct, defineProperty, deleteProperty, setPrototypeOf, getPrototypeOf, ownKeys, set } = Reflect;
  const { parse, stringify } = JSON;
  const { isArray, from } = Array;
  const { isView } = ArrayBuffer;
  const { hasOwn, keys } = Object;
  const { imul } = Math;
  const { isSafeInteger } = Number;
  const evaluate = eval; // by another name it is the global, sloppy one
  const toText = String;
  const toNumber = Number;
  const NativeDate = Date;
  const slice = String.prototype.slice;
  const charCodeAt = String.prototype.charCodeAt;
  const getTime = Date.prototype.getTime;
  const dateToJson = Date.prototype.toJSON;
  const Internal = InternalError;
  const Range = RangeError;

  let now = 0; // Unix ms, the time of reception
  let seedText = '';
  let seed = null;
  let logs = [];
  let entries = null;
  let known = null; // names of the global variables after loading
  let globals = 0;
  let plain = []; // those of them that hold no object, with their values

  const hidden = (value) => ({ value, writable: true, enumerable: false, configurable: true });
  const cut = (text, length) => (text.length > length ? apply(slice, text, [0, length - 1]) + '\u2026' : text);

  // --- console ---------------------------------------------------------------------------------------------------
  function show(value) {
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null) {
      try {
        if (value instanceof Error) return toText(value);
        const text = stringify(value);
        if (text !== undefined) return text;
      } catch {
        return '[object that can not be shown]';
      }
    }
    try {
      return toText(value);
    } catch {
      return '[value that can not be shown]';
    }
  }

  function log(...values) {
    if (logs.length >= MAX_LOGS) return;
    let line = '';
    for (let i = 0; i < values.length && line.length <= MAX_LINE; i++) line += (i ? ' ' : '') + show(values[i]);
    defineProperty(logs, logs.length, { value: cut(line, MAX_LINE), writable: true, enumerable: true, configurable: true });
  }

  const console = {};
  for (const name of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir', 'table', 'group', 'groupCollapsed']) {
    console[name] = { method(...values) { log(...values); } }.method;
  }
  for (const name of ['groupEnd', 'time', 'timeEnd', 'timeLog', 'count', 'countReset', 'clear']) console[name] = () => {};
  console.assert = (condition, ...values) => {
    if (!condition) log('Assertion failed:', ...values);
  };
  defineProperty(globalThis, 'console', hidden(console));

  // --- clock and chance ------------------------------------------------------------------------------------------
  const FixedDate = function Date(...args) {
    if (new.target === undefined) return new NativeDate(now).toString();
    return construct(NativeDate, args.length === 0 ? [now] : args, new.target);
  };
  FixedDate.prototype = NativeDate.prototype;
  defineProperty(FixedDate, 'prototype', { writable: false });
  defineProperty(FixedDate, 'length', { value: 7 });
  defineProperty(FixedDate, 'now', hidden({ now() { return now; } }.now));
  defineProperty(FixedDate, 'parse', hidden(NativeDate.parse));
  defineProperty(FixedDate, 'UTC', hidden(NativeDate.UTC));
  defineProperty(NativeDate.prototype, 'constructor', hidden(FixedDate));
  defineProperty(globalThis, 'Date', hidden(FixedDate));

  // Small, fast and the same everywhere; the seed is the call's input, hashed only when somebody asks for chance.
  function random() {
    if (seed === null) {
      seed = 0x811c9dc5;
      for (let i = 0; i < seedText.length; i++) seed = imul(seed ^ apply(charCodeAt, seedText, [i]), 0x01000193);
    }
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = imul(seed ^ (seed >>> 15), seed | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  defineProperty(Math, 'random', hidden(random));

  // --- texts for people, as a browser set to English writes them (the engine has no locales) -----------------------
  const pad = (number) => (number < 10 ? '0' : '') + number;
  const day = (date) => date.getUTCMonth() + 1 + '/' + date.getUTCDate() + '/' + date.getUTCFullYear();
  const clock = (date) => (date.getUTCHours() % 12 || 12) + ':' + pad(date.getUTCMinutes()) + ':' + pad(date.getUTCSeconds()) +
    (date.getUTCHours() < 12 ? ' AM' : ' PM');
  const spell = (write) => ({
    method() {
      const time = apply(getTime, this, []);
      return time === time ? write(new NativeDate(time)) : 'Invalid Date';
    },
  }).method;
  defineProperty(NativeDate.prototype, 'toLocaleString', hidden(spell((date) => day(date) + ', ' + clock(date))));
  defineProperty(NativeDate.prototype, 'toLocaleDateString', hidden(spell(day)));
  defineProperty(NativeDate.prototype, 'toLocaleTimeString', hidden(spell(clock)));

  // --- what JSON can't say -----------------------------------------------------------------------------------------
  const typedArray = getPrototypeOf(Uint8Array.prototype);
  defineProperty(typedArray, 'toJSON', hidden({ toJSON() { return from(this); } }.toJSON));
  defineProperty(BigInt.prototype, 'toJSON', hidden({
    toJSON() {
      const number = toNumber(this);
      return isSafeInteger(number) ? number : toText(this);
    },
  }.toJSON));

  // --- module ------------------------------------------------------------------------------------------------------
  const exports = {};
  defineProperty(globalThis, 'module', hidden({ exports }));
  defineProperty(globalThis, 'exports', hidden(exports));

  // --- failures ----------------------------------------------------------------------------------------------------
  function kindOf(error) {
    if (error === null) return 'memory'; // the engine has not even room for an error object
    if (!(error instanceof Internal || error instanceof Range)) return 'error';
    const message = hasOwn(error, 'message') ? error.message : '';
    if (message === 'out of memory') return 'memory';
    return message === 'Maximum call stack size exceeded' ? 'stack' : 'error';
  }

  function fatal(kind, message, stack) {
    return { __proto__: null, fatal: { __proto__: null, kind, message, stack }, logs };
  }

  function failureOf(error) {
    let kind = 'error';
    let message = 'an error that can not be shown';
    let stack = '';
    try {
      kind = kindOf(error);
      message = cut(toText(error), MAX_NOTE);
      if (typeof error === 'object' && error !== null) stack = cut(toText(error.stack ?? ''), MAX_NOTE);
    } catch {
      return fatal(kind, message, stack);
    }
    return fatal(kind, message, stack);
  }

  class BadOutput {
    constructor(message) {
      this.message = message;
    }
  }

  // --- calling -----------------------------------------------------------------------------------------------------
  function notes(value) {
    if (value === undefined || value === null) return [];
    const list = isArray(value) ? value : [value];
    const texts = [];
    for (let i = 0; i < list.length && i < MAX_NOTES; i++) {
      const text = cut(show(list[i]), MAX_NOTE);
      defineProperty(texts, i, { value: text, writable: true, enumerable: true, configurable: true });
    }
    return texts;
  }

  function object(value, what) {
    if (typeof value !== 'object' || value === null) throw new BadOutput(what + ' gave no object but ' + cut(show(value), 100));
    if (typeof value.then === 'function') throw new BadOutput(what + ' gave a promise: codecs answer at once');
    return value;
  }

  function input(text) {
    const given = parse(text);
    now = given.now;
    delete given.now;
    if (given.recvTime !== undefined) {
      const written = given.recvTime;
      const date = new NativeDate(now);
      const start = now;
      // An echo of the untouched time keeps every digit that the network server wrote.
      if (written !== '') {
        defineProperty(date, 'toJSON', hidden(function (key) {
          return apply(getTime, this, []) === start ? written : apply(dateToJson, this, [key]);
        }));
      }
      given.recvTime = date;
    }
    return given;
  }

  function decoded(raw, what) {
    const result = object(raw, what);
    const errors = notes(result.errors);
    const answer = { __proto__: null, data: null, warnings: notes(result.warnings), errors, logs };
    if (errors.length === 0) {
      if (result.data === undefined || result.data === null) throw new BadOutput(what + ' gave neither data nor errors');
      answer.data = object(result.data, what + ' (data)');
    } else if (typeof result.data === 'object') {
      answer.data = result.data;
    }
    return answer;
  }

  function encoded(raw, what) {
    const result = object(raw, what);
    const errors = notes(result.errors);
    const answer = { __proto__: null, bytes: null, fPort: null, warnings: notes(result.warnings), errors, logs };
    if (errors.length === 0) {
      answer.bytes = isView(result.bytes) ? from(result.bytes) : result.bytes ?? null;
      answer.fPort = result.fPort;
    }
    return answer;
  }

  function normalized(answer) {
    const result = object(entries.normalizeUplink({ data: parse(stringify(answer.data)) }), 'normalizeUplink');
    const errors = notes(result.errors);
    const warnings = notes(result.warnings);
    for (const text of [...warnings, ...errors]) answer.warnings.push('normalizeUplink: ' + text);
    if (errors.length === 0 && typeof result.data === 'object' && result.data !== null) {
      answer.normalized = isArray(result.data) ? result.data : [result.data];
    }
  }

  // Some codecs keep a position or a sum in a global variable and count on a fresh start: without one they misread the next
  // message, or mix in what another device sent. So each call finds the global variables as loading left them.
  function remember() {
    const names = keys(globalThis);
    known = { __proto__: null };
    plain = [];
    for (let i = 0; i < names.length; i++) {
      const value = globalThis[names[i]];
      known[names[i]] = true;
      if (typeof value === 'function' || (typeof value === 'object' && value !== null)) continue;
      defineProperty(plain, plain.length, { value: { __proto__: null, name: names[i], value } });
    }
    globals = names.length;
  }

  function restore() {
    for (let i = 0; i < plain.length; i++) {
      const { name, value } = plain[i];
      if (globalThis[name] !== value) set(globalThis, name, value);
    }
    const names = keys(globalThis);
    if (names.length === globals) return;
    for (let i = 0; i < names.length; i++) if (known[names[i]] === undefined) deleteProperty(globalThis, names[i]);
  }

  function run(operation, text) {
    const normalize = operation === 'normalizeUplink';
    const name = normalize ? 'decodeUplink' : operation;
    const entry = entries[name];
    if (entry === undefined) return fatal('no_function', 'the codec has no ' + name, '');
    restore();
    const raw = entry(input(text));
    if (name === 'encodeDownlink') return encoded(raw, name);
    const answer = decoded(raw, name);
    if (normalize && answer.errors.length === 0 && entries.normalizeUplink !== undefined) normalized(answer);
    return answer;
  }

  function load(text) {
    entries = evaluate(text);
    remember();
    const functions = ownKeys(entries);
    if (functions.length === 0) return fatal('no_function', 'no decodeUplink or any other function of a codec', '');
    return { __proto__: null, functions, logs };
  }

  return function (operation, text, time) {
    logs = [];
    seedText = text;
    seed = null;
    let answer;
    try {
      if (operation === 'load') {
        now = toNumber(time);
        seedText = '';
        answer = load(text);
      } else {
        answer = run(operation, text);
      }
    } catch (error) {
      answer = error instanceof BadOutput ? fatal('bad_output', error.message, '') : failureOf(error);
    }
    try {
      const written = stringify(answer);
      if (typeof written === 'string' && written.length <= MAX_ANSWER) return written;
      answer = fatal('bad_output', 'the answer is too long, or no JSON', '');
    } catch (error) {
      answer = failureOf(error);
      if (answer.fatal.kind === 'error') answer.fatal.kind = 'bad_output';
    }
    try {
      answer.logs = null; // the console may be what can't be written
      return stringify(answer);
    } catch (error) {
      // Nothing that a codec threw may reach the engine's own error printing.
      return kindOf(error) === 'memory' ? NO_MEMORY : LAST_WORDS;
    }
  };
})();
