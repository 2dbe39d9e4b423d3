# Everything runs in .venv, which the first target that needs it makes: `make test`, `make demo`.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# The ROS 2 wheels exist for Python 3.10 to 3.12.
SUITABLE := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))
PYTHON ?= $(firstword $(foreach p,python3 python3.12 python3.11 python3.10,$(shell $(p) -c '$(SUITABLE)' 2>/dev/null && echo $(p))))

.PHONY: help venv demo test lint format bench clean

help:
	@echo "make venv    install MoViX and all it needs into .venv (about 6 GB, most of it torch)"
	@echo "make demo    localize a simulated drive through real ROS 2 nodes; results in out/demo"
	@echo "make test    linters, types, import rules and all tests"
	@echo "make bench   accuracy on the validation worlds; tables in benchmarks/results"
	@echo "make format  reformat the code"

venv: $(INSTALLED)

$(INSTALLED): setup.cfg setup.py pyproject.toml package.xml $(wildcard ros/tf2_msgs/* ros/tf2_msgs/msg/*)
	@test -n "$(PYTHON)" || { echo "MoViX needs Python 3.10, 3.11 or 3.12: install one and say make PYTHON=..."; exit 1; }
	@command -v cc >/dev/null && command -v c++ >/dev/null || { echo "MoViX needs a C and C++ compiler: install gcc and g++"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -c "import tf2_msgs.msg" 2>/dev/null || $(BIN)/python -m pip install ./ros/tf2_msgs
	$(BIN)/python -m pip install -e ".[ros,train,viz,dev]"
	touch $@

demo: $(INSTALLED)
	$(BIN)/python -m movix_ros.demo

test: lint
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/movix bench accuracy --set procedural-val
	$(BIN)/movix bench accuracy --set naip-val

clean:
	rm -rf $(VENV) build install log out *.egg-info ros/tf2_msgs/build ros/tf2_msgs/*.egg-info
