/* The probe: all programs in one object. */
#include "calls.bpf.c"
#include "process.bpf.c"
#include "special.bpf.c"

char license_[] SECTION("license") = "GPL";
