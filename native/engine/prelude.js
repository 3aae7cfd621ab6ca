// What QuickJS of 2021 lacks of the ES2022 that the TypeScript is written in, and the encoders of the web, on
// functions of globals.cc. Evaluated before main.js.

/** Defines methods as the language has its own: not enumerable. */
function add(object, methods) {
  for (const [name, value] of Object.entries(methods)) {
    if (!(name in object)) Object.defineProperty(object, name, { value, writable: true, configurable: true });
  }
}

const at = {
  at(index) {
    const whole = Math.trunc(index) || 0;
    return this[whole < 0 ? this.length + whole : whole];
  },
};
add(Array.prototype, at);
add(String.prototype, at);
add(Uint8Array.prototype, at);

add(Array.prototype, {
  findLastIndex(test) {
    let index = this.length - 1;
    while (index >= 0 && !test(this[index], index, this)) index--;
    return index;
  },
  findLast(test) {
    return this[this.findLastIndex(test)];
  },
});

const isOwn = Object.prototype.hasOwnProperty;
add(Object, {
  hasOwn: (object, name) => isOwn.call(object, name),
});

/** For Node-API (values.cc). `wrap`: asIntN or asUintN. */
globalThis.fitsIn64Bits = (value, wrap) => BigInt[wrap](64, value) === value;

const { encodeUtf8, encodeUtf8Into, decodeUtf8 } = globalThis;
delete globalThis.encodeUtf8;
delete globalThis.encodeUtf8Into;
delete globalThis.decodeUtf8;

globalThis.TextEncoder = class TextEncoder {
  encode(text) {
    return new Uint8Array(encodeUtf8(text));
  }
  encodeInto(text, target) {
    return { read: text.length, written: encodeUtf8Into(text, target) };
  }
};

globalThis.TextDecoder = class TextDecoder {
  decode(bytes) {
    return decodeUtf8(bytes);
  }
};
