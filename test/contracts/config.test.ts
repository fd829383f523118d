import { configContract } from './config-contract.ts';
import { runContract } from './run-contract.ts';

runContract('config', configContract);
