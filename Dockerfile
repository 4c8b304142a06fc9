# The service alone, by the steps of the Makefile: pinned dependencies first, then the wheel, built once and installed.
#
#   docker build -t benzo-cds .
#   docker build -t benzo-cds --build-arg BASE=registry.example/python:3.11-slim \
#     --build-arg PACKAGE_MIRROR=https://packages.example/pypi/simple --build-arg COMPANY_CA=company-ca.pem .
#
# BASE: an image with Python 3.11 or later as python3. PACKAGE_MIRROR: the address of a mirror of the Python packages.
# COMPANY_CA: a PEM file beside this one, for a mirror or a proxy whose certificate is of your own authority; it is used
# while building and does not stay in the image. scripts/build-image builds with Debian's tools, without a registry.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ARG PACKAGE_MIRROR=
ARG COMPANY_CA=
WORKDIR /build
# constraints.txt stands here so that there is something to copy without a COMPANY_CA as well.
COPY constraints.txt ${COMPANY_CA} ./
COPY pyproject.toml ./
COPY scripts/requirements.py ./scripts/
ENV PIP_INDEX_URL=${PACKAGE_MIRROR} PIP_CERT=${COMPANY_CA:+/build/${COMPANY_CA}} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# pip stands in an environment of its own and installs into the other, which goes into the image without it.
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/benzo-cds
RUN tools/bin/python -m pip install --constraint constraints.txt --upgrade pip setuptools wheel
RUN tools/bin/python -m pip --python /opt/benzo-cds/bin/python install --constraint constraints.txt $(python3 scripts/requirements.py)
COPY README.md LICENSE ./
COPY rules ./rules
COPY cds_service ./cds_service
COPY fhir_fixtures ./fhir_fixtures
RUN tools/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
 && tools/bin/python -m pip --python /opt/benzo-cds/bin/python install --no-deps dist/*.whl

FROM ${BASE}
# What installs packages goes, also from the base image, and what runs with the rights of another user.
RUN rm -rf /usr/local/lib/python3.*/site-packages/pip* /usr/local/lib/python3.*/site-packages/setuptools* \
    /usr/local/lib/python3.*/site-packages/wheel* /usr/local/lib/python3.*/ensurepip /usr/local/bin/pip* \
    /usr/lib/python3.*/ensurepip /usr/lib/python3/dist-packages/pip* /usr/share/python-wheels /usr/bin/pip* \
 && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin benzo \
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
ARG VERSION=0.4.0
ARG REVISION=
LABEL org.opencontainers.image.title="Benzo-CDS" \
      org.opencontainers.image.description="CDS Hooks service that adds up a patient's sedative load" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
