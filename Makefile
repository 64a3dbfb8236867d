# SPDX-License-Identifier: Apache-2.0
#
# `make help` lists what there is to make.

PREFIX   ?= /usr/local
DESTDIR  ?=
BINDIR   ?= $(PREFIX)/bin
UNITDIR  ?= $(PREFIX)/lib/systemd
SYSUSERS ?= $(PREFIX)/lib/sysusers.d
DOCDIR   ?= $(PREFIX)/share/doc/iommud
MANDIR   ?= $(PREFIX)/share/man

SWIFT    ?= swift
JOBS     ?= 2
export SWIFT JOBS
# Release products have a folder of their own, so that a debug build and its tests go on undisturbed.
RELEASE  := .build-release
BUILD    := $(SWIFT) build -j $(JOBS)
STATIC   := $(BUILD) -c release --static-swift-stdlib --scratch-path $(RELEASE)
BIN      := $(RELEASE)/release
SOURCES  := Package.swift Sources Tests Fuzz

.DEFAULT_GOAL := help
.PHONY: help setup setup-test build release demo test system-test bench stress soak fuzz install uninstall lint format generate clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what building needs (says what; Debian packages, through apt-get)
	@Scripts/setup build

setup-test: ## install what building and testing need
	@Scripts/setup build test

build: setup ## build everything, debug
	$(BUILD) --build-tests

release: setup ## build everything, optimised, with the Swift standard library linked statically
	$(STATIC)

demo: release ## show the main job on a real file, with a private daemon
	@Scripts/demo --bin $(BIN)

test: setup-test ## run all tests; the ones under a real systemd too when root
	@Scripts/test

system-test: setup-test release ## run only the tests under a real systemd (root)
	@Tests/SystemTests/systemd/run --bin $(BIN)

bench: release ## measure: the engine beside the kernel's code, the daemon beside redis-server where it is installed
	@Scripts/bench-engine --lab $(BIN)/iommu-lab
	$(BIN)/iommu-bench

stress: setup-test ## run the engine's random programs for long, and the thread sanitizer
	@Scripts/stress

soak: release ## kill the daemon SOAK_KILLS times (1000) under load, and see that nothing is lost
	@Scripts/soak --bin $(BIN) $(SOAK_KILLS)

fuzz: setup ## fuzz the reader, the framing and whole sessions, FUZZ_SECONDS each (60)
	@Scripts/fuzz $(FUZZ_SECONDS)

install: ## copy what `make release` built to DESTDIR and PREFIX
	@Scripts/install --bin '$(BIN)' --destdir '$(DESTDIR)' --bindir '$(BINDIR)' --unitdir '$(UNITDIR)' \
		--sysusers '$(SYSUSERS)' --docdir '$(DOCDIR)' --mandir '$(MANDIR)' --prefix '$(PREFIX)'

uninstall: ## remove what `make install` copied
	@Scripts/install --remove --bin '$(BIN)' --destdir '$(DESTDIR)' --bindir '$(BINDIR)' --unitdir '$(UNITDIR)' \
		--sysusers '$(SYSUSERS)' --docdir '$(DOCDIR)' --mandir '$(MANDIR)' --prefix '$(PREFIX)'

lint: ## check the format of all sources, strictly
	$(SWIFT) format lint --strict --recursive --parallel $(SOURCES)

format: ## format all sources in place
	$(SWIFT) format --in-place --recursive --parallel $(SOURCES)

generate: release ## write the protocol reference, completions and manual pages anew
	@Scripts/generate --bin $(BIN)

clean: ## remove all build folders
	rm -rf .build .build-*
