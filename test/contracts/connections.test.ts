import { connectionsContract } from './connections-contract.ts';
import { runContract } from './run-contract.ts';

runContract('connections', connectionsContract);
