/** Parameters in paths, queries and headers. `../path.ts` and `../etags.ts` check them by hand: they are read on hot paths. */
import { z } from 'zod';
import { MAX_KEY_BYTES } from '../../sync/key-hash.ts';
import { NO_CONTROLS } from '../schemas.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from '../path.ts';

export const nameParameter = z
  .string()
  .min(1)
  .max(MAX_KEY_BYTES)
  .regex(NO_CONTROLS)
  .meta({ description: `1 to ${MAX_KEY_BYTES} bytes of UTF-8 after percent-decoding, no control characters` });

export const pageQuery = {
  limit: z.int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT).meta({ description: 'Most entries of the page' }),
  cursor: z
    .string()
    .regex(/^\d{1,10}$/)
    .optional()
    .meta({ description: 'Where the page before ended' }),
};

const tags = 'entity tags such as `"7"`, or `*`';

export const ifMatch = z.object({
  'if-match': z
    .string()
    .optional()
    .meta({ description: tags, examples: ['"7"'] }),
});

export const ifNoneMatch = z.object({
  'if-none-match': z
    .string()
    .optional()
    .meta({ description: tags, examples: ['"7"'] }),
});
