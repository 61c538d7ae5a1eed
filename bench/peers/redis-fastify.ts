// Fastify with one route that reads the bytes from Redis and sends them: node redis-fastify.ts <port> <url>
import Fastify from 'fastify';
import { Redis } from 'ioredis';

const [port, url = ''] = process.argv.slice(2);
const redis = new Redis(url, { enableAutoPipelining: true });
const server = Fastify();
server.get('/v1/customer', async (request, reply) => {
  const body = await redis.getBuffer(request.url);
  if (body === null) return reply.code(404).send('not there');
  return reply.type('application/json; charset=utf-8').send(body);
});
server.get('/ready', (_request, reply) => {
  reply.send('ready');
});
await server.listen({ host: '127.0.0.1', port: Number(port) });
