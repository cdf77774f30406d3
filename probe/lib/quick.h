/* Straight code for the shapes of the most frequent calls. It tells what the table tells, at half the
 * cost. Compared with crates/lanner-probe/src/calls.rs. */
#pragma once

#include "call.h"
#include "files.h"
#include "record.h"

enum quick {
    QUICK = 32,           /* from here on */
    QUICK_NUMBER = QUICK, /* result, a descriptor */
    QUICK_OPEN,           /* result, path, flags, mode, device, inode */
    QUICK_OPENAT,         /* the same, with the descriptor of a directory before the path */
};

/* The whole record of a call that has a result and a descriptor. */
struct __attribute__((packed)) numbers {
    struct header header;
    u16 lengths[2];
    s64 values[2];
};

INLINE void tell_number(const struct call *call, struct pt_regs *registers, s64 result, u32 tid) {
    struct numbers record = {
        .header = {boot_time_ns(), tid, sizeof(record), call->code, current_cpu(), 2, 0},
        .lengths = {8, 8},
        .values = {result, (s32)FOLLOW(registers, di)},
    };
    hand_over(&record, sizeof(record), call->code, 0);
}

/* Flags, mode, device and inode, behind the path. */
#define OPEN_TAIL 20

INLINE void put_open(struct writer *writer, struct task_struct *task, int has_directory,
                     s64 directory, const void *path, u32 flags, u32 mode) {
    const u32 parameters = has_directory ? 7 : 6;
    u32 place = sizeof(struct header) + 2 * parameters;
    u16 *lengths = (u16 *)&writer->bytes[sizeof(struct header)];
    *lengths++ = 8;
    *(s64 *)&writer->bytes[place] = writer->arguments[RESULT];
    place += 8;
    if (has_directory) {
        *lengths++ = 8;
        *(s64 *)&writer->bytes[place] = directory;
        place += 8;
    }
    long got = read_user_string(&writer->bytes[place], TEXT_SIZE, path);
    if (got < 0) {
        writer->flags |= RECORD_UNREADABLE;
        got = 0;
    } else if (got == TEXT_SIZE) {
        writer->flags |= RECORD_TRUNCATED;
    }
    u32 size = BELOW(got, 2 * TEXT_SIZE);
    *lengths++ = size;
    *lengths++ = 4;
    *lengths++ = 4;
    *lengths++ = 4;
    *lengths++ = 8;
    u8 *tail = &writer->bytes[place + size];
    struct place of = {0};
    flags = open_flags(writer, flags, task);
    find_place(writer, task, &of);
    *(u32 *)tail = flags;
    *(u32 *)(tail + 4) = mode;
    *(u32 *)(tail + 8) = of.device;
    *(u64 *)(tail + 12) = of.inode;
    writer->at = place + size + OPEN_TAIL;
}
