#include "calls.bpf.c"
#include "process.bpf.c"
