# Every target is documented: `make` lists them. ARGS="..." is handed on to the tool behind a target.
.DEFAULT_GOAL := help
.PHONY: help run demo desktop test test-unit soak fuzz queries drill bench bench-scale bench-cometd lint format settings pictures lock clean
PYTHON := .venv/bin/python
ARGS ?=
# Tests start services hundreds of times: without kept bytecode each compiles itself anew.
unexport PYTHONDONTWRITEBYTECODE

##@ Use it
run: .venv/installed ## Keep the whole system up: addresses, demo agents, one log; Ctrl-C stops it
	@exec $(PYTHON) -m deploy.local $(ARGS)

demo: .venv/installed ## Take one mail through the whole system, print each step, stop
	@exec $(PYTHON) -m deploy.local.demo $(ARGS)

desktop: .venv/installed ## Build the agents' desktop, which the gateway serves at /desktop/
	@exec $(PYTHON) -m deploy.local.desktop_build $(ARGS)

##@ Test it
test: .venv/installed ## Run all tests, in a process more than there are cores; ARGS="-k words" picks some
	@exec $(PYTHON) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

test-unit: .venv/installed ## Run only the tests that need no server
	@exec $(PYTHON) -m pytest tests/unit $(ARGS)

soak: .venv/installed ## Have agents do anything for an hour or so while everything is killed in turn
	@exec env STATEFUL_RUNS=200 STATEFUL_STEPS=60 $(PYTHON) -m pytest tests/stateful -s $(ARGS)

fuzz: .venv/installed ## Try made-up input for long: FUZZ_EXAMPLES (5000) for each test
	@exec env FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-5000} $(PYTHON) -m pytest tests/fuzz tests/unit tests/connected/gateway/rest -m hypothesis --timeout 0 -s $(ARGS)

queries: .venv/installed ## Explain every query, and time every sweep, over a million documents each
	@env LARGE_DOCUMENTS=$${LARGE_DOCUMENTS:-1000000} $(PYTHON) -m pytest tests/connected/queries $(ARGS)
	@exec $(PYTHON) -m tests.bench.sweeps

drill: .venv/installed ## Strike every service, broker, database and mail server under load; print what it cost
	@exec $(PYTHON) -m tests.faults.drill $(ARGS)

bench: .venv/installed ## Measure mails per second, delays and memory
	@exec $(PYTHON) -m tests.bench $(ARGS)

bench-scale: .venv/installed ## Measure one, two and four pods of each service, and a rush of agents
	@exec $(PYTHON) -m tests.bench.scale $(ARGS)

bench-cometd: .venv/installed ## Measure our CometD server beside Faye (installed by npm)
	@exec $(PYTHON) -m tests.bench_cometd $(ARGS)

##@ Change it
lint: .venv/installed ## Check style, formatting, types, spelling and who imports whom
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/codespell deploy services shared tests *.md

format: .venv/installed ## Format the code and repair what can be repaired
	.venv/bin/ruff check --fix-only
	.venv/bin/ruff format

pictures: .venv/installed ## Take README's pictures of the desktop anew, into docs/
	@mkdir -p docs
	@exec env DESKTOP_PICTURES=docs $(PYTHON) -m pytest tests/desktop/test_day.py tests/desktop/test_formatted.py -k "by_key or formatted_answer_keeps" $(ARGS)

settings: .venv/installed ## Write the list that `mailroom settings` prints, from the settings' classes
	@exec $(PYTHON) -m deploy.setting_list

lock: ## Choose the newest allowed versions and write requirements.lock
	@sh deploy/local/bootstrap.sh lock

clean: ## Remove what these targets made, unless something runs: environment, data, caches
	@sh deploy/local/bootstrap.sh idle
	rm -rf services/desktop/node_modules services/gateway/desktop/built
	rm -rf .venv .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find deploy services shared tests -type d -name __pycache__ -prune -exec rm -rf {} +

##@ Help
help: ## Print this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.venv/installed: requirements.lock pyproject.toml deploy/local/bootstrap.sh
	@sh deploy/local/bootstrap.sh venv
	@touch $@
