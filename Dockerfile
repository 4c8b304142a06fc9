# The service alone: the demonstration and the tests run from a checkout.
FROM python:3.11-slim AS build
WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY rules ./rules
COPY cds_service ./cds_service
COPY fhir_fixtures ./fhir_fixtures
RUN python -m venv /opt/benzo-cds \
 && /opt/benzo-cds/bin/python -m pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home benzo
COPY --from=build /opt/benzo-cds /opt/benzo-cds
ENV PATH=/opt/benzo-cds/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
# Without tenants the service binds to loopback only; a site that runs it behind its own proxy in one network
# namespace reaches it there. Opening it wider is refused until a trust configuration is given.
CMD ["benzo-cds", "serve", "--host", "127.0.0.1", "--port", "8080"]
