# What students and teachers do with the lessons: starters, checks, hints, handouts, grading.
# A part of the Makefile, which says how a program is built and what a lesson is.

## For students:
## make start-N    writes your files for lesson N, with holes, to work/ (FORCE=1: again)
## make check-N    judges lessons 1 to N with your files in place of ours (T=name, V=1 shows all)
## make trace-N    the whole exchange of one scenario: make trace-5 T=length-126
# SEED draws other keys and payloads.
# What the scripts need to know.
classroom = MAKE='$(MAKE)' BUILD=$(BUILD)/check WORK=$(WORK) HOLES=$(HOLES) SEED=$(SEED) VERBOSE=$(V)
start-%: $(HOLES)
	@$(if $(filter $*,$(numbers)),lessons/tools/student/start.sh $* $(WORK) $(HOLES) $(FORCE),$(no_lesson))
check-%: $(HOLES) judges-headers
	+@$(if $(filter $*,$(numbers)),$(classroom) NAME=$(T) lessons/tools/student/check.sh $*,$(no_lesson))
trace-%: $(HOLES)
	@$(if $(filter $*,$(numbers)),:,$(no_lesson))
	+@$(if $(T),,echo "trace: which scenario? make trace-$* T=name" >&2; exit 2;) \
	  $(classroom) QUIET=1 TRACE=$(T) lessons/tools/student/check.sh $*
# The first time the tool for holes keeps one core busy for seconds; the other one can begin with the judge.
.PHONY: judges-headers
judges-headers: | $(BUILD)/packages
	+@[ -e $(BUILD)/check/judge/prepared.hpp.gch ] || { mkdir -p $(BUILD)/check && \
	  touch $(BUILD)/check/packages && $(MAKE) -s BUILD=$(BUILD)/check PRECOMPILE=1 \
	    CXXFLAGS='$(CXXFLAGS) -fdiagnostics-color=never' \
	    $(BUILD)/check/judge/prepared.hpp.gch; } >/dev/null 2>&1 || :

## make hint-N     a hint for exercise T of lesson N: make hint-5 T=3 L=1 (L=1 to 3; T may be a scenario)
## make answer-N   asks reading exercise T of lesson N, or judges an answer: make answer-5 T=2 A='3'
## make diff-N     your files of lesson N against the true ones, once check-N passes (or SPOIL=1)
## make watch-N    checks lesson N again whenever you save a file; Ctrl-C ends it
callee  := $(wildcard lessons/tools/check/calls/*.cpp) lessons/tools/check/wire.cpp

# The judge is compiled without the student's folders in its path, and without sanitizers: it has
# none of the student's code.
link_judge = rm -f $@ && $(CXX) -pthread $(LDFLAGS) $^ $(LDLIBS) -o $@
compile_judge = $(CXX) -std=c++20 -O0 -g1 $(WARNINGS) -pthread -I. -MMD -MP $(CXXFLAGS) $(1) -c $< -o $@
ifneq ($(PRECOMPILE),)
judge_precompiled := $(BUILD)/judge/prepared.hpp.gch
$(judge_precompiled): lessons/tools/precompiled/standard.hpp $(compiler) | $(BUILD)/packages
	@mkdir -p $(@D)
	@cp $< $(@:.gch=)
	$(call compile_judge,-x c++-header)
endif
# The harness is compiled in one go, and so are the checks of a lesson: it costs a third of one by one.
JUDGE := $(BUILD)/judge/harness.o $(if $(PRECOMPILE),$(BUILD)/judge/standard.o)
$(BUILD)/judge/harness.cpp:  $(wildcard lessons/tools/check/*.cpp)
$(BUILD)/judge/standard.cpp: lessons/tools/precompiled/standard.cpp
$(BUILD)/judge/%.cpp:
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $^ >$@
$(BUILD)/judge/%.o: $(BUILD)/judge/%.cpp | $(BUILD)/packages $(judge_precompiled)
	$(call compile_judge,$(judge_precompiled:%.gch=-include %))

# $(1) folder, $(2) its number with two digits, $(3) its number. T, L, A and SPOIL reach the
# scripts through the environment.
define classroom_rules
# The judge of lessons 1 to this one, and that of this one only (lessons/tools/student/check.sh builds and
# runs them).
CHECKED += $(if $(wildcard lessons/$(1)/checks.cpp),$(BUILD)/judge/$(1).o)
$(BUILD)/judge/$(1).cpp: $(wildcard lessons/$(1)/checks*.cpp)
$(BUILD)/check-$(2) $(BUILD)/check-$(2)-only: LDLIBS += -lcrypto
$(BUILD)/check-$(2): $$(JUDGE) $$(CHECKED)
	@mkdir -p $$(@D)
	$$(link_judge)
$(BUILD)/check-$(2)-only: $$(JUDGE) $(BUILD)/judge/$(1).o
	@mkdir -p $$(@D)
	$$(link_judge)
# What does with the student's functions as the judge asks.
ifneq ($(wildcard lessons/$(1)/calls.cpp),)
$(BUILD)/lessons/$(1)/calls: LDLIBS += $(if $(filter ws/handshake,$(SRC_$(2))),-lcrypto)
$(BUILD)/lessons/$(1)/calls: $(patsubst %.cpp,$(BUILD)/obj/%.o,lessons/$(1)/calls.cpp $(callee)) \
                             $(call objects,$(SRC_$(2)))
	@mkdir -p $$(@D)
	$$(link)
endif

.PHONY: hint-$(3) answer-$(3) diff-$(3) watch-$(3)
start-$(3): $(HOLES)
check-$(3): $(HOLES)
trace-$(3): $(HOLES)
hint-$(3):
	@lessons/tools/student/hint.sh $(1)
answer-$(3): $(ANSWER)
	@$(ANSWER) $(3) "$$$$T" "$$$$A"
diff-$(3): $(HOLES)
	@lessons/tools/student/compare.sh $(3) $(WORK) $(HOLES)
watch-$(3):
	@lessons/tools/student/watch.sh $(3) $(WORK) "$$(MAKE)"
endef

# The reading exercises, and what reads frames independently of src/.
ANSWER := $(BUILD)/tools/answer
$(ANSWER): LDLIBS += -lcrypto
$(ANSWER): $(patsubst %.cpp,$(BUILD)/obj/%.o,lessons/tools/student/answer.cpp \
             $(addprefix lessons/tools/check/,reading.cpp bytes.cpp frame.cpp accept_key.cpp) \
             $(wildcard lessons/*/reading.cpp))
	@mkdir -p $(@D)
	$(link)

