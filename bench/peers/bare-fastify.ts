// Fastify with one route that sends the same bytes and does nothing else: node bare-fastify.ts <port> <file>
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';

const [port, file = ''] = process.argv.slice(2);
const body = readFileSync(file);
const server = Fastify();
server.get('/v1/customer', (_request, reply) => {
  reply.type('application/json; charset=utf-8').send(body);
});
server.get('/ready', (_request, reply) => {
  reply.send('ready');
});
await server.listen({ host: '127.0.0.1', port: Number(port) });
