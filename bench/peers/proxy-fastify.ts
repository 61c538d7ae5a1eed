// @fastify/http-proxy before another server: node proxy-fastify.ts <port> <origin>
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const [port, upstream = ''] = process.argv.slice(2);
const server = Fastify();
await server.register(httpProxy, { upstream });
await server.listen({ host: '127.0.0.1', port: Number(port) });
