# Tocsin. `make demo` and `make check` set up what is missing; `make help` lists the rest.

VARIANT ?= release
B := build/$(VARIANT)
PREFIX ?= /usr/local
VERSION := 0.1.0

CC ?= gcc
CFLAGS_release := -O2 -g
CFLAGS_debug := -O0 -g3
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
ifdef CI
WARN += -Werror
endif
CPPFLAGS_ALL := -Idaemon -I$(B)/gen -DTOCSIN_VERSION='"$(VERSION)"'
CFLAGS_ALL := -std=c11 $(CFLAGS_$(VARIANT)) $(CFLAGS)
LDFLAGS_ALL := $(CFLAGS_$(VARIANT)) $(LDFLAGS) -pthread -Wl,--as-needed

CORE_LIBS := -lprotobuf-c -ljansson -lm
LIBS := -lpaho-mqtt3as -luv -lsqlite3 -lyaml -lmicrohttpd -lsystemd -lcurl -lssl -lcrypto -ldl $(CORE_LIBS)

# These reach the outside world, so they stay out of core.a: codec and engine can't read a clock or
# write a log by mistake, because it would not link.
IMPURE := daemon/base/clock.c daemon/base/log.c daemon/base/nodelay.c
SRC := $(sort $(wildcard daemon/*/*.c))
MAINS := daemon/app/main.c daemon/ctl/main.c
CORE_SRC := $(filter-out $(IMPURE),$(filter daemon/base/% daemon/model/% daemon/codec/% daemon/engine/%,$(SRC)))
REST_SRC := $(filter-out $(CORE_SRC) $(MAINS),$(SRC))
PROTO := $(wildcard proto/*.proto)
GEN := $(PROTO:%.proto=$(B)/gen/%.pb-c.c)

obj = $(patsubst %.c,$(B)/%.o,$(1))
CORE_OBJ := $(call obj,$(CORE_SRC)) $(GEN:.c=.o)
REST_OBJ := $(call obj,$(REST_SRC))

UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
SIM := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/sim/test_*.c)))
TEST_LIB_OBJ := $(call obj,$(sort $(wildcard tests/lib/*.c)))

# The package check is a prerequisite of everything that compiles. The goals that promise a
# set-up install; a plain build only says what is missing.
DEPS_MODE := $(if $(filter demo check recording,$(MAKECMDGOALS)),install,verify)

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all help deps unit sim integration check demo lint install clean format recording fuzz torture FORCE

all: $(B)/tocsind $(B)/tocsin

help:
	@sed -n 's/^#: //p' Makefile

#: make                build build/release/tocsind and build/release/tocsin
#: make demo           install what is missing, build, play the story (DEMO_PORT=, DEMO_KEEP=1)
#: make check          install what is missing, build, run every test
#: make unit sim integration    one kind of test (VARIANT=asan or tsan for sanitizers)
#: make lint           formatter, folder rules, static analysis, each proven on a bad sample
#: make torture        kill the gateway ROUNDS=50 times under load, and count
#: make fuzz           each libFuzzer target for FUZZ_SECONDS=60 (needs clang)
#: make recording      play the demonstration and draw README's picture of it
#: make format         clang-format over everything
#: make install        DESTDIR= PREFIX=/usr/local

build/.deps-$(DEPS_MODE): .ci/packages .ci/deps
	@.ci/deps $(DEPS_MODE)
	@mkdir -p build && touch $@
deps: build/.deps-$(DEPS_MODE)

# Flags are tracked: when they change, everything is rebuilt.
FLAGS_NOW := $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(WARN) $(LDFLAGS_ALL) $(LIBS)
$(B)/.flags: FORCE
	@mkdir -p $(B)
	@echo "$(subst ",\",$(FLAGS_NOW))" | cmp -s - $@ || echo "$(subst ",\",$(FLAGS_NOW))" > $@

$(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h: %.proto | build/.deps-$(DEPS_MODE)
	@mkdir -p $(B)/gen
	protoc-c --c_out=$(B)/gen $<
$(B)/gen/%.o: $(B)/gen/%.c $(B)/.flags
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -w -c -o $@ $<

$(B)/%.o: %.c $(B)/.flags $(GEN:.c=.h) | build/.deps-$(DEPS_MODE)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(WARN) $(if $(filter tests/%,$<),-Itests) -MMD -MP -c -o $@ $<

$(B)/core.a: $(CORE_OBJ)
	@rm -f $@
	ar rcs $@ $^
$(B)/rest.a: $(REST_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(B)/tocsind: $(call obj,daemon/app/main.c) $(B)/rest.a $(B)/core.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)
$(B)/tocsin: $(call obj,daemon/ctl/main.c) $(B)/rest.a $(B)/core.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# Unit and simulation tests name what they need: those of core.a's folders link core.a alone.
$(B)/tests/%: $(B)/tests/%.o $(TEST_LIB_OBJ) $(B)/rest.a $(B)/core.a
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) \
	  $$(grep -qs 'links: rest' tests/$*.c && echo $(B)/rest.a) $(B)/core.a -lcmocka \
	  $$(grep -qs 'links: rest' tests/$*.c && echo '$(LIBS)' || echo '$(CORE_LIBS)')

unit: $(UNIT)
	@tests/lib/run_cmocka $(VARIANT) unit $(UNIT)
sim: $(SIM)
	@tests/lib/run_cmocka $(VARIANT) sim $(SIM)
integration: all
	@BUILD=$(abspath $(B)) tests/lib/run_integration $(VARIANT)

ROUNDS ?= 50
torture: all
	@TOCSIND=$(abspath $(B))/tocsind TOCSIN=$(abspath $(B))/tocsin ROUNDS=$(ROUNDS) \
	  /usr/bin/python3 tests/integration/killed_again_and_again.py

check: all $(UNIT) $(SIM)
	@BUILD=$(abspath $(B)) tests/lib/run_all $(VARIANT) "$(UNIT)" "$(SIM)"

demo: all
	@BUILD=$(abspath $(B)) config/demo/demo.sh

recording: all
	@BUILD=$(abspath $(B)) /usr/bin/python3 tests/lib/recording.py --columns 132 --clip --out tests/data/demo.svg

# Fuzz targets need clang for all objects: a build of their own.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 60
fuzz: $(FUZZ:%=build/fuzz/fuzz_%)
	@set -e; for f in $(FUZZ); do mkdir -p build/fuzz/corpus/$$f; log=build/fuzz/$$f.log; \
	  build/fuzz/fuzz_$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=build/fuzz/ build/fuzz/corpus/$$f > $$log 2>&1 || \
	    { tail -n 40 $$log; exit 1; }; echo "fuzz_$$f: $$(tail -n 1 $$log)"; done
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(CORE_SRC) $(GEN)
	@mkdir -p build/fuzz
	clang -std=c11 -O1 -g -fsanitize=fuzzer,address,undefined -w $(CPPFLAGS_ALL) -Itests \
	  -o $@ $< $(wildcard tests/lib/gauge.c) $(CORE_SRC) $(GEN) $(CORE_LIBS)

lint: $(GEN:.c=.h) $(B)/core.a
	@B=$(B) .ci/lint

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/tocsin/config
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -s -m 755 $(B)/tocsin $(DESTDIR)$(PREFIX)/bin/tocsin
	install -s -m 755 $(B)/tocsind $(DESTDIR)$(PREFIX)/sbin/tocsind
	cp -r config/. $(DESTDIR)$(PREFIX)/share/tocsin/config/
	sed 's|@PREFIX@|$(PREFIX)|g' systemd/tocsind.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/tocsind.service
	install -m 644 systemd/tocsin.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/tocsin.conf
	install -d $(DESTDIR)$(PREFIX)/share/tocsin/proto
	install -m 644 $(PROTO) $(DESTDIR)$(PREFIX)/share/tocsin/proto/

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PRECIOUS: $(B)/%.o $(B)/gen/%.pb-c.c $(B)/gen/%.pb-c.h