$(call for_each_lesson,classroom_rules)
hint-% answer-% diff-% watch-%:
	@$(no_lesson)

## make tools      installs the programs that the texts call and that are missing: nc, ss, curl, wscat ...
.PHONY: tools
tools:
	@lessons/tools/packages/tools.sh

## make progress   the lessons, your scores, the time they took, and what comes next
.PHONY: progress
progress: $(HOLES)
	@lessons/tools/student/progress.sh $(WORK) $(HOLES)

## For teachers (lessons/TEACHING.md):
## make handout    packs lessons FROM=1 to TO=8 for students: holes in the files, and no answers
## make grade      builds and checks what a class handed in: make grade DIR=submissions FROM=1 TO=8
## make mutants    the checks' own checks: wrong solutions fail and are explained (LESSON=5: one;
##                 and MUTANT=name: one of it; EACH_HOLE=1: each hole of a starter alone, too;
##                 PART=1/3: a third of them)
## make classroom  tries handout and grading: a handout in an empty folder, a class of 30, one of cheats
FROM ?= 1
TO   ?= $(call number,$(lastword $(LESSONS)))
.PHONY: handout grade
handout: $(HOLES) $(TEXTS)
	+@MAKE='$(MAKE)' lessons/tools/teacher/handout.sh --pack $(FROM) $(TO) $(BUILD) $(HOLES) $(TEXTS)

# DIR: a folder or an archive in it for each student. STUDENT: only this one, again. SEED
# (hexadecimal) draws keys and payloads, each time others unless it is given; JOBS, MEMORY (in MB)
# and TIME (in seconds) are for each submission. WEIGHTS, DUE, LATE_DAYS and BOOK are for what is told;
# SUBMISSION, RESULTS, VISIBILITY and SANDBOX for Gradescope (lessons/TEACHING.md).
GRADE := $(BUILD)/tools/grade
$(GRADE): $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard lessons/tools/grade/*.cpp)) \
          $(call objects,$(sort $(SRC_02) $(filter json/%,$(SRC_12))))
	@mkdir -p $(@D)
	$(link)
grade: $(GRADE) $(HOLES) $(TEXTS)
	+@MAKE='$(MAKE)' BUILD=$(BUILD) lessons/tools/grade/grade.sh "$(DIR)" $(FROM) $(TO)

# The tests want them too.
programs: $(ANSWER) $(if $(wildcard lessons/tools/grade),$(GRADE))

.PHONY: classroom
classroom: $(GRADE) $(HOLES) $(TEXTS)
	+@tests/classroom/handout.sh '$(MAKE)' $(BUILD)
	+@tests/classroom/class.sh '$(MAKE)' $(BUILD)
	+@tests/classroom/cheats.sh '$(MAKE)' $(BUILD)

# Each lesson has a build folder of its own, so that with -j several are tried at once; what all of
# them share is built first. AT_ONCE: wrong solutions of a lesson beside each other, for they wait more
# than they compute.
checked    := $(patsubst lessons/%/checks.cpp,%,$(wildcard lessons/*/checks.cpp))
mutants_of := $(foreach folder,$(checked),$(call number,$(folder))) verdicts whole
MUTANTS    := $(addprefix mutants-,$(mutants_of))
.PHONY: mutants mutants-base $(MUTANTS)
mutants: $(if $(LESSON),mutants-$(LESSON),$(MUTANTS))
mutants-%:
	@echo "make: nothing is checked in lesson $*; there are $(mutants_of)" >&2; exit 2
mutants-base: $(HOLES)
	+@MAKE='$(MAKE)' lessons/tools/teacher/mutants.sh $(HOLES) base
$(MUTANTS): mutants-%: mutants-base
	+@MAKE='$(MAKE)' AT_ONCE=$(if $(LESSON),$$((3 * $$(nproc))),3) lessons/tools/teacher/mutants.sh $(HOLES) $*

