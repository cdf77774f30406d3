/* System calls: which one it is, and its arguments. */
#pragma once

#include "helpers.h"
#include "kernel.h"
#include "record.h"
#include "task.h"

#define MOST_PARAMETERS 10

/* Calls by their numbers on x86-64; then on i386; then what `socketcall` unfolds to; then those of
 * x32 that have other numbers (from 512 on). Compared with crates/lanner-probe/src/calls.rs. */
#define I386 512
#define I386_SOCKETCALL (I386 + 102)
#define SOCKETCALLS 1024
#define X32 1056
#define X32_FIRST 512
#define MOST_CALLS 1120

#define X32_BIT 0x40000000
/* arch/x86/include/asm/thread_info.h: the call is one of i386 */
#define TS_COMPAT 2

/* Where a parameter comes from. Compared with crates/lanner-probe/src/calls.rs. */
enum source {
    SOURCE_NOTHING,
    SOURCE_S32, /* in 64 bits: descriptors and process ids */
    SOURCE_U64,
    SOURCE_U32,
    SOURCE_U16,
    SOURCE_U8,
    SOURCE_CONSTANT,
    SOURCE_OPEN_FLAGS,
    SOURCE_STRING,
    SOURCE_BYTES,
    SOURCE_BUFFERS,
    SOURCE_BUFFERS_SIZE,
    SOURCE_ADDRESS,
    SOURCE_TUPLE,
    SOURCE_PLACE, /* two parameters: device and inode of the opened file */
    SOURCE_INODE,
    SOURCE_SOCKET,
    SOURCE_DONE, /* by the parameter before it */
};

enum parameter_flag {
    PARAMETER_BEHIND = 1,  /* the argument is the address of it */
    PARAMETER_IN = 2,      /* the other end first */
    PARAMETER_NAMED = 4,   /* `length` is the argument that names the other end */
    PARAMETER_MESSAGE = 8, /* the argument is the address of a message */
};

struct parameter {
    u8 source;
    u8 argument;
    u8 length;
    u8 offset;
    u8 flags;
    u8 unused;
};

/* What is made of a call: nothing when `code` is 0; `program` when it has one of its own. */
struct call {
    u16 code;
    u8 parameters;
    u8 program;
    struct parameter list[MOST_PARAMETERS];
};

struct {
    MAP_NUMBER(type, MAP_ARRAY);
    MAP_NUMBER(max_entries, MOST_CALLS);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct call);
} calls SECTION(".maps");

struct {
    MAP_NUMBER(type, MAP_PROGRAMS);
    MAP_NUMBER(max_entries, 16);
    MAP_NUMBER(key_size, 4);
    MAP_NUMBER(value_size, 4);
} programs SECTION(".maps");

/* The process that reads the ring: its own calls are not looked at. */
const volatile u32 own_process = 0;

INLINE u64 argument(struct writer *writer, u32 number) {
    return writer->arguments[number & 7];
}

INLINE int is_narrow(struct task_struct *task) {
    return FOLLOW(task, thread_info.status) & TS_COMPAT;
}

/* The place of the current call among `calls`. */
INLINE u32 call_number(struct pt_regs *registers, struct task_struct *task) {
    u32 number = FOLLOW(registers, orig_ax);
    if (is_narrow(task))
        return number < SOCKETCALLS - I386 ? I386 + number : MOST_CALLS;
    if (number & X32_BIT) {
        number &= ~X32_BIT;
        if (number >= X32_FIRST)
            return number - X32_FIRST + X32;
    }
    return number < I386 ? number : MOST_CALLS;
}

INLINE void take_arguments(struct writer *writer, struct pt_regs *registers, u32 number,
                           s64 result) {
    writer->narrow = number >= I386;
    if (number >= I386 && number < X32) {
        writer->arguments[0] = (u32)FOLLOW(registers, bx);
        writer->arguments[1] = (u32)FOLLOW(registers, cx);
        writer->arguments[2] = (u32)FOLLOW(registers, dx);
        writer->arguments[3] = (u32)FOLLOW(registers, si);
        writer->arguments[4] = (u32)FOLLOW(registers, di);
        writer->arguments[5] = (u32)FOLLOW(registers, bp);
    } else {
        writer->arguments[0] = FOLLOW(registers, di);
        writer->arguments[1] = FOLLOW(registers, si);
        writer->arguments[2] = FOLLOW(registers, dx);
        writer->arguments[3] = FOLLOW(registers, r10);
        writer->arguments[4] = FOLLOW(registers, r8);
        writer->arguments[5] = FOLLOW(registers, r9);
    }
    writer->arguments[RESULT] = result;
}

/* `socketcall` is one of many calls: its first argument tells which. */
INLINE u32 unfolded(struct pt_regs *registers, u32 number) {
    return number == I386_SOCKETCALL ? SOCKETCALLS + (FOLLOW(registers, bx) & 31) : number;
}

/* Its second is the address of those that it is called with. */
INLINE void unfold_arguments(struct writer *writer) {
    u32 from[6] = {0};
    void *place = (void *)argument(writer, 1);
    /* Most have fewer: what stands behind them may not be readable. */
    if (read_user(from, sizeof(from), place) < 0)
        read_user(from, 3 * sizeof(u32), place);
    for (int i = 0; i < 6; i++)
        writer->arguments[i] = from[i];
}

/* Begins the record of the current call. */
INLINE struct writer *begin_call(struct call *call, struct pt_regs *registers, u32 number,
                                 s64 result) {
    struct writer *writer = begin(call->code, call->parameters, (u32)current_pid_tgid());
    if (writer)
        take_arguments(writer, registers, number, result);
    return writer;
}
