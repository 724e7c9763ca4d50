# make demo and make test are each enough by themselves: they install what is missing, build, and run.
export SWIFT ?= swift
PREFIX ?= /usr/local
BUILD = $(SWIFT) build -c release
BINARY = .build/release/semblance
SOURCES = Package.swift Sources Tests Examples

.PHONY: setup demo models build test check-races check-intel check-ptx fuzz bench bundle format lint install clean

setup:
	scripts/setup

# The pretrained detector and embedder, which are not shipped: fetched once, checked, kept in the user's data folder.
models: setup
	scripts/fetch models

build: setup
	$(BUILD) --product semblance

demo: build
	scripts/demo $(BINARY)

# Tests run on OpenCL through PoCL, which setup installs: its absence is a failure, not a skip. The spin count is the one
# that the command line sets for itself.
test: setup lint
	scripts/python-packages Tests/requirements.txt
	$(BUILD) --build-tests
	.venv/bin/python Tests/test_fetch.py
	scripts/fetch models .cache/models || echo "test: without the pretrained models their tests are skipped"
	scripts/fetch photos .cache/photos || echo "test: without the sample photographs their tests are skipped"
	$(MAKE) bundle
	Tests/test_bundle.sh $(BUNDLE)
	GOMP_SPINCOUNT=1000 SEMBLANCE_TUNING=off SEMBLANCE_REQUIRE_OPENCL=1 SEMBLANCE_MODELS=$(CURDIR)/.cache/models \
		SEMBLANCE_PHOTOS=$(CURDIR)/.cache/photos SEMBLANCE_PYTHON=$(CURDIR)/.venv/bin/python Tests/run.sh

# Small cases of every operation on Oclgrind: races between work-items, accesses outside of buffers, misuse of the API.
check-races: setup
	$(BUILD) --build-tests
	Tests/check-races.sh

# Every kernel on Intel's OpenCL runtime, a second compiler for CPUs.
check-intel: setup
	$(BUILD) --build-tests
	Tests/check-intel.sh

# Kernels with inline PTX, compiled and assembled for NVIDIA's GPUs without one.
check-ptx:
	Tests/check-ptx.sh

# Damaged model files, for ten minutes: no crash, no endless loop, no memory beyond a bound. Files that find a fault stay in .fuzz.
FUZZ_SECONDS ?= 600
fuzz: setup
	$(BUILD) --product FuzzONNX
	.build/release/FuzzONNX $(FUZZ_SECONDS) .fuzz Tests/SemblanceONNXTests/Graphs Tests/SemblanceONNXTests/Forms

bench: build
	scripts/bench $(BINARY)

format:
	$(SWIFT) format -i -r $(SOURCES)

lint:
	$(SWIFT) format lint --strict -r $(SOURCES)

# Without a need for Swift's libraries at run time.
STATIC = .build/static/release/semblance
.PHONY: static
static: setup
	$(BUILD) --product semblance --static-swift-stdlib --scratch-path .build/static

# One archive for a machine that has nothing but, maybe, a GPU's driver.
BUNDLE = .build/semblance-linux-x86_64.tar.xz
bundle: static
	scripts/bundle $(STATIC) $(BUNDLE)

install: static
	install -D -m 755 $(STATIC) $(DESTDIR)$(PREFIX)/bin/semblance

clean:
	rm -rf .build .demo .fuzz
