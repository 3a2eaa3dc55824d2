# From a bare socket to a WebSocket server. `make help` shows the commands.
#
# The lists below are the course's table of contents: what each lesson adds to src/. A lesson is
# linked from its own list, and a test sees to it that it includes nothing that comes later.

SRC_01 := net/fd net/error net/address net/socket net/signal net/client_threads net/url \
          ws/bytes ws/hex cli/options cli/line_reader cli/trace
SRC_02 := $(SRC_01) net/datagram
SRC_03 := $(SRC_02)
SRC_04 := $(SRC_03) net/random ws/error ws/http ws/sha1 ws/handshake
SRC_05 := $(SRC_04) ws/mask ws/frame ws/trace ws/explain endpoint/keys cli/keys \
          endpoint/http_reply cli/pages cli/lab
SRC_06 := $(SRC_05)
SRC_07 := $(SRC_06)
SRC_08 := $(SRC_07) ws/utf8 ws/close ws/receiver ws/sender ws/connection ws/conversation net/wake \
          cli/log endpoint/message endpoint/blocking endpoint/opening cli/lab_accept
SRC_09 := $(SRC_08)
SRC_10 := $(SRC_09) ws/origin ws/credentials net/forwarded net/descriptors endpoint/admission \
          cli/admission
SRC_11 := $(SRC_10) net/epoll net/timer net/out_buffer net/peer_address endpoint/server_options \
          endpoint/loop endpoint/loop_connection endpoint/loop_connection_output endpoint/server \
          endpoint/metrics cli/lab_loop
SRC_12 := $(SRC_11) json/utf8 json/value json/parse json/write endpoint/json_message \
          endpoint/hub cli/columns cli/line_editor cli/prompt
SRC_13 := $(SRC_12) endpoint/stream

