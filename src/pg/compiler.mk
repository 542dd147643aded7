# Included after PGXS: what the server's own flags lack, or have too much, for this compiler.
# A server built by GCC 13 or newer hands on an option that GCC 12 does not have for C++.
UNKNOWN_OPTIONS := $(shell echo | $(CXX) -fexcess-precision=standard -E -x c++ - >/dev/null 2>&1 || echo -fexcess-precision=standard)
override CXXFLAGS := $(filter-out $(UNKNOWN_OPTIONS),$(CXXFLAGS)) -fstack-protector-strong
# Twice would be a warning, without optimization too.
ifeq ($(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CXXFLAGS)),)
override CXXFLAGS += $(if $(filter -O1 -O2 -O3 -Os,$(CXXFLAGS)),-D_FORTIFY_SOURCE=2)
endif
