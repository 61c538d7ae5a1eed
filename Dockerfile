# The service as an image: docker build -t customer-360-bff .
#
# Serve, with the configuration mounted where CONFIG_FILE expects it (./config.yaml):
#   docker run -v ./config.yaml:/app/config.yaml:ro --env-file .env \
#     -p 127.0.0.1:8360:8360 customer-360-bff
# The commands are arguments: keys new my-app, config check, demo.
#   docker run --rm customer-360-bff keys new my-app
# Give it more than SHUTDOWN_DELAY + SHUTDOWN_GRACE (15 s) to end: docker stop -t 20.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# No package's own script runs, here or below.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim AS build
WORKDIR /app
# Node believes what it compiled before only if the same user did.
RUN chown node:node .
USER node
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --cache /tmp/npm
COPY tsconfig.json config.sandbox.yaml ./
COPY scripts/build.ts scripts/compile-cache.ts scripts/start-command.ts ./scripts/
COPY src ./src
RUN npm run build

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="Customer 360 BFF" \
      org.opencontainers.image.licenses="Apache-2.0"
# OPS_HOST stays 127.0.0.1: metrics leave the container only where somebody sets it.
ENV NODE_ENV=production HOST=0.0.0.0 SHUTDOWN_DELAY=5s MALLOC_ARENA_MAX=2 \
    NODE_COMPILE_CACHE=dist/.compile-cache
WORKDIR /app
# Everything belongs to root; the service can read it and write nothing.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/dist ./dist
COPY --chmod=0644 package.json config.sandbox.yaml ./
USER node
EXPOSE 8360
# Node itself asks, so that no shell is needed. To connect to 0.0.0.0 is to connect to loopback.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "--eval", "\
  const { OPS_HOST, OPS_PORT } = process.env; \
  const ops = { host: OPS_HOST || '127.0.0.1', port: OPS_PORT || 8361, path: '/livez' }; \
  require('node:http').get(ops, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))"]
# Node is process 1 and handles SIGTERM and SIGINT itself. The heap's limits are those of npm start (DESIGN.md).
ENTRYPOINT ["node", "--max-semi-space-size=16", "dist/main.js"]