LISTS   := $(sort $(filter SRC_%,$(.VARIABLES)))
LESSONS := $(notdir $(patsubst %/,%,$(sort $(wildcard lessons/[0-9][0-9]-*/))))
# Folders with a program; that for the browser holds none.
CLIENTS := $(patsubst clients/%/main.cpp,%,$(sort $(wildcard clients/*/main.cpp)))

# --- how things are built -----------------------------------------------------------------------

BUILD    ?= build
CXX       = g++
OPTIMIZE ?= -O2
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(WERROR)
comma    := ,
space    := $(subst ,, )
# SANITIZE=1: memory errors and undefined behaviour end the program with a report.
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all)

# What a student has written; tests and grading use other folders.
WORK ?= work

# In a handout (lessons/tools/handout.sh) all programs are built with the student's files, and what
# is the teacher's is not there.
ifneq ($(wildcard lessons/HANDOUT),)
OVERLAY ?= $(WORK)
ABSENT  := texts test fuzz e2e mutants classroom large-message handout grade wsc load bench interop compare-wscat
ifneq ($(filter $(ABSENT) interop-% load-% diff-% mutants-%,$(MAKECMDGOALS)),)
$(error a handout has no $(MAKECMDGOALS); make help shows what there is)
endif
ifneq ($(filter all programs lesson-% server-% client-% explain,$(or $(MAKECMDGOALS),all)),)
$(shell lessons/tools/overlay.sh $(BUILD) $(OVERLAY))
endif
endif

# OVERLAY=work: files in there stand in for ours of the same name, headers too.
INCLUDES := $(if $(OVERLAY),-I$(OVERLAY)/src -Isrc -I$(OVERLAY) -I.,-Isrc -I.)

compile = $(CXX) -std=c++20 $(OPTIMIZE) $(UNOPTIMIZED) -g $(WARNINGS) $(SANITIZERS) -pthread $(INCLUDES) -MMD -MP \
          $(CPPFLAGS) $(CXXFLAGS) -c $< -o $@
# What tests and checks are made of is built more often than it runs for long.
ifneq ($(SANITIZE),)
$(addprefix $(BUILD)/obj/,tests/%.o lessons/tools/check/%.o) $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard lessons/*/checks.cpp)): UNOPTIMIZED := -O0
$(BUILD)/obj/tests/fuzz/%.o: UNOPTIMIZED :=
endif
link = $(CXX) $(SANITIZERS) -pthread $(LDFLAGS) $^ $(LDLIBS) -o $@

# The object files of a list such as $(SRC_05); headers without a .cpp beside them have none.
objects = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard $(patsubst %,src/%.cpp,$(1))))
all_objects := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard src/*/*.cpp))

# No half-written file is left behind to be taken for a whole one, and no built-in rule guesses.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

## make            builds everything
.PHONY: all
all: programs

# The lines that begin with two number signs, in their order.
## make help       shows these lines
.PHONY: help
help:
	@sed -n 's/^## //p' Makefile$(if $(ABSENT), | grep -vE '^For (teachers|the project)|^make ($(subst $(space),|,$(ABSENT) interop-N load-N diff-N)) ')

# What a variable holds: the tests ask for the lists above.
print-%:
	@echo $($*)

# OpenSSL and doctest, installed when they are missing (Debian, Ubuntu) or asked for.
$(BUILD)/packages:
	@lessons/tools/packages.sh $(CXX)
	@mkdir -p $(@D) && touch $@

ifneq ($(OVERLAY),)
# The first rule whose file exists is taken.
$(BUILD)/obj/%.o: $(OVERLAY)/%.cpp | $(BUILD)/packages
	@mkdir -p $(@D)
	$(compile)
endif
$(BUILD)/obj/%.o: %.cpp | $(BUILD)/packages
	@mkdir -p $(@D)
	$(compile)

# --- lessons ------------------------------------------------------------------------------------

## make lesson-N   runs server and client of lesson N once, shows what they said and sent
## make server-N   runs the server of lesson N here (ARGS='--port 9001', ARGS=--help)
## make client-N   runs the client of lesson N here
## make interop-N  lets lesson N meet real peers (10: nginx, wscat, Chromium)
## make load-N     measures the server of lesson N under load (from lesson 11 on; a minute)
# $(1) folder, $(2) its number with two digits, $(3) its number
harness := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard lessons/tools/check/*.cpp))
define lesson_rules
LESSON_PROGRAMS += $(BUILD)/lessons/$(1)/server $(BUILD)/lessons/$(1)/client
$(BUILD)/lessons/$(1)/server $(BUILD)/lessons/$(1)/client: $(BUILD)/%: $(BUILD)/obj/%.o $(call objects,$(SRC_$(2)))
	@mkdir -p $$(@D)
	$$(link)
# Only the handshake needs a library.
$(BUILD)/lessons/$(1)/server $(BUILD)/lessons/$(1)/client: LDLIBS += $(if $(filter ws/handshake,$(SRC_$(2))),-lcrypto)

.PHONY: lesson-$(3) server-$(3) client-$(3)
lesson-$(3): $(BUILD)/lessons/$(1)/server $(BUILD)/lessons/$(1)/client
	@lessons/tools/demo.sh $(BUILD) $(1)
server-$(3): $(BUILD)/lessons/$(1)/server
	@$$< $$(ARGS)
client-$(3): $(BUILD)/lessons/$(1)/client
	@$$< $$(ARGS)

# Peers that are none of ours, where there is a script for it.
ifneq ($(wildcard tests/interop/$(1).sh),)
.PHONY: interop-$(3)
interop-$(3): $(BUILD)/lessons/$(1)/server $(BUILD)/lessons/$(1)/client
	@tests/interop/$(1).sh $(BUILD)
endif

# The judge of lessons 1 to this one (lessons/tools/check.sh builds and runs it).
CHECKED += $(wildcard lessons/$(1)/checks.cpp)
$(BUILD)/check-$(2): LDLIBS += -lcrypto
$(BUILD)/check-$(2): $(harness) $(patsubst %.cpp,$(BUILD)/obj/%.o,$(CHECKED) $(wildcard lessons/$(1)/checks.cpp)) $(call objects,$(SRC_$(2)))
	@mkdir -p $$(@D)
	$$(link)

# Scenarios are compiled anew with every header of a student: half the time without optimizing.
$(BUILD)/obj/lessons/$(1)/checks.o: override OPTIMIZE = -O0

# What is measured wants the machine for itself, so it is no part of `make test`.
ifneq ($(wildcard tests/load/$(1).cpp),)
.PHONY: load-$(3)
load-$(3): $(BUILD)/tests/load programs
	@TEST_BUILD=$(BUILD) $$< --no-intro -sf='*/$(1).cpp' $$(ARGS)
