# pare: `make` builds build/pare and build/pare-sandbox; CONTRIBUTING.md says what else there is.
#
# One makefile, no recursion but for a second variant (`check`, `fuzz`). A bare machine is set up
# before anything is compiled: build/libraries.mk, which holds the libraries' flags, is an included
# file that make itself remakes, and remaking it runs tools/deps.sh.

# --- settings ---------------------------------------------------------------------------------
ifeq ($(origin CC),default)
CC       = gcc
endif
PREFIX  ?= /usr/local
VARIANT ?=
TEST    ?=
SEEDS   ?= 20000
SEED0   ?= 1

# As many jobs as there are processors, unless the command line says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-print-directory --no-builtin-rules

PARE_LIBRARIES    = libcurl openssl libcjson libgit2 lua5.4 expat
SANDBOX_LIBRARIES = libcjson openssl libmicrohttpd
ALL_LIBRARIES     = $(PARE_LIBRARIES) libmicrohttpd cmocka
WARNINGS          = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
                    -Wwrite-strings -Wvla -Wformat=2 -Wno-format-nonliteral
HARDEN            = -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
HARDEN_LINK       = -pie -Wl,-z,relro,-z,now

# --- variants ---------------------------------------------------------------------------------
ifeq ($(VARIANT),)
B       := build
FLAVOUR  = $(HARDEN)
LINK     = $(HARDEN_LINK)
else ifeq ($(VARIANT),asan)
B       := build/asan
FLAVOUR  = -O1 -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all -DARENA_SEPARATE
LINK     = -fsanitize=address,undefined
else ifeq ($(VARIANT),fuzz)
B       := build/fuzz
CC      := clang
FLAVOUR  = -O1 -fsanitize=fuzzer-no-link,address -fno-omit-frame-pointer -DARENA_SEPARATE
LINK     = -fsanitize=address
else
$(error VARIANT is '$(VARIANT)': expected nothing, asan or fuzz)
endif

# --- libraries --------------------------------------------------------------------------------
LIBRARIES_MK := build/libraries.mk
ifneq ($(filter-out clean deps,$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell pkg-config --exists $(ALL_LIBRARIES) 2>/dev/null && echo yes),yes)
$(LIBRARIES_MK): FORCE
endif
include $(LIBRARIES_MK)
endif

$(LIBRARIES_MK): tools/deps.sh
	@tools/deps.sh
	@mkdir -p $(@D)
	@{ echo "LIBRARY_CFLAGS := $$(pkg-config --cflags $(ALL_LIBRARIES))" && \
	   echo "PARE_LIBS := $$(pkg-config --libs $(PARE_LIBRARIES))" && \
	   echo "SANDBOX_LIBS := $$(pkg-config --libs $(SANDBOX_LIBRARIES))" && \
	   echo "TEST_LIBS := $$(pkg-config --libs $(ALL_LIBRARIES))"; } >$@.new && mv $@.new $@

COMPILE = $(CC) -std=c11 -D_GNU_SOURCE -g -Iinclude $(WARNINGS) $(FLAVOUR) $(CPPFLAGS) $(CFLAGS) $(LIBRARY_CFLAGS)
LINKER  = $(CC) $(LINK) $(LDFLAGS)

