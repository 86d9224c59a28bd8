# The Quintet client, kvctl:  docker build -f docker/client.Dockerfile -t quintet-client .
# The build stage is server.Dockerfile's, line for line: built after the server, it comes from the cache.

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
# One command and done: nothing to check on.
HEALTHCHECK NONE
STOPSIGNAL SIGINT
ENTRYPOINT ["node", "/app/bin/kvctl.js"]
CMD ["--help"]