endif
endef
number = $(firstword $(subst -, ,$(1)))
$(foreach folder,$(LESSONS),$(eval $(call lesson_rules,$(folder),$(call number,$(folder)),$(patsubst 0%,%,$(call number,$(folder))))))

## make large-message  sends 4 GiB as one message through programs held under 64 MiB (SIZE=1G)
.PHONY: large-message
large-message: $(BUILD)/lessons/13-streaming/server $(BUILD)/lessons/13-streaming/client
	@lessons/13-streaming/large.sh $(BUILD) $(SIZE)

# Any other number.
load-%:
	@echo "make: nothing is measured in lesson $*" >&2; exit 2
interop-%:
	@echo "make: lesson $* meets no real peers in tests/interop/" >&2; exit 2
lesson-% server-% client-% hint-% answer-% diff-% watch-%:
	@echo "make: there is no lesson $*; there are $(strip $(foreach folder,$(LESSONS),$(patsubst 0%,%,$(call number,$(folder)))))" >&2; exit 2

# --- clients ------------------------------------------------------------------------------------

define client_rules
CLIENT_PROGRAMS += $(BUILD)/clients/$(1)
$(BUILD)/clients/$(1): LDLIBS += -lcrypto
$(BUILD)/clients/$(1): $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard clients/$(1)/*.cpp)) $(all_objects)
	@mkdir -p $$(@D)
	$$(link)
endef
$(foreach folder,$(CLIENTS),$(eval $(call client_rules,$(folder))))

## make explain    explains bytes bit by bit: make explain HEX='81 05 48 65 6c 6c 6f'
.PHONY: explain
explain: $(BUILD)/clients/explain
	@$< $(HEX)

## make wsc        talks to a WebSocket server: make wsc ARGS='-c localhost:8080'
.PHONY: wsc
wsc: $(BUILD)/clients/wsc
	@$< $(ARGS)

## make load       puts a server under load (ARGS='ws://localhost:8080/ws --pid N', ARGS=--help)
.PHONY: load
load: $(BUILD)/clients/load
	@$< $(ARGS)

# --- texts --------------------------------------------------------------------------------------

TEXTS := $(BUILD)/tools/texts
HOLES := $(BUILD)/tools/holes
$(TEXTS) $(HOLES): $(BUILD)/tools/%: $(BUILD)/obj/lessons/tools/%.o
	@mkdir -p $(@D)
	$(link)

## make texts      records every lesson's run anew, and puts code and runs into the texts
.PHONY: texts
texts: programs
	@set -e; for folder in $(LESSONS); do lessons/tools/demo.sh $(BUILD) $$folder --record; done
	@$(TEXTS) --write

.PHONY: programs
programs: $(LESSON_PROGRAMS) $(CLIENT_PROGRAMS) $(TEXTS) $(HOLES)

# --- the classroom ------------------------------------------------------------------------------

## For students:
## make start-N    writes your files for lesson N, with holes, to work/ (FORCE=1: again)
## make check-N    judges lessons 1 to N with your files in place of ours (T=name, V=1 shows all)
## make trace-N    the whole exchange of one scenario: make trace-5 T=length-126
# SEED draws other keys and payloads.
# What the scripts need to know.
classroom = MAKE='$(MAKE)' BUILD=$(BUILD)/check WORK=$(WORK) HOLES=$(HOLES) SEED=$(SEED) VERBOSE=$(V)
start-%: $(HOLES)
	@lessons/tools/start.sh $* $(WORK) $(HOLES) $(FORCE)
check-%: $(HOLES)
	+@$(classroom) NAME=$(T) lessons/tools/check.sh $*
trace-%: $(HOLES)
	+@$(if $(T),,echo "trace: which scenario? make trace-$* T=name" >&2; exit 2;) \
	  $(classroom) QUIET=1 TRACE=$(T) lessons/tools/check.sh $*

## make hint-N     a hint for exercise T of lesson N: make hint-5 T=3 L=1 (L=1 to 3; T may be a scenario)
## make answer-N   asks reading exercise T of lesson N, or judges an answer: make answer-5 T=2 A='3'
## make diff-N     your files of lesson N against the true ones, once check-N passes (or SPOIL=1)
## make watch-N    checks lesson N again whenever you save a file; Ctrl-C ends it
# $(1) folder, $(2) its number with two digits, $(3) its number. T, L, A and SPOIL reach the
# scripts through the environment.
define classroom_rules
.PHONY: hint-$(3) answer-$(3) diff-$(3) watch-$(3)
start-$(3): $(HOLES)
check-$(3): $(HOLES)
trace-$(3): $(HOLES)
hint-$(3):
	@lessons/tools/hint.sh $(1)
answer-$(3): $(ANSWER)
	@$(ANSWER) $(3) "$$$$T" "$$$$A"
diff-$(3): $(HOLES)
	@lessons/tools/compare.sh $(3) $(WORK) $(HOLES)
watch-$(3):
	@lessons/tools/watch.sh $(3) $(WORK) "$$(MAKE)"
endef

# The reading exercises, and what reads frames independently of src/.
ANSWER := $(BUILD)/tools/answer
$(ANSWER): LDLIBS += -lcrypto
$(ANSWER): $(patsubst %.cpp,$(BUILD)/obj/%.o,lessons/tools/answer.cpp \
             $(addprefix lessons/tools/check/,reading.cpp bytes.cpp frame.cpp accept_key.cpp) \
             $(wildcard lessons/*/reading.cpp))
	@mkdir -p $(@D)
	$(link)

