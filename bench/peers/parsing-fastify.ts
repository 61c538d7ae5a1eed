// Fastify with one route that asks another server, parses its JSON and writes it anew, and does nothing else with it:
// node parsing-fastify.ts <port> <origin>
import Fastify from 'fastify';
import { Agent, request as ask } from 'undici';

const [port, upstream = ''] = process.argv.slice(2);
const dispatcher = new Agent({ connections: 64 });
const server = Fastify();
server.get('/v1/customer', async (request, reply) => {
  const { body } = await ask(`${upstream}${request.url}`, { dispatcher });
  const answer = Buffer.from(JSON.stringify(await body.json()));
  return reply.type('application/json; charset=utf-8').send(answer);
});
server.get('/ready', (_request, reply) => {
  reply.send('ready');
});
await server.listen({ host: '127.0.0.1', port: Number(port) });
