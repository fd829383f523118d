import { cacheContract } from './cache-contract.ts';
import { runContract } from './run-contract.ts';

runContract('cache', cacheContract);
