// Runs first in every context: bounds the built-ins whose loops the engine can't interrupt, before a codec can reach them.
// A filter, not a proof: what it misses, the worker's wall clock ends. Names and lengths of functions stay as they were.
(function () {
  'use strict';
  const MAX_LENGTH = 1 << 20; // elements that one built-in may walk
  const MAX_WORK = 1 << 26; // characters that one text search may compare
  const MAX_CHAIN = 100; // prototypes looked through for a length
  const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Reflect;
  const { isArray } = Array;
  const { freeze, hasOwn } = Object;
  const toNumber = Number;
  const toText = String;
  const spreadable = Symbol.isConcatSpreadable;
  const Refusal = RangeError;
  const typedLength = getOwnPropertyDescriptor(getPrototypeOf(Uint8Array.prototype), 'length').get;

  function refuse() {
    throw new Refusal('too long for a codec');
  }

  function isObject(value) {
    return (typeof value === 'object' && value !== null) || typeof value === 'function';
  }

  // The engine looks at its clock once in ten thousand steps of JavaScript, however long a built-in takes between them:
  // long walks are paid for in steps.
  function pay(work) {
    for (let steps = work >> 5; steps > 0; steps--);
  }

  function checked(length) {
    if (isObject(length) || typeof length === 'bigint' || typeof length === 'symbol') refuse(); // would run code
    const number = toNumber(length);
    if (number > MAX_LENGTH) refuse();
    pay(number);
    return number > 0 ? number : 0;
  }

  // The length that a built-in will see, found without running any code of the codec.
  function lengthOf(target) {
    if (typeof target === 'string' || isArray(target)) return checked(target.length);
    if (!isObject(target)) return 0;
    let holder = target;
    for (let depth = 0; holder !== null; depth++) {
      if (depth > MAX_CHAIN) refuse();
      const property = getOwnPropertyDescriptor(holder, 'length');
      if (property !== undefined) {
        if (hasOwn(property, 'value')) return checked(property.value);
        if (property.get === typedLength) return checked(apply(typedLength, target, []));
        refuse();
      }
      holder = getPrototypeOf(holder);
    }
    return 0;
  }

  function replace(owner, name, make) {
    const original = owner[name];
    if (typeof original !== 'function') return;
    const wrapper = make(original);
    defineProperty(wrapper, 'name', { value: original.name, configurable: true });
    defineProperty(wrapper, 'length', { value: original.length, configurable: true });
    defineProperty(owner, name, { value: wrapper, writable: true, enumerable: false, configurable: true });
  }

  const WALKERS = ['copyWithin', 'entries', 'every', 'fill', 'filter', 'find', 'findIndex', 'findLast', 'findLastIndex',
    'forEach', 'includes', 'indexOf', 'join', 'lastIndexOf', 'map', 'reduce', 'reduceRight', 'reverse', 'shift', 'slice',
    'some', 'sort', 'splice', 'toLocaleString', 'toReversed', 'toSorted', 'toSpliced', 'toString', 'unshift', 'with'];
  for (const name of WALKERS) {
    replace(Array.prototype, name, (original) => ({
      method(...args) {
        lengthOf(this);
        return apply(original, this, args);
      },
    }).method);
  }

  replace(Array.prototype, 'concat', (original) => ({
    method(...args) {
      let total = 0;
      for (let i = -1; i < args.length; i++) {
        const part = i < 0 ? this : args[i];
        if (isArray(part)) total += lengthOf(part);
        else if (isObject(part) && spreadable in part) refuse(); // an array-like whose length may change under way
        if (total > MAX_LENGTH) refuse();
      }
      return apply(original, this, args);
    },
  }).method);

  function flatLength(target, depth) {
    const length = lengthOf(target);
    let total = length;
    for (let i = 0; i < length; i++) {
      const item = target[i];
      if (depth > 0 && isArray(item)) total += flatLength(item, depth - 1);
      if (total > MAX_LENGTH) refuse();
    }
    return total;
  }

  replace(Array.prototype, 'flat', (original) => ({
    method(...args) {
      const depth = args[0] === undefined ? 1 : toNumber(args[0]);
      if (depth > 0) flatLength(this, depth);
      else lengthOf(this);
      return apply(original, this, [depth]);
    },
  }).method);

  replace(Array.prototype, 'flatMap', (original) => ({
    method(...args) {
      lengthOf(this);
      const callback = args[0];
      if (typeof callback === 'function') {
        args[0] = function (...item) {
          const part = apply(callback, this, item);
          if (isArray(part)) lengthOf(part);
          return part;
        };
      }
      return apply(original, this, args);
    },
  }).method);

  replace(Array, 'from', (original) => ({
    method(...args) {
      const source = args[0];
      if (isObject(source) && !(Symbol.iterator in source)) lengthOf(source);
      return apply(original, this, args);
    },
  }).method);

  for (const [owner, name, position] of [[Reflect, 'apply', 2], [Reflect, 'construct', 1], [Function.prototype, 'apply', 1]]) {
    replace(owner, name, (original) => ({
      method(...args) {
        lengthOf(args[position]);
        return apply(original, this, args);
      },
    }).method);
  }

  replace(JSON, 'stringify', (original) => ({
    method(...args) {
      if (isArray(args[1])) lengthOf(args[1]);
      return apply(original, this, args);
    },
  }).method);

  const typedArray = getPrototypeOf(Uint8Array.prototype);
  const TYPED_WALKERS = ['copyWithin', 'fill', 'includes', 'indexOf', 'join', 'lastIndexOf', 'reverse', 'set', 'slice', 'sort',
    'toLocaleString', 'toReversed', 'toSorted', 'with'];
  for (const name of TYPED_WALKERS) {
    replace(typedArray, name, (original) => ({
      method(...args) {
        lengthOf(this);
        if (name === 'set') lengthOf(args[0]);
        return apply(original, this, args);
      },
    }).method);
  }

  // Whether an object has a method, found without running any code of the codec.
  function methodOf(target, name) {
    let holder = target;
    for (let depth = 0; holder !== null && depth < MAX_CHAIN; depth++) {
      const property = getOwnPropertyDescriptor(holder, name);
      if (property !== undefined) return hasOwn(property, 'value') && typeof property.value === 'function';
      holder = getPrototypeOf(holder);
    }
    return false;
  }

  const SEARCHES = [['indexOf'], ['lastIndexOf'], ['includes', Symbol.match], ['split', Symbol.split],
    ['replace', Symbol.replace], ['replaceAll', Symbol.replace], ['match', Symbol.match], ['matchAll', Symbol.matchAll],
    ['search', Symbol.search]];
  for (const [name, own] of SEARCHES) {
    replace(String.prototype, name, (original) => ({
      method(...args) {
        let text = this;
        const needle = args[0];
        if (text === null || text === undefined) return apply(original, text, args);
        if (isObject(needle)) {
          if (own !== undefined && methodOf(needle, own)) return apply(original, text, args); // a regular expression
          args[0] = toText(needle);
        }
        if (typeof text !== 'string') text = toText(text);
        const pattern = args[0];
        if (typeof pattern === 'string' && pattern.length <= text.length && pattern.length * text.length > MAX_WORK) refuse();
        pay(text.length);
        return apply(original, text, args);
      },
    }).method);
  }
  const REWRITERS = ['normalize', 'localeCompare', 'toLowerCase', 'toUpperCase', 'toLocaleLowerCase', 'toLocaleUpperCase'];
  for (const name of REWRITERS) {
    replace(String.prototype, name, (original) => ({
      method(...args) {
        const text = this === null || this === undefined || typeof this === 'string' ? this : toText(this);
        if (text) {
          if (text.length > MAX_LENGTH) refuse();
          pay(text.length << 3); // table look-ups for every character
        }
        return apply(original, text, args);
      },
    }).method);
  }

  replace(String, 'raw', (original) => ({
    method(...args) {
      const template = args[0];
      if (!isObject(template)) return apply(original, this, args);
      const raw = template.raw;
      lengthOf(raw);
      args[0] = { raw };
      return apply(original, this, args);
    },
  }).method);

  // Harmless once, but not ten thousand times between two looks at the clock.
  const strings = String.prototype;
  const LONG = [[JSON, 'parse'], [globalThis, 'encodeURI'], [globalThis, 'encodeURIComponent'], [globalThis, 'decodeURI'],
    [globalThis, 'decodeURIComponent'], [globalThis, 'escape'], [globalThis, 'unescape'], [globalThis, 'atob'], [globalThis, 'btoa'],
    [strings, 'trim'], [strings, 'trimStart'], [strings, 'trimEnd'], [strings, 'isWellFormed'], [strings, 'toWellFormed']];
  for (const [owner, name] of LONG) {
    replace(owner, name, (original) => ({
      method(...args) {
        const text = owner === strings ? this : args[0];
        if (typeof text === 'string') pay(text.length);
        return apply(original, this, args);
      },
    }).method);
  }

  // The engine turns the uncatchable "interrupted" into text outside the time limit: no code of a codec may take part.
  const internal = InternalError.prototype;
  const plain = (value) => ({ value, writable: false, enumerable: false, configurable: false });
  defineProperty(internal, 'toString', plain(Error.prototype.toString));
  defineProperty(internal, 'name', plain('InternalError'));
  defineProperty(internal, 'message', plain(''));
  defineProperty(internal, 'stack', plain(''));
  defineProperty(internal, Symbol.toPrimitive, plain(undefined));
  freeze(internal);
  defineProperty(Error, 'prepareStackTrace', plain(undefined));

  // What no codec needs; most of it reaches into the engine's rarest corners.
  for (const name of ['Proxy', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', 'WeakRef', 'performance',
    'queueMicrotask', 'DisposableStack', 'AsyncDisposableStack', 'SuppressedError', 'DOMException']) {
    delete globalThis[name];
  }
})();