# --- sources ----------------------------------------------------------------------------------
objects    = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)))
CORE      := $(call objects,src/base/*.c src/policy/*.c src/model/*.c)
BOX_CLI   := $(call objects,src/cli/sandbox_*.c)
CLI       := $(filter-out $(BOX_CLI),$(call objects,src/cli/*.c))
PARE      := $(CORE) $(call objects,src/flow/*.c src/adapt/*.c) $(CLI)
SANDBOX   := $(CORE) $(call objects,src/sandbox/*.c) $(BOX_CLI)
# Everything but the mains: what tests are linked with, taking from it what they use.
TESTABLE  := $(B)/libtestable.a
TESTED    := $(CORE) $(call objects,src/flow/*.c src/adapt/*.c src/sandbox/*.c) \
             $(filter-out $(B)/obj/src/cli/main.o,$(CLI))
TEST_HELP := $(filter-out $(call objects,tests/flow/test_*.c tests/flow/simulate.c),$(call objects,tests/flow/*.c))
TESTS     := $(patsubst tests/unit/%.c,$(B)/test/%,$(wildcard tests/unit/test_*.c)) \
             $(patsubst tests/flow/%.c,$(B)/test/flow_%,$(wildcard tests/flow/test_*.c))
FUZZERS   := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
REPLAYS   := $(FUZZERS:%=$(B)/replay/%)
BENCHES   := $(patsubst tests/bench/%.c,$(B)/bench/%,$(wildcard tests/bench/*.c))
COMPILED  := $(sort $(wildcard src/*/*.c tests/unit/*.c tests/flow/*.c tests/fuzz/*.c tests/bench/*.c))
PROGRAMS  := $(B)/pare $(B)/pare-sandbox

# TEST=word builds and runs only what has the word in its name.
named      = $(if $(TEST),$(foreach t,$(1),$(if $(findstring $(TEST),$(t:$(B)/%=%)),$(t))),$(1))
WANTED    := $(if $(findstring *,$(TEST))$(findstring ?,$(TEST)),$(TESTS) $(REPLAYS),$(call named,$(TESTS) $(REPLAYS)))

.PHONY: all programs checks test check lint demo install clean deps bench fuzz fuzzers simulate FORCE
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# --- building ---------------------------------------------------------------------------------
all: programs
programs: $(PROGRAMS) $(B)/compile_commands.json

Q   = $(if $(V),,@)
say = @mkdir -p $(@D)$(if $(V),, && echo '  $(1)	$@')

# Files that hold what a recipe depends on beside its sources: rewritten, and so newer, only when
# that changed.
keep = @mkdir -p $(@D) && { echo '$(subst ','\'',$(1))' | cmp -s - $@ || echo '$(subst ','\'',$(1))' >$@; }
COMPILER := $(shell $(CC) --version 2>/dev/null | head -n 1)
$(B)/flags: FORCE
	$(call keep,$(COMPILER) $(COMPILE) $(LINKER) $(PARE_LIBS) $(SANDBOX_LIBS) $(TEST_LIBS))
$(B)/sources: FORCE
	$(call keep,$(PARE) $(SANDBOX) $(TESTED) $(TEST_HELP))
$(B)/compiled: FORCE
	$(call keep,$(COMPILED))

$(B)/obj/%.o: %.c $(B)/flags
	$(call say,CC)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

$(B)/pare: $(PARE) $(B)/sources
	$(call say,LINK)
	$(Q)$(LINKER) -o $@ $(PARE) $(PARE_LIBS)

$(B)/pare-sandbox: $(SANDBOX) $(B)/sources
	$(call say,LINK)
	$(Q)$(LINKER) -o $@ $(SANDBOX) $(SANDBOX_LIBS)

$(TESTABLE): $(TESTED) $(B)/sources
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $(TESTED)

link_test = $(LINKER) $(1) -o $@ $(filter %.o,$^) $(TESTABLE) $(TEST_LIBS)

$(B)/test/%: $(B)/obj/tests/unit/%.o $(TESTABLE)
	$(call say,LINK)
	$(Q)$(call link_test)

$(B)/test/flow_%: $(B)/obj/tests/flow/%.o $(TEST_HELP) $(TESTABLE)
	$(call say,LINK)
	$(Q)$(call link_test)

$(B)/replay/%: $(B)/obj/tests/fuzz/%.o $(B)/obj/tests/fuzz/replay.o $(TESTABLE)
	$(call say,LINK)
	$(Q)$(call link_test)

$(B)/fuzzer/%: $(B)/obj/tests/fuzz/%.o $(TESTABLE)
	$(call say,LINK)
	$(Q)$(call link_test,-fsanitize=fuzzer)

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(TESTABLE)
	$(call say,LINK)
	$(Q)$(call link_test)

$(B)/simulate: $(B)/obj/tests/flow/simulate.o $(TEST_HELP) $(TESTABLE)
	$(call say,LINK)
	$(Q)$(call link_test)

# For editors and clang-tidy; a link in the root, where they look for it.
$(B)/compile_commands.json: $(B)/flags $(B)/compiled
	$(Q)mkdir -p $(@D)
	$(Q){ echo '['; comma=; for f in $(COMPILED); do \
	    printf '%s{"directory": "%s", "file": "%s", "command": "%s -c %s"}' \
	      "$$comma" "$(CURDIR)" "$$f" '$(COMPILE)' "$$f"; comma=",$$(printf '\nx')"; comma="$${comma%x}"; \
	  done; echo; echo ']'; } >$@
	$(Q)ln -sf $@ compile_commands.json

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)

# --- testing ----------------------------------------------------------------------------------
checks: programs $(WANTED)

test: checks
	@B=$(B) TEST='$(TEST)' tools/run-tests.sh

check:
	@$(MAKE) lint
	@$(MAKE) test
	@$(MAKE) VARIANT=asan test

lint: $(LIBRARIES_MK)
	@tools/lint-selftest.sh
	@CC='$(CC)' LINT_COMPILE=1 tools/lint.sh

fuzzers: $(FUZZERS:%=$(B)/fuzzer/%)
fuzz:
	+@TEST='$(TEST)' tools/fuzz.sh

simulate: $(B)/simulate
	@$(B)/simulate $(SEEDS) $(SEED0)

bench: programs $(BENCHES)
	@B=$(B) TEST='$(TEST)' tools/bench.sh

demo: programs
	@B=$(B) tools/demo.sh

# --- the rest ---------------------------------------------------------------------------------
deps:
	@tools/deps.sh

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/pare/rules/tests $(DESTDIR)$(PREFIX)/share/man/man1
	install $(PROGRAMS) $(DESTDIR)$(PREFIX)/bin
	install -m 644 rules/*.lua $(DESTDIR)$(PREFIX)/share/pare/rules
	install -m 644 rules/tests/*.lua $(DESTDIR)$(PREFIX)/share/pare/rules/tests
	install -m 644 docs/pare.1 $(DESTDIR)$(PREFIX)/share/man/man1

clean:
	rm -rf build compile_commands.json
