# The project's own tests, fuzzers, load runs and meetings with real peers. A part of the Makefile.

objects_below = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(shell find $(1) -name '*.cpp' $(2) 2>/dev/null))
test_objects := $(call objects_below,tests,-not -path 'tests/load/*' -not -path 'tests/fuzz/*' \
                  -not -path 'tests/interop/*' -not -path 'tests/bench/*' -not -path 'tests/zlib/*' \
                  -not -path 'tests/conformance/*' -not -path 'tests/chaos/*' \
                  -not -path 'tests/rfc/main.cpp' -not -path 'tests/faults/*' \
                  -not -path 'tests/attack/*' -not -path 'tests/hostile/*' -not -path 'tests/soak/*')
test_objects += $(filter-out %/main.o,$(call objects_below,lessons/tools/grade clients/load))
TEST_PROGRAM := $(BUILD)/tests/run
LOAD_PROGRAM := $(BUILD)/tests/load
$(TEST_PROGRAM) $(LOAD_PROGRAM): LDLIBS += -lcrypto
$(LOAD_PROGRAM): $(call objects_below,tests/load tests/support tests/main.cpp) \
                 $(BUILD)/obj/tests/lessons/peers.o $(all_objects)
	@mkdir -p $(@D)
	$(link)
# The harness of the checks, less its main().
harness := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(filter-out %/main.cpp,$(wildcard lessons/tools/check/*.cpp)))
$(TEST_PROGRAM): $(test_objects) $(all_objects) $(harness)
	@mkdir -p $(@D)
	$(link)

# What is built more often than it runs for long.
unoptimized := $(filter %_test.o,$(test_objects)) $(filter-out $(callee:%.cpp=$(BUILD)/obj/%.o),$(harness))
$(unoptimized): UNOPTIMIZED := -O0
$(unoptimized): | $(precompiled_O0)
$(BUILD)/obj/tests/%.o: tests/%.cpp | $(BUILD)/packages $(precompiled) $(precompiled_O0)
	@mkdir -p $(@D)
	$(compile)
ifneq ($(SANITIZE),)
$(BUILD)/obj/tests/%.o: UNOPTIMIZED := -O0
$(BUILD)/obj/tests/fuzz/%.o: UNOPTIMIZED :=
endif

## For the project:
## make test       runs the tests (ARGS='-tc=*UTF-8*' for those with such a name)
# The tests run everything under AddressSanitizer and UndefinedBehaviorSanitizer.
.PHONY: test run-tests
test:
	@$(if $(wildcard $(BUILD)/san/tests/run),,echo "first some $(words $(test_objects) $(all_objects)) files \
	  are compiled with sanitizers, two seconds of a processor's time each; then the tests run";) \
	  $(MAKE) --no-print-directory BUILD=$(BUILD)/san SANITIZE=1 OPTIMIZE=-Og run-tests
run-tests: $(TEST_PROGRAM) programs $(BUILD)/conformance/echo_client
	@TEST_BUILD=$(BUILD) tests/run.sh $(TEST_PROGRAM) $(ARGS)

## make tsan       runs the event loops on several threads under ThreadSanitizer, and under load
# What posts, shares and counts: the tests of it, lesson 15's server while clients put it under load, and
# three of lesson 16's with a Redis and accidents.
TSAN_TESTS := $(patsubst %,$(BUILD)/obj/tests/%.o,endpoint/mailbox_test endpoint/reactors_test \
                endpoint/running_server endpoint/shared_rooms_test endpoint/memory_backplane_test \
                lessons/peers main)
TSAN_TESTS += $(call objects_below,tests/support,-not -name '*_test.cpp')
.PHONY: tsan run-tsan
tsan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SANITIZERS=-fsanitize=thread OPTIMIZE=-O1 run-tsan
run-tsan: $(BUILD)/tests/threads $(BUILD)/tests/chaos $(filter %/load,$(CLIENT_PROGRAMS)) \
          $(filter %/server,$(foreach lesson,15 16,$(filter $(BUILD)/lessons/$(lesson)-%,$(LESSON_PROGRAMS))))
	@TEST_BUILD=$(BUILD) TSAN_OPTIONS=halt_on_error=1 tests/tsan.sh $(BUILD)
$(BUILD)/tests/threads: LDLIBS += -lcrypto
$(BUILD)/tests/threads: $(TSAN_TESTS) $(all_objects)
	@mkdir -p $(@D)
	$(link)

# The tests of src/ itself, in one program: those that start no other one.
UNITS := $(BUILD)/tests/units
$(UNITS): LDLIBS += -lcrypto
$(UNITS): $(call objects_below,$(addprefix tests/,cli endpoint json net redis support terminal ws)) \
          $(BUILD)/obj/tests/lessons/peers.o $(BUILD)/obj/tests/main.o $(all_objects)
	@mkdir -p $(@D)
	$(link)
# Two of them ask the built programs as well, which are not there.
ALONE := --no-intro -tce='options: --help is an answer*,make explain marks*'

## make coverage   which lines and branches of src/ its own tests take: a table, and
##                 build/coverage/index.html; fails below the goals (needs gcovr, python3)
.PHONY: coverage run-coverage
coverage:
	@command -v gcovr >/dev/null || { echo "make: coverage needs gcovr: apt-get install gcovr" >&2; exit 1; }
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage OPTIMIZE=-O0 \
	  SANITIZERS='--coverage -fprofile-update=atomic' run-coverage
run-coverage: $(UNITS) $(BUILD)/tests/faults
	@find $(BUILD)/obj -name '*.gcda' -delete
	@nice $(UNITS) $(ALONE)
	@nice $(BUILD)/tests/faults --no-intro
	@tests/coverage/run.sh $(BUILD)

## make lint       clang-tidy over src/, clients/ and the lessons' programs, cppcheck over all: no warning
##                 (.clang-tidy and tests/lint/cppcheck.txt say what is looked for). At first it takes
##                 20 minutes of a processor's time; then only files whose code has changed do
## make cppcheck   the quick half of it
# The tests are left out: they do on purpose what these programs warn of.
TIDIED := $(patsubst %.cpp,$(BUILD)/lint/%.tidy,$(shell find src clients -name '*.cpp') \
            $(wildcard lessons/*/server.cpp lessons/*/client.cpp lessons/*/bare/*.cpp))
.PHONY: lint tidy cppcheck
lint: cppcheck
	@tests/lint/prepare.sh clang-tidy
	@nice $(MAKE) --no-print-directory --keep-going --output-sync=target tidy
tidy: $(TIDIED)
	@echo "clang-tidy: no warning in $(words $^) files"
$(TIDIED): $(BUILD)/lint/%.tidy: %.cpp .clang-tidy tests/lint/tidy.sh | $(BUILD)/packages
	@tests/lint/tidy.sh $< $@ $(CXX) $(INCLUDES)
cppcheck:
	@tests/lint/prepare.sh cppcheck
	@tests/lint/cppcheck.sh $(BUILD)/lint/cppcheck
	@echo "cppcheck: no warning"
-include $(shell find $(BUILD)/lint -name '*.d' 2>/dev/null)

## make valgrind   the tests of src/ under memcheck: an error or a leak fails (tests/valgrind.sh says what is
##                 left out, and why); four minutes of a processor's time
# Built as `make` builds, without sanitizers: those and memcheck see different things.
.PHONY: valgrind
valgrind: $(UNITS)
	@tests/valgrind.sh $< $(ARGS)

## make fuzz       feeds the parsers with invented bytes for SECONDS=60 each (needs clang++;
##                 TARGETS='session http' for some of them)
# What was found worth keeping stays in build/fuzz/NAME-corpus; an input that breaks something is
# written to build/fuzz/NAME-crash-…. The first inputs are what the cases of `make conformance` send.
FUZZERS := $(patsubst tests/fuzz/%_fuzz.cpp,%,$(wildcard tests/fuzz/*_fuzz.cpp))
TARGETS ?= $(FUZZERS)
SECONDS ?= 60
.PHONY: fuzz run-fuzzers
fuzz: $(BUILD)/conformance/suite
	@$< --seeds $(BUILD)/fuzz
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SANITIZE=1 OPTIMIZE=-O1 CXX=clang++ \
	  CXXFLAGS=-fsanitize=fuzzer-no-link SECONDS=$(SECONDS) TARGETS='$(TARGETS)' run-fuzzers
run-fuzzers: $(TARGETS:%=$(BUILD)/%)
	@set -e; for name in $(TARGETS); do \
	  echo "$$name: $(SECONDS) seconds"; mkdir -p $(BUILD)/$$name-corpus $(BUILD)/$$name-seeds; \
	  dictionary=tests/fuzz/$$name.dict; \
	  $(BUILD)/$$name -max_total_time=$(SECONDS) -max_len=800 -verbosity=0 -print_funcs=0 -print_final_stats=1 \
	    $$([ ! -e $$dictionary ] || echo -dict=$$dictionary) -artifact_prefix=$(BUILD)/$$name-crash- \
	    $(BUILD)/$$name-corpus $(BUILD)/$$name-seeds; done
$(FUZZERS:%=$(BUILD)/%): LDLIBS += -fsanitize=fuzzer -lcrypto
$(FUZZERS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/%_fuzz.o \
                           $(filter $(addprefix $(BUILD)/obj/src/,ws/% json/% redis/%),$(all_objects))
	@mkdir -p $(@D)
	$(link)

# A command line meets more of the house, a session a second reader of what it says and hears.
$(BUILD)/wsc: $(all_objects) $(patsubst %,$(BUILD)/obj/clients/wsc/%.o,options target)
$(BUILD)/session: $(patsubst %,$(BUILD)/obj/tests/conformance/%.o,wire packing)
$(BUILD)/line_editor: $(patsubst %,$(BUILD)/obj/src/terminal/%.o,line_editor columns)

## make deflate-zlib   our compression against Python's zlib, both ways (SHORT=1: a sample)
.PHONY: deflate-zlib
DEFLATE := $(filter $(BUILD)/obj/src/ws/%,$(all_objects))
$(BUILD)/tests/zlib/pipe $(BUILD)/bench/deflate: LDLIBS += -lcrypto
deflate-zlib: $(BUILD)/tests/zlib/pipe
	@command -v python3 >/dev/null || { echo "make: deflate-zlib needs python3" >&2; exit 1; }
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/zlib/compare.py $< $(if $(SHORT),short)
$(BUILD)/tests/zlib/pipe: $(BUILD)/obj/tests/zlib/pipe.o $(DEFLATE)
	@mkdir -p $(@D)
	$(link)

## make bench-deflate  our compression beside zlib's: size, and CPU time of both directions
.PHONY: bench-deflate
bench-deflate: $(BUILD)/bench/deflate
	@command -v python3 >/dev/null || { echo "make: bench-deflate needs python3" >&2; exit 1; }
	@PYTHONDONTWRITEBYTECODE=1 python3 tests/zlib/corpus.py $(BUILD)/bench/corpus
	@$< $(BUILD)/bench/corpus/*
# What is compared with is linked here and nowhere else.
$(BUILD)/bench/deflate: LDLIBS += -lz
$(BUILD)/bench/deflate: $(BUILD)/obj/tests/bench/deflate.o $(DEFLATE)
	@mkdir -p $(@D)
	$(link)
$(BUILD)/obj/tests/bench/deflate.o: | $(BUILD)/zlib
$(BUILD)/zlib:
	@echo '#include <zlib.h>' | $(CXX) -x c++ -fsyntax-only - 2>/dev/null || \
	  { echo "make: bench-deflate needs zlib to compare with: apt-get install zlib1g-dev" >&2; exit 1; }
	@mkdir -p $(@D) && touch $@

## make e2e        tries the pages in a real browser; needs npm and Chromium
.PHONY: e2e
PLAYWRIGHT := $(BUILD)/e2e/playwright
e2e: book $(LESSON_PROGRAMS) | $(PLAYWRIGHT)
	@node --test tests/vectors/frame_test.mjs tests/vectors/deflate_test.mjs
	@BUILD=$(BUILD) PLAYWRIGHT=$(PLAYWRIGHT) node tests/e2e/chat.mjs
	@BUILD=$(BUILD) PLAYWRIGHT=$(PLAYWRIGHT) node tests/e2e/lab.mjs
	@BUILD=$(BUILD) PLAYWRIGHT=$(PLAYWRIGHT) node tests/e2e/machines.mjs
	@BUILD=$(BUILD) PLAYWRIGHT=$(PLAYWRIGHT) node tests/e2e/book.mjs
$(PLAYWRIGHT):
	@tests/e2e/install.sh $@

## make interop    real peers: a table of clients and servers (INTEROP='ws python' for some of them,
##                 plain or compressed for one of its halves)
.PHONY: interop
INTEROP_SERVER := $(BUILD)/interop/ours_server
interop: $(INTEROP_SERVER) $(filter %/wsc,$(CLIENT_PROGRAMS)) \
         $(filter $(foreach lesson,08 11 14,$(BUILD)/lessons/$(lesson)-%),$(LESSON_PROGRAMS))
	@tests/interop/run.sh $(BUILD) $(INTEROP)
$(INTEROP_SERVER): LDLIBS += -lcrypto
$(INTEROP_SERVER): $(BUILD)/obj/tests/interop/peers/ours_server.o $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make conformance  every rule, case by case: our servers and clients, and others as a check of the suite
##                 (URL=ws://host:port/path for any server, SUBJECTS='lesson-8 ws' for some, SHORT=1)
.PHONY: conformance
CONFORMANCE := $(addprefix $(BUILD)/conformance/,suite echo_server echo_client)
conformance: $(CONFORMANCE) $(foreach n,08 11,$(filter $(BUILD)/lessons/$(n)-%/server,$(LESSON_PROGRAMS)))
	@tests/conformance/run.sh $(BUILD) $(URL)
$(CONFORMANCE): LDLIBS += -lcrypto
$(BUILD)/conformance/suite: $(call objects_below,tests/conformance,-not -name 'echo_*') $(all_objects)
	@mkdir -p $(@D)
	$(link)
$(filter %/echo_server %/echo_client,$(CONFORMANCE)): $(BUILD)/%: $(BUILD)/obj/tests/%.o $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make rfc        every MUST and SHOULD of RFC 6455 (and 7692): where it is kept, and what tests it
## make rfc-mutants  switches each check off, one after the other: its test has to fail (LINES='124 130')
.PHONY: rfc rfc-mutants
RFC := $(BUILD)/rfc/rfc
rfc: $(RFC)
	@$< table
$(RFC): $(patsubst %,$(BUILD)/obj/tests/rfc/%.o,main rules)
	@mkdir -p $(@D)
	$(link)
# The tests are built once more, without optimizing; a mutant takes one object and one small program.
RFC_TESTS := $(filter tests/ws/% tests/net/% tests/endpoint/blocking_test,$(sort $(shell \
               sed -n 's/^  test: \([^ ]*\)\.cpp .*/\1/p' tests/rfc/rules.txt)))
rfc-mutants: $(RFC) $(BUILD)/rfc/source.a $(BUILD)/rfc/support.a \
             $(patsubst %,$(BUILD)/rfc/%.o,$(RFC_TESTS) tests/main)
	@COMPILE='$(CXX) -std=c++20 -pthread $(INCLUDES)' $< mutants $(BUILD)/rfc $(LINES)
$(BUILD)/rfc/tests/%.o: tests/%.cpp | $(BUILD)/packages
	@mkdir -p $(@D)
	$(CXX) -std=c++20 -pthread $(INCLUDES) -MMD -MP -c $< -o $@
$(BUILD)/rfc/source.a: $(all_objects)
$(BUILD)/rfc/support.a: $(call objects_below,tests/support,-not -name '*_test.cpp') \
                        $(BUILD)/obj/tests/endpoint/running_server.o
$(BUILD)/rfc/%.a:
	@mkdir -p $(@D) && rm -f $@
	@$(AR) rcs $@ $^

## make faults     each system call in turn fails once, and memory too: nothing crashes, hangs, leaks, is lost
# The linker leads these calls, as src/ makes them, through the test.
.PHONY: faults run-faults
WRAPPED := recv send sendmsg accept4 epoll_ctl epoll_wait poll socket connect eventfd open epoll_create1 \
           getrandom bind listen
faults:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/san SANITIZE=1 OPTIMIZE=-Og run-faults
run-faults: $(BUILD)/tests/faults
	@$< --no-intro $(ARGS)
$(BUILD)/tests/faults: LDLIBS += -lcrypto
$(BUILD)/tests/faults: LDFLAGS += $(WRAPPED:%=-Wl$(comma)--wrap=%)
$(BUILD)/tests/faults: $(patsubst %,$(BUILD)/obj/tests/%.o,support/bytes support/exchange main) \
                       $(call objects_below,tests/faults) $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make compare-wscat  the same sessions through wscat and wsc, side by side (SESSIONS='Ctrl-C listen')
.PHONY: compare-wscat
compare-wscat: $(LESSON_PROGRAMS) $(filter %/wsc,$(CLIENT_PROGRAMS))
	@tests/interop/compare-wscat.sh $(BUILD) $(SESSIONS)

## make interop-N  lets lesson N meet real peers (10: nginx, wscat, Chromium)
## make load-N     measures the server of lesson N under load (from lesson 11 on; a minute)
# What is measured wants the machine for itself, so it is no part of `make test`.
# $(1) folder, $(2) its number with two digits, $(3) its number
define test_rules
ifneq ($(wildcard tests/interop/$(1).sh),)
.PHONY: interop-$(3)
interop-$(3): $$(PAIR_$(2))
	@tests/interop/$(1).sh $(BUILD)
endif
ifneq ($(wildcard tests/load/$(1).cpp),)
.PHONY: load-$(3)
load-$(3): $(BUILD)/tests/load programs
	@TEST_BUILD=$(BUILD) $$< --no-intro -sf='*/$(1).cpp' $$(ARGS)
endif
endef
$(call for_each_lesson,test_rules)
load-%:
	@echo "make: nothing is measured in lesson $*" >&2; exit 2
interop-%:
	@echo "make: lesson $* meets no real peers in tests/interop/" >&2; exit 2

# Of some lessons.
servers_of = $(foreach n,$(1),$(filter $(BUILD)/lessons/$(n)-%/server,$(LESSON_PROGRAMS)))
# The cases of the conformance suite, without what judges them.
conformance_cases := $(patsubst tests/%.cpp,%,$(wildcard tests/conformance/cases*.cpp)) \
                     conformance/wire conformance/packing

## make attack     every attack that a server has to bear, as one table: memory, descriptors, how long
##                 others wait (ARGS='-tc=*bombs*' for some of them)
.PHONY: attack
ATTACK := $(BUILD)/tests/attack
attack: $(ATTACK) $(call servers_of,10 11 12 13 14)
	@TEST_BUILD=$(BUILD) $< --no-intro $(ARGS)
$(ATTACK): LDLIBS += -lcrypto
$(ATTACK): $(call objects_below,tests/attack) $(call objects_below,tests/support,-not -name '*_test.cpp') \
           $(patsubst %,$(BUILD)/obj/tests/%.o,hostile/verdict lessons/peers $(conformance_cases)) \
           $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make soak       clients of all kinds come and go for MINUTES=30: memory and descriptors stay flat
.PHONY: soak
soak: $(BUILD)/tests/soak $(call servers_of,12 14)
	@TEST_BUILD=$(BUILD) MINUTES=$(or $(MINUTES),30) $< --no-intro
$(BUILD)/tests/soak: LDLIBS += -lcrypto
$(BUILD)/tests/soak: $(call objects_below,tests/soak tests/support,-not -name '*_test.cpp') \
                     $(patsubst %,$(BUILD)/obj/tests/%.o,attack/target main lessons/peers) \
                     $(patsubst %,$(BUILD)/obj/tests/%.o,$(conformance_cases)) $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make hostile    every client against hostile servers, every program with hostile arguments and keys
##                 (ARGS='--only wsc', ARGS=--help)
.PHONY: hostile
HOSTILE := $(BUILD)/tests/hostile
hostile: $(HOSTILE) $(filter-out %/bare/server %/bare/client,$(LESSON_PROGRAMS)) $(CLIENT_PROGRAMS)
	@TEST_BUILD=$(BUILD) $< $(ARGS)
$(HOSTILE): LDLIBS += -lcrypto -lutil
$(HOSTILE): $(call objects_below,tests/hostile) \
            $(patsubst %,$(BUILD)/obj/tests/%.o,support/process support/terminal conformance/link \
              conformance/judge $(conformance_cases)) $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make chaos      three servers, one Redis, 300 clients, and accidents for SECONDS=120 (SEED=1,
##                 VERBOSE=1 shows them): no accepted message is lost, none comes twice
.PHONY: chaos
SEED ?= 1
chaos: $(BUILD)/tests/chaos $(filter $(BUILD)/lessons/16-%/server,$(LESSON_PROGRAMS))
	@VERBOSE=$(VERBOSE) $< $(BUILD) $(if $(filter file,$(origin SECONDS)),120,$(SECONDS)) $(SEED)
$(BUILD)/tests/chaos: LDLIBS += -lcrypto
$(BUILD)/tests/chaos: $(call objects_below,tests/chaos) $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make large-message  sends 4 GiB as one message through programs held under 64 MiB (SIZE=1G)
.PHONY: large-message
large-message: $(BUILD)/lessons/13-streaming/server $(BUILD)/lessons/13-streaming/client
	@lessons/13-streaming/large.sh $(BUILD) $(SIZE)

## make bench      our server, its peers and raw TCP, side by side: speed and memory, as tables
##                 (ONLY=a,c PEERS=ws,beast ROUNDS=5 SERVER='./mine --port 9000' INSTALL=1)
## make bench-growth  what a message costs with more clients, larger messages, larger rooms (ONLY, ROUNDS)
## make bench-against REV=HEAD~1  our server beside what it was at a commit (ONLY, ROUNDS)
## make bench-chart  draws the last `make bench` and `make bench-growth` (tests/bench/{speed,growth}-*.svg)
## make bench-micro  mask, UTF-8, header and receiver beside the limit and a plain version
## make bench-instructions  counts a message's instructions, which no other program disturbs
## make bench-loop  what a student waits for after each edit, in CPU time (LOOP='5 13', ALL=1: each file)
.PHONY: bench bench-against bench-growth bench-chart bench-micro bench-instructions bench-loop
LOOP ?= 1 5 8 11 13
bench-loop: $(HOLES)
	@MAKE='$(MAKE)' tests/bench/loop.sh $(BUILD) $(HOLES) $(LOOP)
BENCH_PEERS  := beast websocketpp libwebsockets gorilla ws
BENCH        := $(addprefix $(BUILD)/bench/,raw_echo fan_out micro core)
BENCH_SERVER := $(filter $(BUILD)/lessons/11-%/server,$(LESSON_PROGRAMS))
bench_base   := $(BUILD)/bench/raw_echo $(BUILD)/bench/fan_out $(BUILD)/clients/load $(BENCH_SERVER)
bench: $(bench_base)
	@CXX='$(CXX)' tests/bench/prepare.sh $(BUILD) \
	  $(filter-out none,$(or $(subst $(comma),$(space),$(PEERS)),$(BENCH_PEERS)))
	@BUILD=$(BUILD) CXX='$(CXX)' OPTIMIZE='$(OPTIMIZE)' node tests/bench/bench.mjs
bench-against: $(bench_base)
	@CXX='$(CXX)' OPTIMIZE='$(OPTIMIZE)' tests/bench/against.sh $(BUILD) '$(REV)'
bench-growth: $(bench_base)
	@BUILD=$(BUILD) node tests/bench/growth.mjs
bench-chart:
	@cp $(BUILD)/bench/result.json $(wildcard $(BUILD)/bench/growth.json) tests/bench
	@node tests/bench/chart.mjs tests/bench/result.json tests/bench
	@node tests/bench/growth_chart.mjs tests/bench/growth.json tests/bench
bench-micro: $(BUILD)/bench/micro
	@$<
bench-instructions: $(BUILD)/bench/core
	@tests/bench/instructions.sh $< '$(CXX)'
$(BENCH): LDLIBS += -lcrypto
$(BUILD)/bench/fan_out: $(all_objects)
$(BUILD)/bench/micro $(BUILD)/bench/core: $(filter $(BUILD)/obj/src/ws/%,$(all_objects))
$(BENCH): $(BUILD)/%: $(BUILD)/obj/tests/%.o
	@mkdir -p $(@D)
	$(link)
