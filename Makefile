# From a bare socket to a WebSocket server. `make help` shows the commands.
#
# The lists below are the course's table of contents: what each lesson adds to src/. A lesson is
# linked from its own list, and a test sees to it that it includes nothing that comes later.

SRC_01 := net/fd net/os_error net/address net/bind net/socket net/signal net/client_threads \
          ws/bytes ws/hidden_characters ws/characters ws/hex cli/standard_streams cli/options cli/say \
          cli/byte_trace terminal/line_reader
SRC_02 := $(SRC_01) net/parse_ip net/look_up net/datagram net/url cli/option_kinds
SRC_03 := $(SRC_02) ws/byte_order
SRC_04 := $(SRC_03) net/random ws/error ws/http ws/sha1 ws/handshake
SRC_05 := $(SRC_04) ws/http_reply ws/extension ws/origin ws/opening ws/masking_key ws/mask ws/frame \
          ws/trace ws/unhex ws/explain endpoint/keys cli/key_options cli/private_file \
          cli/capture lab/pages lab/lab
SRC_06 := $(SRC_05)
SRC_07 := $(SRC_06)
SRC_08 := $(SRC_07) ws/utf8_blocks ws/utf8 ws/close ws/receiver ws/sender ws/message_buffer ws/spare_buffers \
          ws/connection ws/conversation net/wake cli/log cli/blocking_options endpoint/message \
          endpoint/common_options endpoint/liveness endpoint/blocking endpoint/dial_accept lab/lab_accept
SRC_09 := $(SRC_08) ws/keep_alive endpoint/keep_alive_clock endpoint/heartbeat
SRC_10 := $(SRC_09) ws/credentials net/network net/client_limits net/forwarded net/descriptors \
          endpoint/admission cli/text_file cli/admission_options
SRC_11 := $(SRC_10) net/epoll net/loop_clock net/out_buffer net/peer_address endpoint/count \
          endpoint/server_options endpoint/client_address endpoint/input endpoint/output \
          endpoint/loop endpoint/loop_connection endpoint/server endpoint/metrics lab/lab_loop \
          cli/size_options cli/loop_options
SRC_12 := $(SRC_11) json/character json/value json/parse json/write endpoint/json_message \
          endpoint/hub terminal/column_tables terminal/columns terminal/line_editor terminal/job \
          terminal/prompt
SRC_13 := $(SRC_12) endpoint/stream
SRC_14 := $(SRC_13) ws/deflate/bits ws/deflate/huffman ws/deflate/history ws/deflate/inflate \
          ws/deflate/inflate_fast ws/deflate/blocks ws/deflate/matcher ws/deflate/deflate \
          ws/deflate/permessage ws/deflate/codec cli/compression_options
SRC_15 := $(SRC_14) net/shared_port endpoint/shared_message endpoint/mailbox endpoint/reactors
SRC_16 := $(SRC_15) net/start_connect net/ticker ws/backoff redis/reply redis/reply_reader \
          redis/command redis/position redis/room_log endpoint/backplane endpoint/memory_backplane \
          endpoint/random_name endpoint/redis_link endpoint/redis_backplane endpoint/shared_rooms \
          cli/backplane_options

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

# In a handout (lessons/tools/teacher/handout.sh) all programs are built with the student's files, and what
# is the teacher's is not there.
ifneq ($(wildcard lessons/HANDOUT),)
OVERLAY ?= $(WORK)
ABSENT  := texts test tsan install uninstall fuzz e2e mutants classroom large-message handout grade wsc \
           $(if $(wildcard reference/clients/load),,load) chaos attack hostile soak interop compare-wscat \
           conformance rfc rfc-mutants faults coverage lint cppcheck valgrind bench bench-against \
           bench-growth bench-chart bench-micro bench-instructions bench-loop
ifneq ($(filter $(ABSENT) interop-% load-% diff-% mutants-%,$(MAKECMDGOALS)),)
$(error a handout has no $(MAKECMDGOALS); make help shows what there is)
endif
ifneq ($(filter all programs lesson-% bare-% server-% client-% explain,$(or $(MAKECMDGOALS),all)),)
$(shell lessons/tools/student/overlay.sh $(BUILD) $(OVERLAY))
endif
# The course's own programs are in it, built: those run, so that a lesson can be seen before it is
# done. MINE=1 runs what is built with the student's files.
ifeq ($(MINE),)
RUN   := $(wildcard reference)
whose := $(if $(RUN),echo "(the course's own program; MINE=1 runs yours)" >&2;)
endif
endif

