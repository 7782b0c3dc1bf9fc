# syntax=docker/dockerfile:1
FROM node:lts-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/embedded-mongo/package.json packages/embedded-mongo/
COPY packages/client/package.json packages/client/
COPY packages/react/package.json packages/react/
COPY packages/web/package.json packages/web/
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY packages packages
COPY src src
# Of the packages the server needs the database, and the pages as they are built: what the others depend on goes
# with them.
RUN npm run build && mv packages/web/dist web && rm -r packages/client packages/react packages/web \
  && npm prune --omit=dev --no-audit --no-fund

FROM node:lts-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 DATA_DIR=/app/data
WORKDIR /app
RUN mkdir data && chown node:node data
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages/embedded-mongo/package.json packages/embedded-mongo/
COPY --from=build /app/packages/embedded-mongo/dist packages/embedded-mongo/dist
COPY --from=build /app/web packages/web/dist
COPY --from=build /app/dist dist
USER node
VOLUME /app/data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then((res) => process.exit(res.ok ? 0 : 1), () => process.exit(1))"]
# The process handles SIGTERM itself, so it may be the container's first.
STOPSIGNAL SIGTERM
CMD ["node", "--enable-source-maps", "dist/main.js"]
