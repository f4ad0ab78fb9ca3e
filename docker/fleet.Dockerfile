# The fleet tool: the same program with the verbs that talk to a Docker Engine.
#
#   docker build -t amba:fleet -f docker/fleet.Dockerfile .
#   docker run --rm --group-add $(stat -c %g /var/run/docker.sock) \
#       -v /var/run/docker.sock:/var/run/docker.sock amba:fleet ps --project shop
#
# For those who hold the Engine's socket; a sidecar is the other image, which has none of this.

FROM debian:bookworm-slim AS build
LABEL amba.stage=build
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        cmake g++ libboost-url1.81-dev libboost1.81-dev libc-ares-dev libcli11-dev \
        libfmt-dev libmd-dev libspdlog-dev libssl-dev libyaml-cpp-dev ninja-build nlohmann-json3-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY include include
COPY src src
ARG AMBA_COMMIT=unknown
RUN cmake --preset fleet -DAMBA_COMMIT="$AMBA_COMMIT" -DAMBA_TESTS=OFF \
 && cmake --build --preset fleet --target amba

FROM build AS files
RUN install -D -m 0755 build/fleet/amba /image/usr/bin/amba \
 && install -d -m 0777 /image/run/amba

FROM scratch
COPY --from=files /image/usr/ /usr/
COPY --from=files --chown=65532:65532 /image/run/ /run/
ENV PATH=/usr/bin
USER 65532:65532
STOPSIGNAL SIGTERM
ENTRYPOINT ["amba"]
ARG AMBA_COMMIT=unknown
LABEL org.opencontainers.image.title="amba:fleet" \
      org.opencontainers.image.description="Ambassadors for a whole application: link, create, configure, controller" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$AMBA_COMMIT"