$(foreach folder,$(LESSONS),$(eval $(call classroom_rules,$(folder),$(call number,$(folder)),$(patsubst 0%,%,$(call number,$(folder))))))

## make progress   the lessons, your scores, the time they took, and what comes next
.PHONY: progress
progress: $(HOLES)
	@lessons/tools/progress.sh $(WORK) $(HOLES)

## For teachers (lessons/TEACHING.md):
## make handout    packs lessons FROM=1 to TO=8 for students: holes in the files, and no answers
## make grade      builds and checks what a class handed in: make grade DIR=submissions FROM=1 TO=8
## make mutants    the checks' own checks: wrong solutions fail and are explained (LESSON=5: one)
## make classroom  tries handout and grading: a handout in an empty folder, a class of 30
FROM ?= 1
TO   ?= $(patsubst 0%,%,$(call number,$(lastword $(LESSONS))))
.PHONY: handout grade
handout: $(HOLES) $(TEXTS)
	@lessons/tools/handout.sh --pack $(FROM) $(TO) $(BUILD) $(HOLES) $(TEXTS)

# DIR: a folder or an archive in it for each student. SEED (hexadecimal) draws other keys and
# payloads; JOBS, MEMORY (in MB) and TIME (in seconds) are for each submission.
GRADE := $(BUILD)/tools/grade
$(GRADE): $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard lessons/tools/grade/*.cpp)) \
          $(call objects,$(sort $(SRC_01) $(filter json/%,$(SRC_12))))
	@mkdir -p $(@D)
	$(link)
grade: $(GRADE) $(HOLES) $(TEXTS)
	+@MAKE='$(MAKE)' BUILD=$(BUILD) lessons/tools/grade.sh "$(DIR)" $(FROM) $(TO)

# The tests want them too.
programs: $(ANSWER) $(if $(wildcard lessons/tools/grade),$(GRADE))

.PHONY: classroom
classroom: $(GRADE) $(HOLES) $(TEXTS)
	+@tests/classroom/handout.sh '$(MAKE)' $(BUILD)
	+@tests/classroom/class.sh '$(MAKE)' $(BUILD)

# Each lesson has a build folder of its own, so that with -j several are tried at once; what all of
# them share is built first.
mutants_of := verdicts $(foreach checks,$(wildcard lessons/*/checks.cpp),$(patsubst 0%,%,$(call number,$(patsubst lessons/%/checks.cpp,%,$(checks)))))
MUTANTS    := $(addprefix mutants-,$(mutants_of))
.PHONY: mutants mutants-base $(MUTANTS)
mutants: $(if $(LESSON),mutants-$(LESSON),$(MUTANTS))
mutants-base: $(HOLES)
	+@MAKE='$(MAKE)' lessons/tools/mutants.sh $(HOLES) base
