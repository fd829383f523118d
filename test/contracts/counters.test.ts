import { countersContract } from './counters-contract.ts';
import { runContract } from './run-contract.ts';

runContract('counters', countersContract);
