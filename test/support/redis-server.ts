/** The tests' Redis is the comparison's. */
export * from '../../load/redis-server.ts';
