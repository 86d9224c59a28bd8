# The Quintet server:  docker build -f docker/server.Dockerfile -t quintet-server .
# Listens on port 1338 of all interfaces, so it wants KVCTL_PASSWORD or QUINTET_PASSWORD, or QUINTET_OPEN=yes: see docker/README.md.

FROM node:22-bookworm-slim AS build
RUN npm install --global pnpm@10.34.9
WORKDIR /src
# The lockfile alone decides what is fetched: this layer stays in the cache until a dependency changes.
COPY pnpm-lock.yaml pnpm-workspace.yaml ./
RUN pnpm fetch --ignore-scripts
COPY . .
# deploy leaves kvctl with its production dependencies and gRPC's, and nothing else: no sources, no compiler.
RUN pnpm install --frozen-lockfile --offline --ignore-scripts \
 && pnpm --filter "@quintet/cli..." run build \
 && pnpm --filter @quintet/image --prod --legacy --ignore-scripts deploy /app

FROM node:22-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /app /app
USER node
EXPOSE 1338
# kvctl handles SIGTERM itself, so it may be process 1 without an init.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "/app/bin/kvctl.js", "--timeout", "2s", "ping"]
ENTRYPOINT ["node", "/app/bin/kvctl.js", "serve", "--host", "0.0.0.0"]
