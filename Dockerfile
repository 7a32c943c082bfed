# Build: everything from the lock file with its hashes, then loracity itself without looking for anything more.
FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/loracity \
    && /opt/loracity/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY loracity loracity
COPY gateway_bridge gateway_bridge
COPY decoders decoders
COPY pipeline pipeline
COPY api api
COPY simulators simulators
COPY dashboards dashboards
RUN /opt/loracity/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin loracity \
    && install --directory --owner=loracity --group=loracity --mode=0750 /data \
    && install --directory /etc/loracity
COPY --from=build /opt/loracity /opt/loracity
ENV PATH=/opt/loracity/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
# The folder of loracity.yaml: commands find it there without --config.
WORKDIR /etc/loracity
USER 10001:10001
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
ENTRYPOINT ["loracity"]
CMD ["run"]
