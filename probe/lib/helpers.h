/* The kernel's helper functions, by their numbers (include/uapi/linux/bpf.h). All are there since
 * Linux 5.8. */
#pragma once

#include "types.h"

struct task_struct;
struct pt_regs;

static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const tail_call)(void *context, void *map, u32 index) = (void *)12;
#ifdef OLD_KERNEL
static struct task_struct *(*const current_task)(void) = (void *)35;
#else
/* Since Linux 5.11; the verifier knows what it points to. */
static struct task_struct *(*const current_task)(void) = (void *)158;
#endif
static long (*const read_user)(void *to, u32 size, const void *from) = (void *)112;
static long (*const read_kernel)(void *to, u32 size, const void *from) = (void *)113;
static long (*const read_user_string)(void *to, u32 size, const void *from) = (void *)114;
static long (*const read_kernel_string)(void *to, u32 size, const void *from) = (void *)115;
static u64 (*const boot_time_ns)(void) = (void *)125;
static long (*const ring_output)(void *ring, void *data, u64 size, u64 flags) = (void *)130;
static u32 (*const current_cpu)(void) = (void *)8;
static u64 (*const current_pid_tgid)(void) = (void *)14;

/* Since Linux 5.15; takes what the verifier knows to be a task. */
static struct pt_regs *(*const task_registers)(void *task) = (void *)175;

#define RING_NO_WAKEUP 1
#define RING_FORCE_WAKEUP 2

/* Reads a member of a kernel structure where this kernel has it; 0 if it cannot be read. */
#define GET(pointer, member)                                                                       \
    ({                                                                                             \
        __typeof__(pointer) from_ = (pointer);                                                     \
        __typeof__(from_->member) value_ = 0;                                                      \
        read_kernel(&value_, sizeof(value_), __builtin_preserve_access_index(&from_->member));     \
        value_;                                                                                    \
    })

/* The same through a pointer that the verifier knows to be one to such a structure: it came from the
 * kernel, or from a member that was read in this way. That costs no call. */
#ifdef OLD_KERNEL
#define FOLLOW(pointer, member) GET(pointer, member)
#else
#define FOLLOW(pointer, member) ((pointer)->member)
#endif

/* The same through a pointer that was found in memory: where the kernel has `bpf_rdonly_cast` (since
 * Linux 6.2), the verifier is told what it points to. That is no helper but a function of the
 * kernel, whose number is known when the probe is loaded: the loader replaces this one. */
#ifdef CASTS
static void *(*const cast)(const void *pointer, u32 type) = (void *)0x7ff0ca57;
#define AS(name, pointer)                                                                          \
    ((struct name *)cast(pointer, __builtin_btf_type_id(*(struct name *)0, 1)))
#define SEE(pointer, member) ((pointer)->member)
#else
#define AS(name, pointer) ((struct name *)(pointer))
#define SEE(pointer, member) GET(pointer, member)
#endif

/* Where a member of a kernel structure is. */
#define PLACE(pointer, member) __builtin_preserve_access_index(&(pointer)->member)

/* How a member lies in its structure: bits that are not a whole number of bytes are read with all
 * that is around them, and shifted to the left and to the right in 64 bits. */
#define FIELD(pointer, member, what) __builtin_preserve_field_info((pointer)->member, what)
#define FIELD_OFFSET 0
#define FIELD_LEFT_SHIFT 4
#define FIELD_RIGHT_SHIFT 5

/* Whether this kernel has a member. */
#define HAS(pointer, member) __builtin_preserve_field_info((pointer)->member, 2)

/* The size of a type in this kernel. */
#define SIZE_OF(type) ((u32)__builtin_preserve_type_info(*(type *)0, 1))

/* A number below `limit`, a power of two, in a way that the compiler cannot take for needless: the
 * verifier has to see it. */
#define BELOW(number, limit)                                                                       \
    ({                                                                                             \
        u64 below_ = (number);                                                                     \
        asm volatile("%0 &= %1" : "+r"(below_) : "i"((limit) - 1));                                \
        below_;                                                                                    \
    })
