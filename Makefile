# Builds, runs and tests the module; README.md says what each target is for.

# FAULTS=1: a test build, with points at which a worker can be made to end, and
# memory that runs out
ifeq ($(FAULTS),1)
BUILD     ?= $(CURDIR)/build-faults
DEFINES   := -DBB_FAULTS
WRAPPERS  := src/core/core_fault_alloc.c
WRAPPED   := $(shell sed -n 's/^__wrap_\(\w*\).*/\1/p' $(WRAPPERS))
LIBS      := $(WRAPPED:%=-Wl,--wrap=%)
endif

NGINX_SRC ?= /usr/share/nginx/src
BUILD     ?= $(CURDIR)/build
WARNINGS  ?= -Wall -Wextra -Werror
SANITIZE  ?=

OBJS   := $(BUILD)/nginx
MODULE := $(BUILD)/ngx_bb_store_module.so

# a new or removed source file needs a new configure
SOURCES := $(sort $(wildcard *.c *.h src/*/*.c src/*/*.h))
LIST    := $(BUILD)/sources

PROVE       ?= prove
PROVE_FLAGS ?= -j2

# the endpoint tables, printed by a program of its own for the API documents
TABLES    := $(sort $(wildcard src/*/*_endpoints.c))
DOMAINS   := $(patsubst src/%/,%,$(dir $(TABLES)))
ENDPOINTS ?= $(BUILD)/endpoints
DOCS      ?= $(CURDIR)/docs

.PHONY: all module module-unlocked run stop reset migrate openapi endpoints \
        test faults check-asan check-valgrind soak bench bench-test scale clean

all: module

# one at a time: nginx's configure tests its features in one file
module:
	@mkdir -p $(BUILD)
	@flock $(BUILD)/.lock $(MAKE) --no-print-directory module-unlocked

module-unlocked: $(OBJS)/Makefile
	@$(MAKE) --no-print-directory -C $(NGINX_SRC) -f $(OBJS)/Makefile modules
	@cmp -s $(OBJS)/ngx_bb_store_module.so $(MODULE) \
	    || install -m 644 $(OBJS)/ngx_bb_store_module.so $(MODULE)

$(LIST): FORCE
	@mkdir -p $(BUILD)
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' > $@

# The flags of Debian's own build, so that the stock nginx loads the module.
# Warnings come in by config: as errors of configure's own small programs they
# would spoil what it finds out about the system.
$(OBJS)/Makefile: config config.make $(LIST) $(WRAPPERS)
	@test -f $(NGINX_SRC)/conf_flags || { echo "nginx's source is missing:" \
	    "install the package nginx-dev, or name it with NGINX_SRC=" >&2; \
	    exit 1; }
	@cd $(NGINX_SRC) && BB_STORE_CFLAGS="$(WARNINGS) $(SANITIZE) $(DEFINES)" \
	    BB_STORE_LIBS="$(SANITIZE) $(LIBS)" bash -c '. ./conf_flags \
	    && ./configure --builddir=$(OBJS) "$${NGX_CONF_FLAGS[@]}" \
	        --with-cc-opt="-g -O2 -fPIC" \
	        --add-dynamic-module=$(CURDIR)' > $(BUILD)/configure.log 2>&1 \
	    || { tail -n 20 $(BUILD)/configure.log; exit 1; }

# BB_PORT, BB_RUN_DIR and the rest: see tools/local
run stop reset:
	@tools/local $@

# make migrate PGURL=postgresql://user@host/database
migrate:
	@tools/migrate "$${PGURL:-}"

# Writes docs/api.md's list of endpoints and docs/openapi.json.
openapi: endpoints
	@$(ENDPOINTS) | tools/openapi $(DOCS)

endpoints:
	@mkdir -p $(BUILD)
	@flock $(BUILD)/.lock $(MAKE) --no-print-directory $(ENDPOINTS)

# The tables name handlers, which stay undefined: the program prints what a row
# declares and calls none of them.
$(ENDPOINTS): tools/endpoints.c $(TABLES) $(wildcard src/*/*.h) \
        $(OBJS)/Makefile
	@$(MAKE) --no-print-directory -C $(NGINX_SRC) -f $(OBJS)/Makefile \
	    --eval='bb_endpoints: ; @$$(CC) $$(CFLAGS) $(WARNINGS) $(SANITIZE) \
	        $$(ALL_INCS) -D"BB_DOMAINS(X)=$(patsubst %,X(%),$(DOMAINS))" \
	        -no-pie -Wl,--unresolved-symbols=ignore-all -o $@ \
	        $(addprefix $(CURDIR)/,tools/endpoints.c $(TABLES))' bb_endpoints

test:
	@tools/install build run test peers
	@$(MAKE) --no-print-directory -j $$(nproc) module
	@$(MAKE) --no-print-directory -j $$(nproc) FAULTS=1 \
	    BUILD=$(BUILD)-faults module
	$(PROVE) $(PROVE_FLAGS) -r t

# make faults SEEDS=300, or one of them again: make faults SEED=123; in parts:
# make faults FAULTS_FLAGS="--continue --minutes 4", again and again
SEEDS ?= 300
FAULTS_FLAGS ?=

faults:
	@tools/install build run test
	@$(MAKE) --no-print-directory -j $$(nproc) FAULTS=1 module
	tools/faults $(FAULTS_FLAGS) $(or $(SEED),1..$(SEEDS))

# The functional tests with nginx under AddressSanitizer and UBSan, or valgrind;
# some of them: make check-asan TESTS=t/coupon/draw.t
check-asan:
	@tools/install build run test
	@$(MAKE) --no-print-directory -j $$(nproc) FAULTS=1 \
	    BUILD=$(CURDIR)/build-asan \
	    SANITIZE="-fsanitize=address,undefined -fno-omit-frame-pointer" module
	PROVE_FLAGS="$(PROVE_FLAGS)" tools/check asan $(TESTS)

check-valgrind:
	@tools/install build run test check
	@$(MAKE) --no-print-directory -j $$(nproc) FAULTS=1 module
	PROVE_FLAGS="$(PROVE_FLAGS)" tools/check valgrind $(TESTS)

# The long forms of two tests: a worker's size over ten minutes, and 500 deaths.
soak:
	@tools/install build run test
	@$(MAKE) --no-print-directory -j $$(nproc) module
	BB_SOAK=600 BB_LONG=1 $(PROVE) -v t/memory/flat.t t/memory/zone.t

# The packages of the benchmark's Node.js peer, exactly those of its lock file.
bench/peers/node/node_modules: bench/peers/node/package.json \
        bench/peers/node/package-lock.json
	@command -v npm > /dev/null || tools/install node
	@cd bench/peers/node && npm ci
	@touch $@

# The tests that need these packages.
bench-test: bench/peers/node/node_modules
	@tools/install build run test peers
	$(PROVE) $(PROVE_FLAGS) -r bench/t

# The comparison; some options: make bench BENCH="--rows=claim --rounds=7"
BENCH ?=

bench:
	@tools/install build run test peers
	@$(MAKE) --no-print-directory -j $$(nproc) module
	@$(MAKE) --no-print-directory bench/peers/node/node_modules
	bench/run $(BENCH); status=$$?; bench/report && exit $$status

# How cost and size grow; one part of it: make scale SCALE=memory
SCALE ?=

scale:
	@tools/install build run test peers
	@$(MAKE) --no-print-directory -j $$(nproc) module
	bench/scale $(SCALE)

clean:
	rm -rf $(BUILD) $(BUILD)-faults $(BUILD)-asan

FORCE:
