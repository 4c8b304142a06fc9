# The service alone, by the steps of the Makefile: pinned dependencies first, then the wheel, built once and installed.
FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt ./
COPY scripts/requirements.py ./scripts/
RUN python -m venv /opt/benzo-cds
ENV PATH=/opt/benzo-cds/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m pip install --constraint constraints.txt --upgrade pip setuptools wheel
RUN python -m pip install --constraint constraints.txt $(python scripts/requirements.py)
COPY README.md LICENSE ./
COPY rules ./rules
COPY cds_service ./cds_service
COPY fhir_fixtures ./fhir_fixtures
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && python -m pip install --no-deps dist/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home benzo \
 && install -d -o 10001 -m 700 /var/lib/benzo-cds
COPY --from=build /opt/benzo-cds /opt/benzo-cds
ENV PATH=/opt/benzo-cds/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Beyond the loopback only with tenants: without the file below, mounted, the service refuses to start.
ENV BENZO_CDS_HOST=0.0.0.0 BENZO_CDS_PORT=8080 BENZO_CDS_TENANTS=/etc/benzo-cds/tenants.yaml
# What is kept of calls, unless BENZO_CDS_STORE names a database: mount a volume there.
ENV BENZO_CDS_STORE=/var/lib/benzo-cds/records.sqlite3
VOLUME /var/lib/benzo-cds
# By number, so that an orchestrator can see that it is not root.
USER 10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=8s --start-period=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/live', timeout=7)"]
CMD ["benzo-cds", "serve"]