# OVERLAY=work: files in there stand in for ours of the same name, headers too.
INCLUDES := $(if $(OVERLAY),-I$(OVERLAY)/src -Isrc -I$(OVERLAY) -I.,-Isrc -I.)

# The sanitizers' reports need line numbers only; variables cost a fifth of the time that building takes.
compile = $(CXX) -std=c++20 $(OPTIMIZE) $(UNOPTIMIZED) -g$(if $(SANITIZE),1) $(WARNINGS) $(SANITIZERS) \
          -pthread $(INCLUDES) -MMD -MP $(CPPFLAGS) $(TRUSTED) $(CXXFLAGS) $(PREPARED) -c $< -o $@
# Beside a student's files ours are under AddressSanitizer alone: the other one costs a third of the time,
# and CI has ours under both. What includes or calls a student's header is under both here, too.
# TRUST=1: what lies in OVERLAY is ours, but for a mistake that is known (lessons/tools/teacher/mutants.sh).
theirs      := $(if $(TRUST),,$(OVERLAY))
sanitize_all = $(if $(theirs),$(theirs)/% %/calls.cpp $(including))
TRUSTED      = $(if $(OVERLAY),$(if $(SANITIZE),$(if $(filter $(sanitize_all),$<),,-fno-sanitize=undefined)))
# What every message passes is worth more of the compiler's time: it takes a fifth less there.
$(patsubst %,$(BUILD)/obj/src/%.o,ws/frame ws/utf8 ws/receiver ws/sender ws/connection \
    endpoint/output endpoint/loop_connection): OPTIMIZE := $(OPTIMIZE:-O2=-O3)
# Some linkers write into a file that is there: a copy that is a link to it would change, too.
# LINKER: flags for a quicker one (lessons/tools/packages/linker.sh).
LINKER :=
link = rm -f $@ && $(CXX) $(SANITIZERS) -pthread $(LINKER) $(LDFLAGS) $^ $(instances) $(LDLIBS) -o $@

# The object files of a list such as $(SRC_05); headers without a .cpp beside them have none.
objects = $(sort $(foreach file,$(wildcard $(patsubst %,src/%.cpp,$(1))),$(or $(together_with_$(file)),\
            $(file:%.cpp=$(BUILD)/obj/%.o))))
