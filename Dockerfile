# keyguard with git, for CI systems that run a job's commands inside an image (docs/ci.md).
FROM python:3.13-slim AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev
COPY . /source
RUN pip wheel --no-cache-dir --wheel-dir /wheels "/source[fast]"

FROM python:3.13-slim
LABEL org.opencontainers.image.title="keyguard" \
      org.opencontainers.image.description="Keeps OpenAI keys out of git" \
      org.opencontainers.image.licenses="MIT"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /wheels /wheels
RUN pip install --no-cache-dir --no-index --find-links /wheels "keyguard[fast]" \
    && rm -r /wheels \
    && keyguard --version
WORKDIR /repository
ENTRYPOINT ["keyguard"]
CMD ["--help"]