$(MUTANTS): mutants-%: mutants-base
	+@MAKE='$(MAKE)' lessons/tools/mutants.sh $(HOLES) $*

# --- tests --------------------------------------------------------------------------------------

objects_below = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(shell find $(1) -name '*.cpp' $(2) 2>/dev/null))
test_objects := $(call objects_below,tests,-not -path 'tests/load/*' -not -path 'tests/fuzz/*' \
                  -not -path 'tests/interop/*' -not -path 'tests/bench/*')
test_objects += $(patsubst %.cpp,$(BUILD)/obj/%.o,$(filter-out %/main.cpp,$(wildcard lessons/tools/grade/*.cpp clients/load/*.cpp)))
TEST_PROGRAM := $(BUILD)/tests/run
LOAD_PROGRAM := $(BUILD)/tests/load
$(TEST_PROGRAM) $(LOAD_PROGRAM): LDLIBS += -lcrypto
$(LOAD_PROGRAM): $(call objects_below,tests/load tests/support tests/main.cpp) \
                 $(BUILD)/obj/tests/lessons/peers.o $(all_objects)
	@mkdir -p $(@D)
	$(link)
# The harness of the checks, less its main().
$(TEST_PROGRAM): $(test_objects) $(all_objects) $(filter-out %/main.o,$(harness))
	@mkdir -p $(@D)
	$(link)

## For the project:
## make test       runs the tests (ARGS='-tc=*UTF-8*' for those with such a name)
# The tests run everything under AddressSanitizer and UndefinedBehaviorSanitizer.
.PHONY: test run-tests
test:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/san SANITIZE=1 OPTIMIZE=-O1 run-tests
run-tests: $(TEST_PROGRAM) programs
	@TEST_BUILD=$(BUILD) tests/run.sh $(TEST_PROGRAM) $(ARGS)

## make fuzz       feeds the parsers with invented bytes for SECONDS=60 each (needs clang++)
# What was found worth keeping stays in build/fuzz/NAME-corpus; an input that breaks something is
# written to build/fuzz/NAME-crash-….
FUZZERS := $(patsubst tests/fuzz/%_fuzz.cpp,%,$(wildcard tests/fuzz/*_fuzz.cpp))
SECONDS ?= 60
.PHONY: fuzz run-fuzzers
fuzz:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz SANITIZE=1 OPTIMIZE=-O1 CXX=clang++ \
	  CXXFLAGS=-fsanitize=fuzzer-no-link SECONDS=$(SECONDS) run-fuzzers
run-fuzzers: $(FUZZERS:%=$(BUILD)/%)
	@set -e; for name in $(FUZZERS); do \
	  echo "$$name: $(SECONDS) seconds"; mkdir -p $(BUILD)/$$name-corpus; \
	  $(BUILD)/$$name -max_total_time=$(SECONDS) -max_len=800 -verbosity=0 -print_funcs=0 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/$$name-crash- $(BUILD)/$$name-corpus; done
$(FUZZERS:%=$(BUILD)/%): LDLIBS += -fsanitize=fuzzer -lcrypto
$(FUZZERS:%=$(BUILD)/%): $(BUILD)/%: $(BUILD)/obj/tests/fuzz/%_fuzz.o \
                                     $(filter $(BUILD)/obj/src/ws/% $(BUILD)/obj/src/json/%,$(all_objects))
	@mkdir -p $(@D)
	$(link)

## make e2e        tries the pages in a real browser; needs npm and Chromium
.PHONY: e2e
PLAYWRIGHT := $(BUILD)/e2e/playwright
e2e: $(LESSON_PROGRAMS) | $(PLAYWRIGHT)
	@node --test tests/vectors/frame_test.mjs
	@BUILD=$(BUILD) PLAYWRIGHT=$(PLAYWRIGHT) node tests/e2e/chat.mjs
	@BUILD=$(BUILD) PLAYWRIGHT=$(PLAYWRIGHT) node tests/e2e/lab.mjs
$(PLAYWRIGHT):
	@tests/e2e/install.sh $@

## make interop    real peers: a table of clients and servers (INTEROP='ws python' for some of them)
.PHONY: interop
INTEROP_SERVER := $(BUILD)/interop/ours_server
interop: $(INTEROP_SERVER) $(filter $(BUILD)/lessons/08-% $(BUILD)/lessons/11-%,$(LESSON_PROGRAMS)) \
         $(filter %/wsc,$(CLIENT_PROGRAMS))
	@tests/interop/run.sh $(BUILD) $(INTEROP)
$(INTEROP_SERVER): LDLIBS += -lcrypto
$(INTEROP_SERVER): $(BUILD)/obj/tests/interop/peers/ours_server.o $(all_objects)
	@mkdir -p $(@D)
	$(link)

## make compare-wscat  the same sessions through wscat and wsc, side by side (SESSIONS='Ctrl-C listen')
.PHONY: compare-wscat
compare-wscat: $(LESSON_PROGRAMS) $(filter %/wsc,$(CLIENT_PROGRAMS))
	@tests/interop/compare-wscat.sh $(BUILD) $(SESSIONS)

## make bench      our server, its peers and raw TCP, side by side: speed and memory, as tables
##                 (ONLY=a,c PEERS=ws,beast ROUNDS=5 SERVER='./mine --port 9000' INSTALL=1)
.PHONY: bench
BENCH_PEERS := beast websocketpp libwebsockets gorilla ws
BENCH       := $(BUILD)/bench/raw_echo $(BUILD)/bench/fan_out
bench: $(BENCH) $(BUILD)/clients/load $(filter $(BUILD)/lessons/11-%/server,$(LESSON_PROGRAMS))
	@CXX='$(CXX)' tests/bench/prepare.sh $(BUILD) $(filter-out none,$(or $(subst $(comma),$(space),$(PEERS)),$(BENCH_PEERS)))
	@BUILD=$(BUILD) CXX='$(CXX)' OPTIMIZE='$(OPTIMIZE)' node tests/bench/bench.mjs
$(BUILD)/bench/fan_out: LDLIBS += -lcrypto
$(BUILD)/bench/fan_out: $(all_objects)
$(BENCH): $(BUILD)/%: $(BUILD)/obj/tests/%.o
	@mkdir -p $(@D)
	$(link)

## make clean      removes all that was built
.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