# HOLED: the files that students write (lessons/tools/student/check.sh). What a lesson adds to src/ and is
# neither theirs nor includes theirs is compiled in one go there, in three fifths of the time.
ifneq ($(HOLED),)
including := $(shell grep -lF $(patsubst %,-e '"%"',$(patsubst src/%,%,$(filter %.hpp,$(HOLED)))) \
               src/*/*.cpp src/ws/*/*.cpp lessons/*/*.cpp)
alone     := $(filter src/%.cpp,$(HOLED) $(including)) \
             $(patsubst $(OVERLAY)/%,%,$(shell find $(OVERLAY)/src -name '*.cpp' 2>/dev/null))
hash      := \#
# $(1) a list, its files and the file that includes them, remade when others are in it.
define compile_together
added_$(1) := $(filter-out $(alone) $(listed),$(wildcard $(patsubst %,src/%.cpp,$($(1)))))
listed     += $$(added_$(1))
$$(foreach file,$$(added_$(1)),$$(eval together_with_$$(file) := $(BUILD)/obj/together/$(1).o))
lines      := $$(foreach file,$$(added_$(1)),$$(hash)include "$$(file)")
ifneq ($$(lines),$$(strip $$(file <$(BUILD)/obj/together/$(1).cpp)))
$$(shell mkdir -p $(BUILD)/obj/together && cd $(BUILD)/obj/together && \
  printf '$$(hash)include "%s"\n' $$(added_$(1)) >$(1).$$$$$$$$ && mv $(1).$$$$$$$$ $(1).cpp)
endif
endef
$(foreach list,$(sort $(filter SRC_%,$(.VARIABLES))),$(eval $(call compile_together,$(list))))
endif
all_objects := $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard src/*/*.cpp src/ws/*/*.cpp))

# No half-written file is left behind to be taken for a whole one, and no built-in rule guesses.
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
# All cores are at work, unless something else was said (-j1). What comes after `clean` waits for it.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS))$(filter clean,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

## make            builds everything
.PHONY: all
all: programs

# The lines that begin with two number signs, in their order.
## make help       shows these lines
.PHONY: help
help:
	@sed -n 's/^## //p' $(wildcard Makefile lessons/classroom.mk tests/tests.mk) \
	  $(if $(ABSENT),| grep -vE '^For (teachers|the project)|^make ($(subst $(space),|,$(ABSENT) diff-N)) ')

# What nobody has thought of, also without the number behind its dash.
.DEFAULT:
	@echo "make: there is no '$@', neither a command (make help shows them) nor a file" >&2; exit 2

# What a variable holds: the tests ask for the lists above.
print-%:
	@echo $($*)

# OpenSSL and doctest, installed when they are missing (Debian, Ubuntu) or asked for.
$(BUILD)/packages:
	@lessons/tools/packages/packages.sh $(CXX)
	@mkdir -p $(@D) && touch $@

# PRECOMPILE=1: the standard library's headers are read once (lessons/tools/precompiled), for each level of
# optimization; `make check-N` has it. A compiler cache cannot share what is built so. The header itself lies
# beside: g++ takes that one where it cannot use what was made of it. clang would give up, so another
# compiler, another version or other flags make their own.
ifneq ($(PRECOMPILE),)
compiler      := $(BUILD)/compiler
compiled_with := $(strip $(shell $(CXX) --version 2>&1) $(CXXFLAGS))
ifneq ($(strip $(file <$(compiler))),$(compiled_with))
$(shell mkdir -p $(BUILD); rm -f $(compiler))
$(file >$(compiler),$(compiled_with))
endif
precompiled    := $(BUILD)/standard.hpp.gch
precompiled_O0 := $(BUILD)/standard-O0.hpp.gch
$(precompiled): UNOPTIMIZED :=
$(precompiled_O0): UNOPTIMIZED := -O0
$(precompiled) $(precompiled_O0): PREPARED = -x c++-header
$(precompiled) $(precompiled_O0): lessons/tools/precompiled/standard.hpp $(compiler) | $(BUILD)/packages
	@cp $< $(@:.gch=)
	$(compile)
# What standard.hpp leaves to one file.
instances := $(BUILD)/standard.o
$(instances): UNOPTIMIZED :=
$(instances): lessons/tools/precompiled/standard.cpp $(precompiled)
	$(compile)
# What a student has written names what it needs.
PREPARED = $(if $(filter $(or $(theirs),-)/%,$<),,-include $(BUILD)/standard$(UNOPTIMIZED).hpp)
endif

ifneq ($(OVERLAY),)
# A compiler cache that trusts its list of headers would not look for a new one that comes first.
export CCACHE_NODIRECT := 1
# The first rule whose file exists is taken.
$(BUILD)/obj/%.o: $(OVERLAY)/%.cpp | $(BUILD)/packages
	@mkdir -p $(@D)
	$(compile)
endif
$(BUILD)/obj/together/%.o: $(BUILD)/obj/together/%.cpp | $(BUILD)/packages $(precompiled) $(instances)
	$(compile)
$(BUILD)/obj/%.o: %.cpp | $(BUILD)/packages $(precompiled) $(instances)
	@mkdir -p $(@D)
	$(compile)

# --- lessons ------------------------------------------------------------------------------------

## make lesson-N   runs server and client of lesson N once, shows what they said and sent
## make bare-N     runs the bare program of lesson 1 or 11, the kernel's calls alone
## make server-N   runs the server of lesson N here (ARGS='--port 9001', ARGS=--help)
## make client-N   runs the client of lesson N here
# Programs that may say no, to which make is to add nothing. In question mode (-q) it takes a status of 1
# over without a word; there it builds nothing itself, and recipes with a plus run all the same. So run.sh
# calls another make, which builds. (-n shows what would run.)
RUNS := explain wsc load
run   = $(if $(findstring n,$(filter-out -%,$(firstword $(MAKEFLAGS)))),echo,MAKE='$(MAKE)' exec \
          lessons/tools/student/run.sh)
# $(1) folder, $(2) its number with two digits, $(3) its number
define lesson_rules
PAIR_$(2) := $(BUILD)/lessons/$(1)/server $(BUILD)/lessons/$(1)/client
LESSON_PROGRAMS += $$(PAIR_$(2))
$$(PAIR_$(2)): $(BUILD)/%: $(BUILD)/obj/%.o $(call objects,$(SRC_$(2)))
	@mkdir -p $$(@D)
	$$(link)
# Only the handshake needs a library.
$$(PAIR_$(2)): LDLIBS += $(if $(filter ws/handshake,$(SRC_$(2))),-lcrypto)

.PHONY: lesson-$(3) server-$(3) client-$(3)
lesson-$(3): $$(if $$(RUN),,$$(PAIR_$(2)))
	@$$(whose) lessons/tools/texts/demo.sh $$(or $$(RUN),$(BUILD)) $(1)
RUNS += server-$(3) client-$(3)
server-$(3):
	+@$$(whose) $$(run) $$(or $$(RUN),$(BUILD))/lessons/$(1)/server $$(ARGS)
client-$(3):
	+@$$(whose) $$(run) $$(or $$(RUN),$(BUILD))/lessons/$(1)/client $$(ARGS)

# The first step of some lessons, made of the kernel's calls.
ifneq ($(wildcard lessons/$(1)/bare),)
BARE_$(2) := $(patsubst lessons/%.cpp,$(BUILD)/lessons/%,$(wildcard lessons/$(1)/bare/*.cpp))
LESSON_PROGRAMS += $$(BARE_$(2))
$$(BARE_$(2)): LDLIBS += $(if $(filter ws/handshake,$(SRC_$(2))),-lcrypto)
$$(BARE_$(2)): $(BUILD)/%: $(BUILD)/obj/%.o $(if $(filter-out 01,$(2)),$(call objects,$(SRC_$(2))))
	@mkdir -p $$(@D)
	$$(link)
.PHONY: bare-$(3)
bare-$(3): $$(if $$(RUN),,$$(BARE_$(2)) $(BUILD)/lessons/$(1)/client)
	@$$(whose) lessons/tools/texts/bare.sh $$(or $$(RUN),$(BUILD)) $(1)
endif
endef
# "05-frames" is lesson 05, or 5.
digits  = $(firstword $(subst -, ,$(1)))
number  = $(patsubst 0%,%,$(digits))
# $(call for_each_lesson,rules): the rules of each lesson, with the three names above.
for_each_lesson = $(foreach folder,$(LESSONS),\
                    $(eval $(call $(1),$(folder),$(call digits,$(folder)),$(call number,$(folder)))))
$(call for_each_lesson,lesson_rules)
numbers   = $(foreach folder,$(LESSONS),$(call number,$(folder)))
no_lesson = echo "make: there is no lesson $*; there are $(numbers)" >&2; exit 2

# Any other number.
lesson-% server-% client-%:
	@$(no_lesson)
bare-%:
	@echo "make: lesson $* has no bare program; lessons 1 and 11 have one" >&2; exit 2

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
##                 (or HEX=FILE, or < FILE: a hex dump or a capture, with HTTP heads and all)
.PHONY: explain
explain:
	+@$(whose) $(run) $(or $(RUN),$(BUILD))/clients/explain $(HEX)

## make wsc        talks to a WebSocket server: make wsc ARGS='-c localhost:8080'
.PHONY: wsc
wsc:
	+@$(run) $(BUILD)/clients/wsc $(ARGS)

## make load       puts a server under load (ARGS='ws://localhost:8080/ws --pid N', ARGS=--help)
.PHONY: load
load:
	+@$(whose) $(run) $(or $(RUN),$(BUILD))/clients/load $(ARGS)

# For run.sh.
.PHONY: built
built: $(PROGRAM)
	@:
ifneq ($(MAKECMDGOALS),)
ifeq ($(filter-out $(RUNS),$(MAKECMDGOALS)),)
MAKEFLAGS += --question
endif
endif

# --- in your own program ------------------------------------------------------------------------

## make install    the library for your own programs (PREFIX=/usr/local): headers, libbaresocket.a
## make uninstall  takes it away again
# There all of it is in one folder and one namespace, baresocket: `ws` and `net` are short names, good
# in a repository of our own and bad among those of others. The copies are made from src/ here.
PREFIX  ?= /usr/local
ROOMS   := net ws json redis endpoint
LIBRARY := $(BUILD)/library
room     = $(subst $(space),|,$(ROOMS))
library_files   := $(patsubst src/%,%,$(shell find $(wildcard $(ROOMS:%=src/%)) -name '*.[ch]pp'))
library_headers := $(addprefix $(LIBRARY)/baresocket/,$(filter %.hpp,$(library_files)))
library_objects := $(addprefix $(LIBRARY)/,$(patsubst %.cpp,%.o,$(filter %.cpp,$(library_files))))
$(LIBRARY)/baresocket/%: src/%
	@mkdir -p $(@D)
	@sed -E -e 's/^namespace ($(room))/namespace baresocket::\1/' \
	  -e 's/^#include "($(room))\//#include "baresocket\/\1\//' $< > $@
$(library_objects): $(LIBRARY)/%.o: $(LIBRARY)/baresocket/%.cpp | $(library_headers) $(BUILD)/packages
	@mkdir -p $(@D)
	$(CXX) -std=c++20 $(OPTIMIZE) -g1 -pthread -I$(LIBRARY) -MMD -MP $(CPPFLAGS) $(CXXFLAGS) -c $< -o $@
$(LIBRARY)/libbaresocket.a: $(library_objects)
	@rm -f $@
	@$(AR) rcs $@ $^
$(LIBRARY)/baresocket.pc: src/baresocket.pc.in
	@mkdir -p $(@D)
	@sed 's|@PREFIX@|$(abspath $(PREFIX))|' $< > $@
.PHONY: install uninstall $(LIBRARY)/baresocket.pc
install: $(LIBRARY)/libbaresocket.a $(LIBRARY)/baresocket.pc
	@cd $(LIBRARY) && for header in $(library_headers:$(LIBRARY)/%=%); do \
	  install -D -m 644 $$header "$(DESTDIR)$(abspath $(PREFIX))/include/$$header" || exit 1; done
	@install -D -m 644 -t "$(DESTDIR)$(abspath $(PREFIX))/lib" $<
	@install -D -m 644 -t "$(DESTDIR)$(abspath $(PREFIX))/lib/pkgconfig" $(LIBRARY)/baresocket.pc
	@echo "installed in $(DESTDIR)$(abspath $(PREFIX)); src/README.md has a program that uses it"
uninstall:
	@rm -rf "$(DESTDIR)$(abspath $(PREFIX))/include/baresocket"
	@rm -f "$(DESTDIR)$(abspath $(PREFIX))/lib/libbaresocket.a" \
	  "$(DESTDIR)$(abspath $(PREFIX))/lib/pkgconfig/baresocket.pc"

# --- texts --------------------------------------------------------------------------------------

TEXTS := $(BUILD)/tools/texts
HOLES := $(BUILD)/tools/holes
$(TEXTS): $(BUILD)/obj/lessons/tools/texts/texts.o
$(HOLES): $(BUILD)/obj/lessons/tools/holes/holes.o
# It runs for a hundredth of a second, and the first check waits for it.
$(BUILD)/obj/lessons/tools/holes/holes.o: UNOPTIMIZED := -O0
$(BUILD)/obj/lessons/tools/holes/holes.o: | $(precompiled_O0)
$(TEXTS) $(HOLES):
	@mkdir -p $(@D)
	$(link)

## make texts      records every lesson's run anew, and puts code and runs into the texts
.PHONY: texts
texts: programs
	@set -e; for folder in $(LESSONS); do lessons/tools/texts/demo.sh $(BUILD) $$folder --record; done
	@$(TEXTS) --write

## make book       the course as a book, HTML that works from the disk: build/book/index.html
##                 (TEACHER=1: with the teacher's pages, in build/book-teacher)
.PHONY: book
book:
	@lessons/tools/book/book.sh $(BUILD)/book$(if $(TEACHER),-teacher)

.PHONY: programs
programs: $(LESSON_PROGRAMS) $(CLIENT_PROGRAMS) $(TEXTS) $(HOLES)

include lessons/classroom.mk
# A handout has no tests, and beside a student's files there is no time to read their rules.
ifeq ($(OVERLAY),)
include $(wildcard tests/tests.mk)
endif

## make clean      removes all that was built
.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj $(BUILD)/judge $(BUILD)/library $(BUILD)/rfc -name '*.d' 2>/dev/null)
