# Builds, runs and tests the module; README.md says what each target is for.

NGINX_SRC ?= /usr/share/nginx/src
BUILD     ?= $(CURDIR)/build
WARNINGS  ?= -Wall -Wextra -Werror

OBJS   := $(BUILD)/nginx
MODULE := $(BUILD)/ngx_bb_store_module.so

# a new or removed source file needs a new configure
SOURCES := $(sort $(wildcard src/*/*.c src/*/*.h))
LIST    := $(BUILD)/sources

PROVE       ?= prove
PROVE_FLAGS ?= -j2

.PHONY: all module run stop reset migrate test clean

all: module

module: $(OBJS)/Makefile
	@$(MAKE) --no-print-directory -C $(NGINX_SRC) -f $(OBJS)/Makefile modules
	@cmp -s $(OBJS)/ngx_bb_store_module.so $(MODULE) \
	    || install -m 644 $(OBJS)/ngx_bb_store_module.so $(MODULE)

$(LIST): FORCE
	@mkdir -p $(BUILD)
	@echo '$(SOURCES)' | cmp -s - $@ || echo '$(SOURCES)' > $@

# The flags of Debian's own build, so that the stock nginx loads the module.
$(OBJS)/Makefile: config config.make $(LIST)
	@test -f $(NGINX_SRC)/conf_flags || { echo "nginx's source is missing:" \
	    "install the package nginx-dev, or name it with NGINX_SRC=" >&2; \
	    exit 1; }
	@cd $(NGINX_SRC) && bash -c '. ./conf_flags \
	    && ./configure --builddir=$(OBJS) "$${NGX_CONF_FLAGS[@]}" \
	        --with-cc-opt="-g -O2 -fPIC $(WARNINGS)" \
	        --add-dynamic-module=$(CURDIR)' > $(BUILD)/configure.log 2>&1 \
	    || { tail -n 20 $(BUILD)/configure.log; exit 1; }

# BB_PORT, BB_RUN_DIR and the rest: see tools/local
run stop reset:
	@tools/local $@

# make migrate PGURL=postgresql://user@host/database
migrate:
	@tools/migrate "$${PGURL:-}"

test:
	@tools/install build run test
	@$(MAKE) --no-print-directory -j $$(nproc) module
	$(PROVE) $(PROVE_FLAGS) -r t

clean:
	rm -rf $(BUILD)

FORCE:
