/** Keys at the origin: `sync-lock/counters/any/key` is `any/key` of the cell `sync-lock/counters`. */
import type { DocumentOrigin, Origin } from './origin.ts';

/** The part of an origin whose keys begin with `namespace`; strategies and resources do not see each other's keys. */
export function namespaced(origin: Origin & DocumentOrigin, namespace: string): Origin & DocumentOrigin {
  return {
    store: (writes, options) => {
      const named = writes.map(({ key, value, version }) => ({ key: `${namespace}/${key}`, value, version }));
      return origin.store(named, options);
    },
    deletionsFullMs: (key) => origin.deletionsFullMs?.(`${namespace}/${key}`) ?? 0,
    load: (key, options) => origin.load(`${namespace}/${key}`, options),
    loadDocument: (key, options) => origin.loadDocument(`${namespace}/${key}`, options),
    storeDocument: (key, value, options) => origin.storeDocument(`${namespace}/${key}`, value, options),
    deleteDocument: (key, options) => origin.deleteDocument(`${namespace}/${key}`, options),
  };
}

/** Splits a key into its cell, which has one slash, and the key within. */
export function splitKey(key: string): readonly [cell: string, field: string] {
  const end = key.indexOf('/', key.indexOf('/') + 1);
  return end <= 0 ? ['service', key] : [key.slice(0, end), key.slice(end + 1)];
}
