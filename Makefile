# What people type. Each target prepares what it needs, so a fresh clone can start with any of them.

PY := .venv/bin/python
.DEFAULT_GOAL := run
.PHONY: run test test-obs lint bench shots lighthouse lock vendor icons venv

run:  ## the whole platform in one process: http://localhost:8000
	@tools/bootstrap requirements.lock
	@exec $(PY) manage.py live

test: venv  ## everything, on the embedded default and on PostgreSQL + Redis
	@exec $(PY) -m tools.run_tests

test-obs: venv  ## a real OBS publishes into a real server (Debian)
	@exec $(PY) -m tools.run_tests obs

lint: venv  ## style, types, layers, templates, migrations
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m tools.templates
	DJANGO_SETTINGS_MODULE=aethex.settings.test $(PY) manage.py makemigrations --check --dry-run

bench: venv  ## the figures of docs/benchmarks.md
	@exec $(PY) -m tests.load.bench all

shots: venv  ## pictures of every page, from a running server
	@exec $(PY) -m tools.shots

lock: venv  ## resolve pyproject.toml into the two lock files
	$(PY) -m uv pip compile pyproject.toml -q --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make lock" -o requirements.lock
	$(PY) -m uv pip compile pyproject.toml -q --group dev -c requirements.lock --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" -o requirements-dev.lock

vendor: venv  ## refresh static/vendor from assets/vendor.toml
	@exec $(PY) -m tools.vendor

lighthouse: venv  ## Lighthouse on the pages that matter, from a running server without its demo (needs npm, ffmpeg)
	@exec $(PY) -m tools.lighthouse

icons: venv  ## the icons of the installed app, from static/img/logo.svg
	@exec $(PY) -m tools.icons

venv:
	@tools/bootstrap requirements-dev.lock
