# The server alone: daemons run where the agents' tools are.
#
#   docker build --build-arg VERSION=0.1.0 --build-arg COMMIT="$(git rev-parse HEAD)" -t nekode .
#   docker run -p 18790:18790 -v nekode:/data nekode
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json bun.lock bunfig.toml ./
RUN npx --yes bun@1.4.5 install --frozen-lockfile
COPY . .
ARG VERSION
ARG COMMIT
ARG BUILD_TIME
RUN export NEKODE_COMMIT="${COMMIT:-}" \
  && if [ -n "${VERSION:-}" ]; then export NEKODE_VERSION="$VERSION"; fi \
  && if [ -n "${BUILD_TIME:-}" ]; then export NEKODE_BUILD_TIME="$BUILD_TIME"; fi \
  && npx bun build.ts \
  && install -d -m 0700 /empty

FROM debian:12-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /src/dist/nekode /src/dist/nekode-daemon /usr/local/bin/
# A volume takes over the owner of the folder that it covers.
COPY --from=build --chown=65532:65532 /empty /data
ENV NEKODE_DATA_DIR=/data NEKODE_LOCAL_DAEMON=false
VOLUME /data
EXPOSE 18790
USER 65532:65532
ENTRYPOINT ["nekode"]
CMD ["serve"]
